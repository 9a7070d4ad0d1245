"""Readers of models made elsewhere: one file a framework, found by listing this folder; each gives an ONNX model.

A reader is a module with

- ``ENDINGS``: of the files that it reads (``.txt``), or names of whole files;
- ``takes(thing)``: whether an object is one of its framework's, found out without importing the framework;
- ``from_object(thing, how)`` and ``from_file(path, how)``, which give an ``onnx.ModelProto`` or raise a sentence.

A framework is imported inside of these only. Third parties add one by an entry point in ``lineshaft.foreign``.
"""
