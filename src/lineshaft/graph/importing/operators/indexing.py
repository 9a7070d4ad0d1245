"""Operators that pick, join and order numbers along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from onnx import TensorProto

from lineshaft.graph.builder import Wire
from lineshaft.graph.importing.folding import slices
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.elementwise import joined
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Constant, Tensor, Value


def picked(node: Node, wire: Wire, places: Sequence[int], axis: int) -> Wire:
    """Places along an axis of a wire (without the assets): a slice where they follow each other."""
    length = wire.shape[axis]
    if any(not -length <= p < length for p in places) or not len(places):
        raise node.refused(f"it takes places {list(places)[:4]} of {length}")
    at = [int(p) % length for p in places]
    if at == list(range(length)):
        return wire
    if at == list(range(at[0], at[0] + len(at))):
        return node.g.slice(wire, at[0], at[-1] + 1, axis)
    shape = (*wire.shape[:axis], len(at), *wire.shape[axis + 1:])
    return node.emit("Gather", [wire, node.integers_of(at)], shape, axis=axis + 1).wire


@operator("Gather")
def gather(node: Node) -> Tensor:
    places = node.value(1)
    if isinstance(places, Tensor):
        return looked_up(node, node.constant(0), places, node.attribute("axis", 0))
    x = node.tensor(0)
    axis = node.place(node.attribute("axis", 0), x.rank)
    if x.at == axis and node.alone and places.size == 1 and places.item() in (0, -1):
        return _only_asset(node, x, places)
    inner = node.axis(x, axis)
    taken = picked(node, x.wire, node.constant(1).ravel().tolist(), inner)
    shape = (*x.wire.shape[:inner], *places.shape, *x.wire.shape[inner + 1:])
    at = x.at + (places.ndim - 1 if axis < x.at else 0)
    return node.reshaped(Tensor(taken, x.kind), shape, at)


def _only_asset(node: Node, x: Tensor, places: Constant) -> Tensor:
    """The first of one: the axis stays, since what is one asset here is many in the step graph."""
    if places.ndim == 0:
        raise node.refused("it removes the axis of the assets")
    return x


def looked_up(node: Node, table: Constant, places: Tensor, axis: int) -> Tensor:
    """Rows of a constant at computed places, which are kept inside of it."""
    axis = node.place(axis, table.ndim)
    if math.prod(table.shape[:axis]) != 1:
        raise node.refused("it takes computed places along an inner axis")
    rows = np.ascontiguousarray(table.reshape(table.shape[axis:]), np.float32)
    inside = node.g.clip(places.wire, 0.0, float(len(rows) - 1))
    whole = node.g.op("Cast", [inside], inside.shape, to=TensorProto.INT64)
    shape = (*(1,) * axis, *places.wire.shape, *rows.shape[1:])
    found = node.emit("Gather", [rows, whole], (*places.wire.shape, *rows.shape[1:]), axis=0,
                      of="int" if table.dtype.kind in "iu" else "float")
    return node.reshaped(found, shape, places.at + axis)


@operator("Slice")
def cut(node: Node) -> Tensor:
    x = node.tensor(0)
    wire = x.wire
    for axis, kept in slices(node, x.rank).items():
        if axis == x.at:
            if kept.step == 1 and kept.start == 0 and (kept.stop is None or kept.stop >= 2**31 - 1):
                continue
            raise node.refused("it works across assets")
        inner = node.axis(x, axis)
        wire = picked(node, wire, list(range(wire.shape[inner]))[kept], inner)
    return Tensor(wire, x.kind, x.at)


@operator("ReverseSequence")
def reversed_in_time(node: Node) -> Tensor:
    """The whole of an axis backwards: sequences of one length only."""
    x = node.tensor(0)
    axis, lengths = node.axis(x, node.attribute("time_axis", 0)), node.constant(1)
    if (lengths != x.wire.shape[axis]).any():
        raise node.refused("its sequences have lengths of their own")
    return Tensor(picked(node, x.wire, list(range(x.wire.shape[axis]))[::-1], axis), x.kind, x.at)


@operator("Split")
def split(node: Node) -> list[Tensor]:
    x = node.tensor(0)
    inner, count = node.axis(x, node.attribute("axis", 0)), len(node.proto.output)
    length = x.wire.shape[inner]
    parts = node.integers("split", 1) or _even(length, node.attribute("num_outputs", count))
    if sum(parts) != length or min(parts) < 1:
        raise node.refused(f"its parts {parts} are not {length} together")
    edges = np.cumsum([0, *parts]).tolist()
    return [Tensor(picked(node, x.wire, range(a, b), inner), x.kind, x.at)
            for a, b in pairwise(edges)]


def _even(length: int, count: int) -> list[int]:
    size = -(-length // count)
    return [min(size, length - i * size) for i in range(count)]


@operator("Concat")
def concat(node: Node) -> Tensor:
    values = [node.number(v) for v in node.inputs if v is not None]
    like = next(v for v in values if isinstance(v, Tensor))
    wires = [v if isinstance(v, Tensor) else _spread(node, v, like) for v in values]
    if any(w.at != like.at or w.rank != like.rank for w in wires):
        raise node.refused("the axis of the assets meets another axis")
    axis = node.axis(like, node.attribute("axis", 0))
    shape = list(like.wire.shape)
    shape[axis] = sum(w.wire.shape[axis] for w in wires)
    if any(w.wire.shape[i] != s for w in wires for i, s in enumerate(shape) if i != axis):
        raise node.refused("its parts have different shapes")
    if len(wires) == 1:
        return wires[0]
    whole = all(w.kind == "int" for w in wires)
    return node.emit("Concat", [w.wire for w in wires], tuple(shape), axis=axis + 1, at=like.at,
                     of="int" if whole else "float")


def _spread(node: Node, constant: Constant, like: Tensor) -> Tensor:
    if constant.ndim != like.rank:
        raise node.refused("its parts have different shapes")
    return node.wired(constant, like)


@operator("Pad")
def pad(node: Node) -> Value:
    x = node.tensor(0)
    pads = node.integers("pads", 1) or []
    axes = [node.place(int(a), x.rank) for a in node.constant(3)] if node.has(3) else list(range(x.rank))
    if len(pads) != 2 * len(axes):
        raise node.refused("its pads don't fit its axes")
    before, after = [0] * x.rank, [0] * x.rank
    for i, axis in enumerate(axes):
        before[axis], after[axis] = pads[i], pads[len(axes) + i]
    if before[x.at] or after[x.at]:
        raise node.refused("it works across assets")
    value = float(node.constant(2).item()) if node.has(2) and node.constant(2).size else node.attribute("value", 0.0)
    own = [i for i in range(x.rank) if i != x.at]
    return padded(node, x, [before[i] for i in own], [after[i] for i in own], value,
                  node.attribute("mode", "constant"))


def padded(node: Node, x: Tensor, before: Sequence[int], after: Sequence[int], value: float = 0.0,
           mode: str = "constant") -> Tensor:
    """More at the ends of the axes of a wire, or less where a number is negative."""
    if mode not in ("constant", "edge", "reflect"):
        raise node.refused(f"its mode is {mode}")
    wire = x.wire
    for axis, (b, a) in enumerate(zip(before, after, strict=True)):
        if b < 0 or a < 0:
            wire = picked(node, wire, range(max(-b, 0), wire.shape[axis] + min(a, 0)), axis)
    grown = [max(b, 0) for b in before], [max(a, 0) for a in after]
    if not any(grown[0]) and not any(grown[1]):
        return Tensor(wire, x.kind, x.at)
    shape = tuple(s + b + a for s, b, a in zip(wire.shape, *grown, strict=True))
    amounts = node.integers_of([0, *grown[0], 0, *grown[1]])
    extra = [node.g.constant(np.float32(value))] if mode == "constant" else []
    return node.emit("Pad", [wire, amounts, *extra], shape, mode=mode, at=x.at)


def last_axis(node: Node, x: Tensor, axis: int) -> tuple[Wire, list[int]]:
    """The wire with an axis (without the assets) moved to the end, and the order that brings it back."""
    rank = len(x.wire.shape)
    order = [i for i in range(rank) if i != axis] + [axis]
    back = [order.index(i) for i in range(rank)]
    return (x.wire if axis == rank - 1 else node.g.transpose(x.wire, order)), back


@operator("TopK")
def top(node: Node) -> list[Tensor]:
    x = node.tensor(0)
    axis, count = node.axis(x, node.attribute("axis", -1)), (node.integers("k", 1) or [0])[0]
    wire, back = last_axis(node, x, axis)
    if not 1 <= count <= wire.shape[-1]:
        raise node.refused(f"it takes {count} of {wire.shape[-1]}")
    smallest = not node.attribute("largest", 1)
    wire = node.g.op("Neg", [wire], wire.shape) if smallest else wire
    shape = (*wire.shape[:-1], count)
    best = node.emit("TopK", [wire, node.integers_of([count])], shape, outputs=2, axis=-1).wire
    index = node.g.op("Cast", [Wire(f"{best.name}_1", shape)], shape, to=TensorProto.FLOAT)
    best = node.g.op("Neg", [best], shape) if smallest else best
    moved = [w if back == sorted(back) else node.g.transpose(w, back) for w in (best, index)]
    return [Tensor(moved[0], x.kind, x.at), Tensor(moved[1], "int", x.at)]


@operator("ArgMax", "ArgMin")
def place_of_extreme(node: Node) -> Tensor:
    x = node.tensor(0)
    if node.attribute("select_last_index", 0):
        raise node.refused("it takes the last of equal values (select_last_index)")
    axis = node.axis(x, node.attribute("axis", 0))
    wire = node.g.op("Neg", [x.wire], x.wire.shape) if node.kind == "ArgMin" else x.wire
    shape = (*wire.shape[:axis], 1, *wire.shape[axis + 1:])
    best = node.emit("ArgMax", [wire], shape, axis=axis + 1, keepdims=1).wire
    found = Tensor(node.g.op("Cast", [best], shape, to=TensorProto.FLOAT), "int", x.at)
    if node.attribute("keepdims", 1):
        return found
    foreign = node.attribute("axis", 0) % x.rank
    return node.reshaped(found, shape[:axis] + shape[axis + 1:], x.at - (foreign < x.at))


@operator("OneHot")
def one_hot(node: Node) -> Tensor:
    x = node.tensor(0)
    depth, (off, on) = int(node.constant(1).item()), node.constant(2).ravel().tolist()
    if node.attribute("axis", -1) not in (-1, x.rank):
        raise node.refused("its new axis is not the last")
    wide = node.reshaped(x, (*x.wire.shape, 1), x.at)
    hit = node.number(joined(node, "Equal", [wide, np.arange(depth, dtype=np.float32)], "bool"))
    return joined(node, "Add", [joined(node, "Mul", [hit, np.asarray(on - off, np.float32)]),
                                np.asarray(off, np.float32)])


@operator("CumSum")
def running_sum(node: Node) -> Tensor:
    """A product with a triangle of ones."""
    x = node.tensor(0)
    axis = node.axis(x, int(node.constant(1).item()))
    wire, back = last_axis(node, x, axis)
    size = wire.shape[-1]
    ones = np.triu(np.ones((size, size), np.float32), 1 if node.attribute("exclusive", 0) else 0)
    wire = node.g.project(wire, ones.T if node.attribute("reverse", 0) else ones)
    return Tensor(wire if back == sorted(back) else node.g.transpose(wire, back), x.kind, x.at)
