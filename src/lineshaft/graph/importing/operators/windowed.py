"""Convolutions, pooling and resizing of [channels, *space] with explicit pads and sizes that round down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import Operand
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.indexing import last_axis, padded, picked
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Constant, Tensor


@dataclass(frozen=True, slots=True)
class Windows:
    """How a kernel moves over the space of an image."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    before: list[int]
    after: list[int]

    @property
    def pads(self) -> list[int]:
        return [*self.before, *self.after]

    def sizes(self, space: Sequence[int]) -> list[int]:
        """How many windows fit."""
        return [(s + b + a - d * (k - 1) - 1) // t + 1 for s, b, a, d, k, t in zip(
            space, self.before, self.after, self.dilations, self.kernel, self.strides, strict=True)]


def windows(node: Node, space: Sequence[int], kernel: Sequence[int]) -> Windows:
    """Explicit pads out of ``auto_pad`` and ``ceil_mode``."""
    axes = len(space)
    strides = [int(v) for v in node.attribute("strides", [1] * axes)]
    dilations = [int(v) for v in node.attribute("dilations", [1] * axes)]
    pads = [int(v) for v in node.attribute("pads", [0] * (2 * axes))]
    if not len(strides) == len(dilations) == len(kernel) == axes == len(pads) // 2 or min(kernel) < 1:
        raise node.refused(f"its kernel, strides or pads are not of {axes} axes")
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    before, after = pads[:axes], pads[axes:]
    auto = node.attribute("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        extra = [max((-(-s // t) - 1) * t + r - s, 0) for s, t, r in zip(space, strides, reach, strict=True)]
        less, more = [e // 2 for e in extra], [e - e // 2 for e in extra]
        before, after = (less, more) if auto == "SAME_UPPER" else (more, less)
    elif auto == "VALID":
        before, after = [0] * axes, [0] * axes
    if node.attribute("ceil_mode", 0):
        after = [_rounded_up(*one) for one in zip(space, before, after, reach, strides, strict=True)]
    found = Windows(list(kernel), strides, dilations, before, after)
    if min(found.sizes(space)) < 1:
        raise node.refused(f"no window fits into {' x '.join(map(str, space))}")
    return found


def _rounded_up(size: int, before: int, after: int, reach: int, stride: int) -> int:
    """The pad behind with which the last, unfinished window is whole; one that begins in it doesn't count."""
    count = -(-(size + before + after - reach) // stride) + 1
    if (count - 1) * stride >= size + before:
        count -= 1
    return max(after, (count - 1) * stride + reach - size - before)


@operator("Conv")
def convolve(node: Node) -> Tensor:
    weights = node.constant(1).astype(np.float32)
    bias = node.constant(2).astype(np.float32) if node.has(2) else None
    return convolved(node, node.assets_first(0), weights, bias, None)


def convolved(node: Node, x: Tensor, weights: Constant, bias: Constant | None, given: Windows | None) -> Tensor:
    """[channels, *space] with constant [out, channels / group, *kernel]."""
    space, group = x.wire.shape[1:], int(node.attribute("group", 1))
    if len(space) != weights.ndim - 2 or x.wire.shape[0] != weights.shape[1] * group or weights.shape[0] % group:
        raise node.refused(f"its weights {weights.shape} don't fit {x.wire.shape}")
    move = given or windows(node, space, weights.shape[2:])
    operands: list[Operand | str] = [x.wire, weights] if bias is None else [x.wire, weights, bias]
    return node.emit("Conv", operands, (weights.shape[0], *move.sizes(space)), kernel_shape=move.kernel,
                     strides=move.strides, pads=move.pads, dilations=move.dilations, group=group)


@operator("ConvTranspose")
def transposed_convolution(node: Node) -> Tensor:
    """Zeros between the pixels, then a convolution with the kernel turned round (Dumoulin and Visin, 2016)."""
    x, w = node.assets_first(0), node.constant(1).astype(np.float32)
    bias = node.constant(2).astype(np.float32) if node.has(2) else None
    group, axes = int(node.attribute("group", 1)), w.ndim - 2
    strides = [int(v) for v in node.attribute("strides", [1] * axes)]
    dilations = [int(v) for v in node.attribute("dilations", [1] * axes)]
    more = [int(v) for v in node.attribute("output_padding", [0] * axes)]
    space = x.wire.shape[1:]
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, w.shape[2:], strict=True)]
    full = [(s - 1) * t + r + m for s, t, r, m in zip(space, strides, reach, more, strict=True)]
    before, after = _cut(node, full, space, strides, axes)
    spread = _spread(node, x, strides)
    edges = [([r - 1 - b for r, b in zip(reach, before, strict=True)]),
             ([r - 1 - a + m for r, a, m in zip(reach, after, more, strict=True)])]
    wide = padded(node, spread, [0, *edges[0]], [0, *edges[1]])
    c, each = w.shape[0], w.shape[1]
    turned = np.flip(w, tuple(range(2, w.ndim))).reshape(group, c // group, each, *w.shape[2:])
    turned = np.swapaxes(turned, 1, 2).reshape(group * each, c // group, *w.shape[2:])
    move = Windows(list(w.shape[2:]), [1] * axes, dilations, [0] * axes, [0] * axes)
    return convolved(node, wide, np.ascontiguousarray(turned), bias, move)


def _cut(node: Node, full: Sequence[int], space: Sequence[int], strides: Sequence[int], axes: int
         ) -> tuple[list[int], list[int]]:
    """How much of the whole result is cut off before and after, by pads, a wanted shape or ``auto_pad``."""
    pads = [int(v) for v in node.attribute("pads", [0] * (2 * axes))]
    wanted = node.attribute("output_shape")
    auto = node.attribute("auto_pad", "NOTSET")
    if wanted is None and auto not in ("SAME_UPPER", "SAME_LOWER"):
        return pads[:axes], pads[axes:]
    sizes = [int(v) for v in wanted][-axes:] if wanted is not None else [
        s * t for s, t in zip(space, strides, strict=True)]
    total = [f - s for f, s in zip(full, sizes, strict=True)]
    less, more = [t // 2 for t in total], [t - t // 2 for t in total]
    # The specification puts the odd one in front unless SAME_UPPER asks for it behind.
    return (less, more) if auto == "SAME_UPPER" else (more, less)


def _spread(node: Node, x: Tensor, strides: Sequence[int]) -> Tensor:
    """Zeros between the pixels: a new last axis for each, padded and joined."""
    for axis, stride in enumerate(strides, 1):
        if stride == 1:
            continue
        shape = x.wire.shape
        apart = node.reshaped(x, (*shape[:axis + 1], 1, *shape[axis + 1:]))
        after = [0] * len(apart.wire.shape)
        after[axis + 1] = stride - 1
        wide = padded(node, apart, [0] * len(after), after)
        joined = node.reshaped(wide, (*shape[:axis], shape[axis] * stride, *shape[axis + 1:]))
        x = Tensor(picked(node, joined.wire, range((shape[axis] - 1) * stride + 1), axis), x.kind)
    return x


@operator("MaxPool", "AveragePool")
def pool(node: Node) -> Tensor:
    """A mean that counts its pads is one over a padded image."""
    x = node.assets_first(0)
    if len([name for name in node.proto.output if name]) > 1:
        raise node.refused("it also gives places")
    move = windows(node, x.wire.shape[1:], [int(k) for k in node.attribute("kernel_shape")])
    if node.kind == "AveragePool" and node.attribute("count_include_pad", 0) and any(move.pads):
        axes = len(move.kernel)
        own = [int(v) for v in node.attribute("pads", [0] * (2 * axes))]
        counted = own if node.attribute("auto_pad", "NOTSET") == "NOTSET" else move.pads
        x = padded(node, x, [0, *counted[:axes]], [0, *counted[axes:]])
        rest = [m - c for m, c in zip(move.after, counted[axes:], strict=True)]
        move = Windows(move.kernel, move.strides, move.dilations, [0] * axes, rest)
    shape = (x.wire.shape[0], *move.sizes(x.wire.shape[1:]))
    more: dict[str, Any] = {"dilations": move.dilations} if any(d != 1 for d in move.dilations) else {}
    if node.kind == "AveragePool" and more:
        raise node.refused("its windows have gaps (dilations)")
    return node.emit(node.kind, [x.wire], shape, kernel_shape=move.kernel, strides=move.strides, pads=move.pads, **more)


@operator("Resize", "Upsample")
def resize(node: Node) -> Tensor:
    """Nearest neighbours are picked; linear interpolation is a product with a sparse matrix along each axis."""
    x = node.tensor(0)
    scales, sizes = _scales(node, x)
    wire = x.wire
    mode = node.attribute("mode", "nearest")
    for axis in range(len(wire.shape)):
        foreign = axis + (axis >= x.at)
        length, out = wire.shape[axis], sizes[foreign]
        if out == length:
            continue
        if math.prod(wire.shape) // length * out > 2**26 or out > 2**14:
            raise node.refused(f"it makes an axis of {out:,}")
        if mode == "nearest":
            wire = picked(node, wire, _nearest(node, length, out, scales[foreign]).tolist(), axis)
        elif mode == "linear":
            moved, back = last_axis(node, Tensor(wire), axis)
            moved = node.g.project(moved, _linear(node, length, out, scales[foreign]))
            wire = moved if back == sorted(back) else node.g.transpose(moved, back)
        else:
            raise node.refused(f"its mode is {mode}")
    return Tensor(wire, x.kind, x.at)


def _scales(node: Node, x: Tensor) -> tuple[list[float], list[int]]:
    own = [1 if i == x.at else s for i, s in enumerate(x.sizes)]
    if node.kind == "Upsample" or node.opset < 11:
        given = node.attribute("scales") or node.constant(1).ravel().tolist()
        return list(given), [int(s * f) for s, f in zip(own, given, strict=True)]
    if node.attribute("axes") is not None or node.attribute("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise node.refused("it names axes or keeps the aspect ratio")
    if node.has(3):
        wanted = [1 if i == x.at else int(s) for i, s in enumerate(node.sizes(3).ravel())]
        return [w / s for w, s in zip(wanted, own, strict=True)], wanted
    factors = node.constant(2).ravel().tolist()
    return factors, [int(s * f) for s, f in zip(own, factors, strict=True)]


def _positions(node: Node, length: int, out: int, scale: float) -> NDArray[np.float64]:
    """Where each new pixel lies among the old ones."""
    default = "asymmetric" if node.kind == "Upsample" or node.opset < 11 else "half_pixel"
    how, place = node.attribute("coordinate_transformation_mode", default), np.arange(out, dtype=np.float64)
    if how == "asymmetric":
        return place / scale
    if how == "align_corners":
        return place * (length - 1) / max(out - 1, 1)
    if how == "half_pixel" or (how == "pytorch_half_pixel" and out > 1):
        return (place + 0.5) / scale - 0.5
    if how == "pytorch_half_pixel":
        return np.zeros(out)
    raise node.refused(f"its coordinates are {how}")


def _nearest(node: Node, length: int, out: int, scale: float) -> NDArray[np.int64]:
    default = "floor" if node.kind == "Upsample" or node.opset < 11 else "round_prefer_floor"
    place = _positions(node, length, out, scale)
    how = node.attribute("nearest_mode", default)
    rounding: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
        "floor": np.floor, "ceil": np.ceil, "round_prefer_ceil": lambda p: np.floor(p + 0.5),
        "round_prefer_floor": lambda p: np.ceil(p - 0.5)}
    if how not in rounding:
        raise node.refused(f"its rounding is {how}")
    return np.clip(rounding[how](place), 0, length - 1).astype(np.int64)


def _linear(node: Node, length: int, out: int, scale: float) -> NDArray[np.float64]:
    if node.attribute("antialias", 0):
        raise node.refused("it smooths (antialias)")
    place = np.clip(_positions(node, length, out, scale), 0, length - 1)
    low = np.floor(place).astype(np.int64)
    high, share = np.minimum(low + 1, length - 1), place - low
    matrix = np.zeros((length, out))
    np.add.at(matrix, (low, np.arange(out)), 1.0 - share)
    np.add.at(matrix, (high, np.arange(out)), share)
    return matrix
