"""Operators with a kernel that moves over space: convolution, pooling, and the padding around it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.dense import Tiling, dense
from lineshaft.graph.loops.depthwise import each_channel
from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import Const, Expr, Index, Load, Op
from lineshaft.graph.loops.kernel import Kernel
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.planes import channels_last, many
from lineshaft.graph.loops.tensor import Known, Place, Tensor, View, address, dense_strides, known, produced, view
from lineshaft.graph.loops.tiles import tiled


@lowers("Pad")
def pad(cx: Emitter, node: Node) -> Tensor:
    tensor, rank = node.input(0), len(node.shape)
    axes = [axis % rank for axis in node.ints(3)] if node.has(3) else list(range(rank))
    given = node.ints(1)
    before = [0] * rank
    for place, axis in enumerate(axes):
        before[axis] = given[place]
    mode = node.attributes.get("mode", b"constant").decode()
    if mode == "constant":
        fill = node.input(2).at(tuple(Index() for _ in node.input(2).shape)) if node.has(2) else Const(0.0)
        return padded(cx, tensor, before, node.shape, fill)
    source = cx.realise(tensor) if tensor.cost else tensor
    tables = [_table(cx, mode, n, before[axis], node.shape[axis]) for axis, n in enumerate(tensor.shape)]
    return Tensor(node.shape, tensor.dtype, lambda place: source.at(
        tuple(table(index) for table, index in zip(tables, place, strict=True))))


def _table(cx: Emitter, mode: str, size: int, before: int, wide: int) -> Callable[[Index], Index]:
    """Where along one axis the element at a padded place comes from."""
    if wide == size:
        return lambda index: index
    inner = np.arange(-before, wide - before)
    period = max(2 * (size - 1), 1)
    turned = size - 1 - np.abs(inner % period - (size - 1))
    numbers = cx.constant((np.clip(inner, 0, size - 1) if mode == "edge" else turned).astype(np.int32))
    return lambda index: Index(0, ((Load(numbers, index), 1),))


def padded(cx: Emitter, tensor: Tensor, before: Sequence[int], shape: tuple[int, ...], fill: Expr) -> Tensor:
    """The tensor in a larger one full of ``fill``."""
    if tuple(shape) == tensor.shape and not any(before):
        return tensor
    target = view(cx.buffer(tensor.dtype, math.prod(shape)), shape)
    cx.loops(shape, lambda place: cx.write_at(target, place, fill))
    start = address(Index(), dense_strides(shape), tuple(Index(b) for b in before))
    cx.write(tensor, view(target.buffer, tensor.shape, dense_strides(shape), start))
    return target


def _around(cx: Emitter, kernel: Kernel, tensor: Tensor, fill: float) -> Tensor:
    """The input with its pads."""
    lead = tensor.shape[:-len(kernel.size)]
    space = tuple(n + b + a for n, b, a in zip(tensor.shape[len(lead):], kernel.before, kernel.after, strict=True))
    return padded(cx, tensor, (*(0 for _ in lead), *kernel.before), (*lead, *space), Const(fill))


@lowers("Conv", streams=True)
def conv(cx: Emitter, node: Node) -> Tensor:
    weights = node.input(1)
    assert isinstance(weights, Known)
    w = np.asarray(weights.value, np.float32)
    bias_input = node.input(2) if node.has(2) else None
    bias = np.asarray(bias_input.value, np.float32) if isinstance(bias_input, Known) else None
    kernel, group = Kernel.of(node, w.shape[2:]), node.attributes.get("group", 1)
    depthwise = group > 1 and w.shape[1] == 1 and w.shape[0] == group
    if many(cx, w.shape[0] if depthwise else w.shape[0] // group, node.shape[2:]):
        beside = channels_last(cx, node.input(0), kernel)
        if depthwise:
            return each_channel(cx, beside, kernel, w, bias, node.shape)
        return tiled(cx, beside, kernel, w, bias, group, node.shape)
    x = _around(cx, kernel, cx.ready(node.input(0)), 0.0)
    if depthwise:
        return _each_channel(cx, node, cx.realise(x) if x.cost else x, kernel, w, bias)
    source = cx.realise(x) if x.cost and (math.prod(node.shape[2:]) > 1 or _rereads(cx, w.shape[0] // group)) else x

    def produce(sink: Callable[[Place, Expr], None]) -> None:
        for number in range(group):
            _group(cx, node, source, kernel, number, w, bias, sink, group)

    return produced(node.shape, "float32", produce)


def _rereads(cx: Emitter, outputs: int) -> bool:
    return cx.lanes == 1 or Tiling.of(outputs, cx.lanes).tiles > 1


def _group(cx: Emitter, node: Node, x: Tensor, kernel: Kernel, number: int, w: NDArray[np.float32],
           bias: NDArray[np.float32] | None, sink: Callable[[Place, Expr], None], group: int) -> None:
    """The outputs of one group at each place of space: a product of what lies under the kernel with its weights."""
    outputs, inputs = w.shape[0] // group, w.shape[1]
    first = number * outputs
    part = w[first:first + outputs].reshape(outputs, inputs, -1)
    # Taps outside, channels inside: so a window that lies time by time is read in its order.
    matrix = np.ascontiguousarray(part.transpose(2, 1, 0).reshape(-1, outputs))
    taps = tuple(itertools.product(*(range(n) for n in kernel.size)))

    def at_place(space: Place) -> None:
        dense(cx, matrix, None if bias is None else bias[first:first + outputs],
              [_tap(x, kernel, space, tap, number * inputs, inputs) for tap in taps],
              lambda o, value: sink((Index(), o + first, *space), value))

    cx.loops(node.shape[2:], at_place)


def _tap(x: Tensor, kernel: Kernel, space: Place, tap: tuple[int, ...], first: int, count: int
         ) -> tuple[int, Callable[[Index], Expr]]:
    spot = kernel.place(space, [Index(i) for i in tap])
    return count, lambda channel: x.at((Index(), channel + first, *spot))


def _each_channel(cx: Emitter, node: Node, x: Tensor, kernel: Kernel, w: NDArray[np.float32],
                  bias: NDArray[np.float32] | None) -> Tensor:
    """Depthwise: one kernel a channel; the longer of channels and last axis is the inner loop."""
    channels, space = w.shape[0], node.shape[2:]
    target = view(cx.buffer("float32", math.prod(node.shape)), node.shape)
    start = Const(0.0) if bias is None else None
    first = None if bias is None else cx.constant(bias)
    taps = cx.constant(np.ascontiguousarray(w.reshape(channels, -1).T))
    outer, inner = (space[:-1], (channels, space[-1])) if space[-1] > channels else (space, (channels,))

    def places(far: Place, near: Place) -> tuple[Index, Place]:
        return near[0], (*far, *near[1:])

    def row(far: Place) -> None:
        def begin(near: Place) -> None:
            channel, spot = places(far, near)
            cx.write_at(target, (Index(), channel, *spot), start or Load(first, channel))  # type: ignore[arg-type]

        cx.loops(inner, begin)
        for number, tap in enumerate(itertools.product(*(range(n) for n in kernel.size))):
            def add(near: Place, number: int = number, tap: tuple[int, ...] = tap) -> None:
                channel, spot = places(far, near)
                out = (Index(), channel, *spot)
                under = x.at((Index(), channel, *kernel.place(spot, [Index(i) for i in tap])))
                product = Op("mul", (under, Load(taps, channel + number * channels)))
                cx.write_at(target, out, Op("add", (target.at(out), product)))

            cx.loops(inner, add)

    cx.loops(outer, row)
    return target


@lowers("MaxPool", "AveragePool")
def pool(cx: Emitter, node: Node) -> Tensor:
    largest = node.kind == "MaxPool"
    kernel = Kernel.of(node, node.attributes["kernel_shape"])
    tensor = node.input(0)
    x = _around(cx, kernel, tensor, -math.inf if largest else 0.0)
    source = cx.realise(x) if x.cost else x
    share = None if largest else _shares(cx, node, kernel, tensor.shape)

    def element(place: Place, sink: Callable[[Place, Expr], None]) -> None:
        total = cx.buffer("float32", 1, "local")
        cx.store(total, WHOLE, Const(-math.inf if largest else 0.0))

        def add(tap: Place) -> None:
            under = source.at((*place[:2], *kernel.place(place[2:], tap)))
            cx.store(total, WHOLE, Op("max" if largest else "add", (Load(total, WHOLE), under)))

        cx.loops(kernel.size, add)
        value: Expr = Load(total, WHOLE)
        sink(place, value if share is None else Op("mul", (value, share.at(place[2:]))))

    return produced(node.shape, "float32", lambda sink: cx.loops(node.shape, lambda place: element(place, sink)))


def _shares(cx: Emitter, node: Node, kernel: Kernel, shape: tuple[int, ...]) -> View:
    """1 / how many numbers lie under the kernel, at each place of space."""
    space = node.shape[2:]
    counts = np.full(space, math.prod(kernel.size), np.float64)
    if not node.attributes.get("count_include_pad", 0):
        counts = np.ones(())
        for n, out, size, stride, spread, before in zip(shape[2:], space, kernel.size, kernel.strides,
                                                        kernel.dilations, kernel.before, strict=True):
            under = np.arange(out)[:, None] * stride + np.arange(size) * spread - before
            counts = np.multiply.outer(counts, ((under >= 0) & (under < n)).sum(axis=1))
    return _alike(cx, (1.0 / np.maximum(counts, 1)).astype(np.float32))


def _alike(cx: Emitter, values: NDArray[np.float32]) -> View:

    return known(values, cx.constant(values))


