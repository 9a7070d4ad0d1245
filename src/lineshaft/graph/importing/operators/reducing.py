"""Sums, means and extremes along axes, and softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.elementwise import joined, number, same
from lineshaft.graph.importing.operators.indexing import last_axis, picked
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Tensor

MOST_MULTIPLIED = 64


def reduced(node: Node, kind: str, x: Tensor, axes: Sequence[int]) -> Tensor:
    """One canonical operator along axes of the wire (without the assets), which stay with length 1."""
    if not axes:
        return x
    shape = tuple(1 if i in axes else s for i, s in enumerate(x.wire.shape))
    return node.emit(kind, [x.wire, node.integers_of([a + 1 for a in axes])], shape, of=x.kind, at=x.at, keepdims=1)


def _axes(node: Node, x: Tensor) -> list[int] | None:
    """Axes of the wire; None where there is nothing to do."""
    axes = node.integers("axes", 1)
    if not axes and node.attribute("noop_with_empty_axes", 0):
        return None
    if not axes:
        raise node.refused("it works across assets (all axes)")
    return [node.axis(x, a) for a in axes]


def _kept(node: Node, found: Tensor, axes: Sequence[int]) -> Tensor:
    if node.attribute("keepdims", 1):
        return found
    shape = [s for i, s in enumerate(found.wire.shape) if i not in axes]
    return node.reshaped(found, shape, found.at - sum(a < found.at for a in axes))


@operator("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum")
def plain(node: Node) -> Tensor:
    x = number(node, 0)
    axes = _axes(node, x)
    return x if axes is None else _kept(node, reduced(node, node.kind, x, axes), axes)


@operator("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare")
def composed(node: Node) -> Tensor:
    x = number(node, 0)
    axes = _axes(node, x)
    if axes is None:
        axes = []
    return _kept(node, _COMPOSED[node.kind](node, x, axes), axes)


def _log_sum_exp(node: Node, x: Tensor, axes: Sequence[int]) -> Tensor:
    most = reduced(node, "ReduceMax", x, axes)
    parts = same(node, "Exp", joined(node, "Sub", [x, most]))
    return joined(node, "Add", [most, same(node, "Log", reduced(node, "ReduceSum", parts, axes))])


_COMPOSED = {
    "ReduceL1": lambda node, x, axes: reduced(node, "ReduceSum", same(node, "Abs", x), axes),
    "ReduceSumSquare": lambda node, x, axes: reduced(node, "ReduceSum", joined(node, "Mul", [x, x]), axes),
    "ReduceL2": lambda node, x, axes: same(node, "Sqrt", reduced(node, "ReduceSum", joined(node, "Mul", [x, x]), axes)),
    "ReduceLogSum": lambda node, x, axes: same(node, "Log", reduced(node, "ReduceSum", x, axes)),
    "ReduceLogSumExp": _log_sum_exp}


@operator("ReduceProd")
def product(node: Node) -> Tensor:
    x = number(node, 0)
    axes = _axes(node, x) or []
    if math.prod(x.wire.shape[a] for a in axes) > MOST_MULTIPLIED:
        raise node.refused(f"it multiplies more than {MOST_MULTIPLIED} numbers")
    found = x
    for axis in axes:
        parts = [Tensor(picked(node, found.wire, [i], axis), x.kind, x.at) for i in range(found.wire.shape[axis])]
        found = parts[0]
        for part in parts[1:]:
            found = joined(node, "Mul", [found, part])
    return _kept(node, found, axes)


@operator("GlobalAveragePool", "GlobalMaxPool")
def whole_image(node: Node) -> Tensor:
    x = node.assets_first(0)
    kind = "ReduceMean" if node.kind == "GlobalAveragePool" else "ReduceMax"
    return reduced(node, kind, x, range(1, len(x.wire.shape)))


@operator("Softmax", "LogSoftmax")
def softmax(node: Node) -> Tensor:
    """Along one axis; before opset 13 over all axes from it on."""
    x = node.rows(0)
    if x.joined > 1 and node.attribute("axis", -1) in (-1, x.rank - 1) and x.at < x.rank - 1:
        return _along_last(node, x)
    x = node.tensor(0)
    if node.opset < 13:
        axis = node.axis(x, node.attribute("axis", 1))
        flat = node.reshaped(x, (*x.wire.shape[:axis], math.prod(x.wire.shape[axis:])), x.at)
        return node.reshaped(_along_last(node, flat), x.wire.shape, x.at)
    wire, back = last_axis(node, x, node.axis(x, node.attribute("axis", -1)))
    found = _along_last(node, Tensor(wire, "float", x.at))
    return found if back == sorted(back) else Tensor(node.g.transpose(found.wire, back), "float", x.at)


def _along_last(node: Node, x: Tensor) -> Tensor:
    if node.kind == "Softmax":
        return node.emit("Softmax", [x.wire], x.wire.shape, axis=-1, at=x.at, joined=x.joined)
    return joined(node, "Sub", [x, _log_sum_exp(node, x, [len(x.wire.shape) - 1])])


@operator("LpNormalization")
def unit_length(node: Node) -> Tensor:
    x = number(node, 0)
    axis, p = node.axis(x, node.attribute("axis", -1)), node.attribute("p", 2)
    kind = {1: "ReduceL1", 2: "ReduceL2"}.get(p)
    if kind is None:
        raise node.refused(f"its p is {p}")
    return joined(node, "Div", [x, _COMPOSED[kind](node, x, [axis])])


@operator("Hardmax")
def hardmax(node: Node) -> Tensor:
    """1 at the first of the largest, else 0."""
    x = number(node, 0)
    axis = node.axis(x, node.attribute("axis", -1))
    wire, back = last_axis(node, x, axis)
    best = node.emit("ArgMax", [wire], (*wire.shape[:-1], 1), axis=-1, keepdims=1).wire
    place = Tensor(node.g.op("Cast", [best], best.shape, to=1), "int", x.at)
    hit = node.number(joined(node, "Equal", [place, np.arange(wire.shape[-1], dtype=np.float32)], "bool"))
    assert isinstance(hit, Tensor)
    return hit if back == sorted(back) else Tensor(node.g.transpose(hit.wire, back), "int", x.at)
