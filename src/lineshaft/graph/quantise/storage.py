"""Weights stored in fewer bits and computed with in float32: smaller on disk and in flash, as fast as before.

A runtime that folds constants unpacks them once when it loads.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import TensorProto, helper

from lineshaft.core.step import Array
from lineshaft.graph.quantise.range import channel_scales
from lineshaft.graph.view import Constant, Edit, Node, View, view

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


def unpacked(graph: bytes) -> bytes:
    """The graph with weights in float32 that were stored in fewer bits, for what takes them only so."""
    seen = view(graph)
    edit, known = Edit(seen), dict(seen.constants)
    for node in seen.nodes:
        inputs = [known.get(name) for name in node.inputs if name]
        found = _float(node, [i for i in inputs if i is not None]) if all(i is not None for i in inputs) else None
        if found is not None:
            known[node.outputs[0]] = found
            edit.replace(node.outputs[0], edit.constant(found, found.dtype))
    return edit.done().bytes() if edit.changed else graph


def _float(node: Node, inputs: list[Constant]) -> Constant | None:
    """What a node that unpacks gives; none for any other."""
    if node.kind == "Cast" and inputs[0].dtype.itemsize < 4:
        return np.asarray(inputs[0].astype(helper.tensor_dtype_to_np_dtype(node.get("to"))))
    if node.kind == "Mul":
        return np.asarray(inputs[0] * inputs[1])
    if node.kind != "DequantizeLinear":
        return None
    axis = node.get("axis", 1) % max(inputs[0].ndim, 1)
    shape = [-1 if i == axis else 1 for i in range(inputs[0].ndim)] if inputs[1].ndim else ()
    zero = inputs[2].reshape(shape).astype(np.int32) if len(inputs) > 2 else 0
    return np.asarray(((inputs[0].astype(np.int32) - zero) * inputs[1].reshape(shape)).astype(np.float32))
