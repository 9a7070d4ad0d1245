"""The IR: one stateful ONNX step graph, its builder, checks, replay and reference."""
