"""Forests for runtimes that have no ``ai.onnx.ml``: as operators of ``ai.onnx``."""

from __future__ import annotations


def without_forests(graph: bytes) -> bytes:
    """The graph with each forest in tensor form; the same bytes where there is none."""
    from lineshaft.graph.rewrites.forest_to_tensor import rewrite
    from lineshaft.graph.view import view

    changed = rewrite(view(graph))
    return graph if isinstance(changed, str) else changed.bytes()
