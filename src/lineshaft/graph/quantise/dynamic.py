"""Dynamic int8: each tick chooses the range of a product's input anew, so nothing has to be calibrated.

Weights are int8 with a scale for each output channel; the sums are exact integers. Convolutions stay in float: ONNX has
no dynamic form of them that a runtime runs faster.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from lineshaft.graph.quantise.range import channel_scales
from lineshaft.graph.quantise.static import candidates
from lineshaft.graph.view import Edit, Node, View

BITS = 7  # see ``static.Plan``


def dynamic(graph: View) -> View | str:
    """The graph with its matrix products in eight bits, or the reason where it has none large enough.

    One range serves all assets of a call (DynamicQuantizeLinear knows no other), so an asset's result depends, within
    half a step of rounding, on those beside it.
    """
    edit = Edit(graph)
    for node in candidates(graph):
        if node.kind == "MatMul":
            edit.replace(node.outputs[0], _product(edit, graph, node))
    return edit.unchanged("no matrix product has weights of its own that are large enough")


def _product(edit: Edit, graph: View, node: Node) -> str:
    weights, scales = channel_scales(graph.constants[node.inputs[1]], 1, BITS)
    value = edit.add("DynamicQuantizeLinear", [node.inputs[0]], outputs=3)
    total = edit.add("MatMulInteger", [value, edit.constant(weights, np.int8), f"{value}.2"])
    number = edit.add("Cast", [total], to=TensorProto.FLOAT)
    return edit.add("Mul", [number, edit.add("Mul", [f"{value}.1", edit.constant(scales)])])
