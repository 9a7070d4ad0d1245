"""Operators that move numbers without changing them: shapes, order of axes, copies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from onnx import numpy_helper

from lineshaft.graph.builder import Wire
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.elementwise import joined
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import ASSETS, Constant, Tensor, Value, times_assets

_SCALARS = {"value_float": np.float32, "value_int": np.int64, "value_floats": np.float32, "value_ints": np.int64}


@operator("Constant")
def constant(node: Node) -> Constant:
    for name, kind in _SCALARS.items():
        if name in node.attributes:
            return np.asarray(node.attributes[name], kind)
    if node.attributes.get("value") is None:
        raise node.refused("it holds no plain numbers")
    return np.asarray(numpy_helper.to_array(node.attributes["value"]))


@operator("Identity", "Dropout")
def same(node: Node) -> Value:
    """What is dropped in training is kept in use."""
    return node.value(0)


def transposed(node: Node, wire: Wire, order: Sequence[int]) -> Wire:
    """Axes of a wire in another order, counted without the assets."""
    return wire if list(order) == sorted(order) else node.g.transpose(wire, order)


@operator("Transpose")
def transpose(node: Node) -> Tensor:
    x = node.rows(0)
    perm = [int(p) for p in node.attribute("perm", range(x.rank)[::-1])]
    if sorted(perm) != list(range(x.rank)):
        raise node.refused(f"{perm} is no order of {x.rank} axes")
    if x.joined > 1:  # the joined axis is one of the wire's own
        return Tensor(transposed(node, x.wire, perm), x.kind, perm.index(x.at), x.joined)
    order = [p - (p > x.at) for p in perm if p != x.at]
    return Tensor(transposed(node, x.wire, order), x.kind, perm.index(x.at))


@operator("Reshape")
def reshape(node: Node) -> Tensor:
    x = node.rows(0)
    wanted = [int(s) for s in (node.attributes["shape"] if "shape" in node.attributes else node.sizes(1).ravel())]
    if not node.attribute("allowzero", 0):
        wanted = [x.sizes[i] if s == 0 else s for i, s in enumerate(wanted)]
    each = math.prod(x.wire.shape)
    at, joined = _assets_in(node, wanted, each)
    inner = wanted[:at] + ([joined] if joined > 1 else []) + wanted[at + 1:]
    if -1 in inner:
        inner[inner.index(-1)] = each // max(-math.prod(inner), 1)
    if math.prod(x.wire.shape[:x.at]) != math.prod(inner[:at]):
        raise node.refused("it puts another axis before the assets, or one behind them")
    return node.reshaped(x, inner, at, joined)


def _assets_in(node: Node, wanted: Sequence[int], each: int) -> tuple[int, int]:
    """Where a shape has the number of assets, of which each has so many numbers, and how many times it has it."""
    if wanted.count(-1) > 1 or any(s < -1 and not times_assets(s) for s in wanted):
        raise node.refused(f"{list(wanted)} is no shape")
    found = [i for i, s in enumerate(wanted) if times_assets(s)]
    if found:
        return found[0], times_assets(wanted[found[0]])
    rest = math.prod(s for s in wanted if s != -1)
    ones = bool(wanted) and wanted[0] == 1 and (rest == each or (-1 in wanted and each % max(rest, 1) == 0))
    if ones and (node.alone or -1 not in wanted or rest != each):
        return 0, 1
    if -1 in wanted and rest and each % rest == 0:
        return list(wanted).index(-1), each // rest
    raise node.refused(f"the shape {list(wanted)} of {each} numbers an asset doesn't keep the assets apart")


@operator("Flatten")
def flatten(node: Node) -> Tensor:
    x = node.assets_first(0)
    axis = node.attribute("axis", 1)
    if axis % x.rank != x.at + 1 and axis != x.rank:
        raise node.refused("it puts the assets together with another axis")
    return node.reshaped(x, [math.prod(x.wire.shape)])


@operator("Squeeze")
def squeeze(node: Node) -> Tensor:
    x = node.tensor(0)
    axes = node.integers("axes", 1)
    places = ([i for i, s in enumerate(x.sizes) if s == 1] if not axes else [node.place(a, x.rank) for a in axes])
    if x.at in places:
        raise node.refused("it removes the axis of the assets")
    if any(x.sizes[p] != 1 for p in places):
        raise node.refused("it removes an axis that is longer than 1")
    kept = [s for i, s in enumerate(x.sizes) if i not in places and i != x.at]
    return node.reshaped(x, kept, x.at - sum(p < x.at for p in places))


@operator("Unsqueeze")
def unsqueeze(node: Node) -> Tensor:
    x = node.tensor(0)
    axes = node.integers("axes", 1) or []
    rank = x.rank + len(axes)
    places = {node.place(a, rank) for a in axes}
    old = iter(x.sizes)
    sizes = [1 if i in places else next(old) for i in range(rank)]
    at = sizes.index(ASSETS)
    return node.reshaped(x, sizes[:at] + sizes[at + 1:], at)


@operator("Expand")
def expand(node: Node) -> Tensor:
    x = node.tensor(0)
    shape = tuple(times_assets(int(s)) or int(s) for s in node.sizes(1).ravel())
    own = tuple(times_assets(s) or s for s in x.sizes)
    if np.broadcast_shapes(own, shape) == own and len(shape) <= len(own):
        return x
    if math.prod(shape) > 2**24:
        raise node.refused(f"it makes {' x '.join(map(str, shape))} numbers")
    return joined(node, "Mul", [x, np.ones(shape, np.float32)])


@operator("Tile")
def tile(node: Node) -> Tensor:
    x = node.tensor(0)
    times = [int(t) for t in node.constant(1).ravel()]
    if len(times) != x.rank or times[x.at] != 1 or max(times, default=1) > 4096 or min(times, default=1) < 1:
        raise node.refused(f"it repeats {times} times")
    wire = x.wire
    for axis, count in enumerate(t for i, t in enumerate(times) if i != x.at):
        if count > 1:
            shape = (*wire.shape[:axis], wire.shape[axis] * count, *wire.shape[axis + 1:])
            wire = node.emit("Concat", [wire] * count, shape, axis=axis + 1).wire
    return Tensor(wire, x.kind, x.at)


@operator("DepthToSpace")
def depth_to_space(node: Node) -> Tensor:
    x, b = node.assets_first(0), int(node.attribute("blocksize"))
    c, h, w = x.wire.shape
    first = node.attribute("mode", "DCR") == "DCR"
    split = (b, b, c // (b * b), h, w) if first else (c // (b * b), b, b, h, w)
    order = (2, 3, 0, 4, 1) if first else (0, 3, 1, 4, 2)
    wire = node.g.transpose(node.reshaped(x, split).wire, order)
    return node.reshaped(Tensor(wire, x.kind), (c // (b * b), h * b, w * b))


@operator("SpaceToDepth")
def space_to_depth(node: Node) -> Tensor:
    x, b = node.assets_first(0), int(node.attribute("blocksize"))
    c, h, w = x.wire.shape
    wire = node.g.transpose(node.reshaped(x, (c, h // b, b, w // b, b)).wire, (2, 4, 0, 1, 3))
    return node.reshaped(Tensor(wire, x.kind), (c * b * b, h // b, w // b))
