"""Where channels run from one product to the next, and the graph without some of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array
from lineshaft.graph.view import Edit, Node, View

UNARY = frozenset("Relu Clip Tanh Sigmoid".split())


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """``count`` channels given by ``producer``, passed on one by one through ``along``, taken by ``consumer`` alone."""

    producer: Node
    along: tuple[Node, ...]
    consumer: Node
    count: int


def chains(graph: View) -> tuple[Chain, ...]:
    """All of them, in the order of their producers."""
    found = (_chain(graph, node) for node in graph.nodes if _dense(graph, node))
    return tuple(chain for chain in found if chain is not None)


def multiply_adds(graph: View, node: Node) -> int:
    """Of a convolution or a product, per asset and step."""
    weights = graph.constants[node.inputs[1]]
    own = weights.shape[1:] if node.kind == "Conv" else weights.shape[:1]
    return math.prod(graph.shape(node.outputs[0]) or ()) * math.prod(own)


def per_channel(graph: View, chain: Chain) -> float:
    """Multiply-adds that one channel costs."""
    nodes = [chain.producer, chain.consumer, *(n for n in chain.along if n.kind == "Conv")]
    return sum(multiply_adds(graph, node) for node in nodes) / chain.count


def _dense(graph: View, node: Node) -> bool:
    weights = graph.constant(node.inputs[1]) if len(node.inputs) > 1 else None
    if weights is None or weights.dtype != np.float32:
        return False
    return (node.kind == "Conv" and node.get("group", 1) == 1) or (node.kind == "MatMul" and weights.ndim == 2)


def _chain(graph: View, producer: Node) -> Chain | None:
    weights = graph.constants[producer.inputs[1]]
    shape = graph.shape(producer.outputs[0])
    if shape is None:
        return None
    count, axis = (weights.shape[0], 0) if producer.kind == "Conv" else (weights.shape[1], len(shape) - 1)
    along: list[Node] = []
    value = producer.outputs[0]
    while (node := graph.only_use(value)) is not None:
        if _dense(graph, node):
            fits = node.inputs[0] == value and axis == (0 if node.kind == "Conv" else len(graph.shape(value) or ()) - 1)
            return Chain(producer, tuple(along), node, count) if fits and value not in node.inputs[1:] else None
        following = _passes(graph, node, value, axis, count)
        if following is None:
            return None
        along.append(node)
        value, axis = node.outputs[0], following
    return None


def _passes(graph: View, node: Node, value: str, axis: int, count: int) -> int | None:
    """The channel axis of what the node gives, where it handles each channel by itself; else none."""
    before, after = graph.shape(value), graph.shape(node.outputs[0])
    if before is None or after is None:
        return None
    if node.kind in UNARY:
        return axis if node.inputs[0] == value else None
    if node.kind in ("Add", "Sub", "Mul"):
        return axis if _aligned(graph, node, value, axis, count, before) and before == after else None
    if node.kind == "Conv":
        return axis if axis == 0 and node.get("group", 1) == count == after[0] else None
    if node.kind == "ReduceMean":
        axes = [a % (len(before) + 1) for a in graph.whole_numbers(node.inputs[1])]
        return axis if axes and axis + 1 not in axes and node.get("keepdims", 1) else None
    # A reshape may only fold or unfold what lies behind the channels.
    folds = node.kind == "Reshape" and axis == 0 and after[0] == count
    return 0 if folds and len(graph.whole_numbers(node.inputs[1])) == len(after) + 1 else None


def _aligned(graph: View, node: Node, value: str, axis: int, count: int, shape: Sequence[int]) -> bool:
    """Whether the other operand is a constant of one number, or of one for each channel."""
    others = [name for name in node.inputs if name != value]
    constant = graph.constant(others[0]) if len(others) == 1 else None
    if constant is None:
        return False
    place = constant.ndim - len(shape) + axis
    return constant.size == 1 or (constant.size == count and place >= 0 and constant.shape[place] == count)


def slimmed(graph: View, chain: Chain, keep: NDArray[np.intp], weights: Array | None = None, bias: Array | None = None
            ) -> View:
    """The graph with the channels ``keep`` of a chain alone.

    ``weights`` and ``bias`` of the consumer replace its own: the first in its own layout for the channels that are
    left, the second [out], to be added to its result (it replaces the bias of a convolution).
    """
    edit = Edit(graph)
    _producer(edit, graph, chain.producer, keep)
    for node in chain.along:
        _step(edit, graph, node, keep, chain.count)
    _consumer(edit, graph, chain.consumer, keep, weights, bias)
    return edit.done()


def _producer(edit: Edit, graph: View, node: Node, keep: NDArray[np.intp]) -> None:
    arrays = [graph.constants[name] for name in node.inputs[1:] if name]
    cut = [arrays[0][keep] if node.kind == "Conv" else arrays[0][:, keep], *(a[keep] for a in arrays[1:])]
    edit.put(node, inputs=[node.inputs[0], *map(edit.constant, cut)])


def _step(edit: Edit, graph: View, node: Node, keep: NDArray[np.intp], count: int) -> None:
    if node.kind == "Conv":
        arrays = [graph.constants[name][keep] for name in node.inputs[1:] if name]
        attributes: dict[str, Any] = {**node.attributes, "group": len(keep)}
        edit.put(node, inputs=[node.inputs[0], *map(edit.constant, arrays)], attributes=attributes)
    elif node.kind == "Reshape":
        rank = [int(v) for v in graph.whole_numbers(node.inputs[1])]
        edit.put(node, inputs=[node.inputs[0], edit.integers(rank[0], len(keep), *rank[2:])])
    elif node.kind in ("Add", "Sub", "Mul"):
        edit.put(node, inputs=[_cut(edit, graph, name, keep, count) for name in node.inputs])


def _cut(edit: Edit, graph: View, name: str, keep: NDArray[np.intp], count: int) -> str:
    constant = graph.constant(name)
    if constant is None or constant.size == 1:
        return name
    return edit.constant(np.take(constant, keep, axis=constant.shape.index(count)))


def _consumer(edit: Edit, graph: View, node: Node, keep: NDArray[np.intp], weights: Array | None, bias: Array | None
              ) -> None:
    if weights is None:
        own = graph.constants[node.inputs[1]]
        weights = own[:, keep] if node.kind == "Conv" else own[keep]
    inputs = [node.inputs[0], edit.constant(weights)]
    if node.kind == "Conv":
        inputs += [edit.constant(bias)] if bias is not None else list(node.inputs[2:])
        edit.put(node, inputs=inputs)
        return
    if bias is None:
        edit.put(node, inputs=inputs)
        return
    after = graph.only_use(node.outputs[0])
    offset = next((n for n in after.inputs if n in graph.constants), "") if after and after.kind == "Add" else ""
    if after is not None and offset and graph.constants[offset].size == len(bias):
        edit.put(node, inputs=inputs)
        edit.put(after, inputs=[n if n != offset else edit.constant(graph.constants[n] + bias) for n in after.inputs])
        return
    made = edit.add("MatMul", inputs)
    edit.replace(node.outputs[0], edit.add("Add", [made, bias]))
