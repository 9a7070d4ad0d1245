"""Weights stored in fewer bits and computed with in float32: smaller on disk and in flash, as fast as before.

A runtime that folds constants unpacks them once when it loads.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import TensorProto

from lineshaft.core.step import Array
from lineshaft.graph.quantise.range import channel_scales
from lineshaft.graph.view import Edit, Node, View

FEWEST = 64  # values of a constant; below, the node that unpacks it takes more room than it saves
NOTHING = "no constant is large enough"


def half(graph: View) -> View | str:
    """Large float32 constants as float16 with a Cast; the reason where there are none."""
    def narrow(edit: Edit, _: Node, __: int, value: Array) -> str:
        limit = float(np.finfo(np.float16).max)
        return edit.add("Cast", [edit.constant(np.clip(value, -limit, limit), np.float16)], to=TensorProto.FLOAT)

    return _stored(graph, narrow, lambda node, place: True)


def bytes_(graph: View) -> View | str:
    """Weights of convolutions and matrix products as int8 with a scale for each output channel."""
    def narrow(edit: Edit, node: Node, _: int, value: Array) -> str:
        axis = 0 if node.kind == "Conv" else value.ndim - 1
        whole, scales = channel_scales(value, axis, 8)
        # Not DequantizeLinear: ONNX Runtime keeps those for its quantised kernels and unpacks them at every step.
        number = edit.add("Cast", [edit.constant(whole, np.int8)], to=TensorProto.FLOAT)
        return edit.add("Mul", [number, scales.reshape([-1 if i == axis else 1 for i in range(value.ndim)])])

    return _stored(graph, narrow, lambda node, place: node.kind in ("Conv", "MatMul") and place == 1)


def _stored(graph: View, narrow: Callable[[Edit, Node, int, Array], str], takes: Callable[[Node, int], bool]
            ) -> View | str:
    edit, done = Edit(graph), dict[str, str]()
    for node in graph.nodes:
        inputs = list(node.inputs)
        for place, name in enumerate(node.inputs):
            value = graph.constant(name)
            if value is not None and value.dtype == np.float32 and value.size >= FEWEST and takes(node, place):
                key = f"{name} {node.kind}"
                if key not in done:
                    done[key] = narrow(edit, node, place, value)
                inputs[place] = done[key]
        if inputs != list(node.inputs):
            edit.put(node, inputs=inputs)
    return edit.unchanged(NOTHING)
