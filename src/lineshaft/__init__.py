"""Lineshaft: industrial intelligence from raw tag to decision, as one stateful ONNX graph."""

__version__ = "0.1.0"
