"""NNEF 1.0 (Khronos): its text of a graph, its binary tensors, and the way out of a canonical graph."""
