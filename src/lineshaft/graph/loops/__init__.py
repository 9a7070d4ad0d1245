"""The loop-nest form: what a step graph is before a printer writes it in a language.

``form`` says what a program is, ``lower.lower`` makes one of a step graph, ``plan.plan`` gives its scratch
buffers places.
"""
