"""What depends on no input is computed now.

    y = Mul(x, Exp(c))                               ->  y = Mul(x, c')
    one = Add(Mul(Slice(x), 0), 1); y = Mul(z, one)  ->  y = Mul(z, [[1]])

The second is a constant with an asset axis: the node promises that ``x`` is finite, so 0 times it is 0. A result may
have at most 65,536 numbers more than what it is made of. Weights behind ``DequantizeLinear``, or stored in fewer bits
behind a ``Cast``, stay small.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from lineshaft.graph.builder import OPSET
from lineshaft.graph.view import Constant, Edit, Node, View

ORDER = 200
CLEANS = True

MOST = 65_536
ELEMENTWISE = frozenset(
    "Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mul Or Pow Sub Where".split())
_STAYS = frozenset(("DequantizeLinear", "QuantizeLinear", "DynamicQuantizeLinear"))


def rewrite(graph: View) -> View | str:
    edit = Edit(graph)
    known: dict[str, Constant] = {}  # per asset, with an asset axis of length 1
    plain: dict[str, Constant] = dict(graph.constants)
    for node in graph.nodes:
        if node.kind in _STAYS or node.domain or len(node.outputs) > 1 or _stored_narrow(graph, node):
            continue
        if all(not name or name in plain for name in node.inputs):
            _into(plain, node, plain)
        elif node.kind == "Mul" and _nothing(graph, node) is not None:
            known[node.outputs[0]] = np.zeros((1, *(_nothing(graph, node) or ())), np.float32)
        elif all(not name or name in plain or name in known for name in node.inputs):
            _into(known, node, plain | known)
    _substitute(graph, edit, known, plain)
    return edit.unchanged("no operator takes constants only")


def _stored_narrow(graph: View, node: Node) -> bool:
    """Whether the node unpacks a constant (``quantise.storage``)."""
    constant = graph.constant(node.inputs[0]) if node.kind == "Cast" else None
    return constant is not None and constant.size > 1 and constant.dtype.str[1:] in ("i1", "f2")


def _nothing(graph: View, node: Node) -> tuple[int, ...] | None:
    """The shape of 0 times an input (or a part of it); none if this is something else."""
    constants = [graph.constant(i) for i in node.inputs]
    finite = any(_finite(graph, i) for i in node.inputs)
    return graph.shape(node.outputs[0]) if finite and any(
        c is not None and not np.any(c) for c in constants) else None


def _finite(graph: View, name: str) -> bool:
    while (node := graph.producer(name)) is not None and node.kind in ("Slice", "Reshape", "Identity", "Transpose"):
        name = node.inputs[0]
    return name in ("x", "quality")


def _into(found: dict[str, Constant], node: Node, values: Mapping[str, Constant]) -> None:
    taken = [values[name] for name in node.inputs if name]
    result = evaluated(node, values)
    if result.size <= MOST + sum(v.size for v in taken):
        found[node.outputs[0]] = result


def evaluated(node: Node, values: Mapping[str, Constant]) -> Constant:
    """The first output of a node whose inputs are known."""
    inputs = [name for name in dict.fromkeys(node.inputs) if name]
    proto = helper.make_node(node.kind, node.inputs, node.outputs, **node.attributes)
    told = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values[name].dtype), None)
            for name in inputs]
    graph = helper.make_graph([proto], "one", told, [onnx.ValueInfoProto(name=node.outputs[0])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    with np.errstate(all="ignore"):
        return np.asarray(ReferenceEvaluator(model).run(None, {name: values[name] for name in inputs})[0])


def _substitute(graph: View, edit: Edit, known: Mapping[str, Constant], plain: Mapping[str, Constant]) -> None:
    for node in graph.nodes:
        if node.outputs[0] in plain or node.outputs[0] in known:
            continue
        inputs = tuple(_instead(edit, name, node, known, plain, graph) for name in node.inputs)
        if inputs != node.inputs:
            edit.put(node, inputs=inputs)


def _instead(edit: Edit, name: str, node: Node, known: Mapping[str, Constant], plain: Mapping[str, Constant],
             graph: View) -> str:
    if name in plain and name not in graph.constants:
        return edit.constant(plain[name], plain[name].dtype)
    if name in known and node.kind in ELEMENTWISE:
        return edit.constant(known[name], known[name].dtype)
    return name
