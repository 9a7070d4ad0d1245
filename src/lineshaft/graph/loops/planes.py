"""Convolutions with many places to fill: channels lie side by side in memory, so that vectors of them are read and
written whole, and what a convolution makes lies as the next one reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.form import FLOAT, Buffer, Const, Index, Load, Var, loads
from lineshaft.graph.loops.kernel import Kernel
from lineshaft.graph.loops.tensor import Place, Produced, Tensor, View, address, view

_FEW_PLACES = 4


def many(cx: Emitter, outputs: int, space: Sequence[int]) -> bool:
    """Whether tiles of places pay: a machine with lanes, a vector of outputs, and more than a few places."""
    return cx.lanes > 1 and outputs > cx.lanes // 2 and math.prod(space) >= _FEW_PLACES


def channels_last(cx: Emitter, tensor: Tensor, kernel: Kernel) -> View:
    """[1, C, *space] with the kernel's pads around, its channels side by side; itself where it lies so already."""
    if isinstance(tensor, View) and tensor.strides[1] == 1 and not any((*kernel.before, *kernel.after)):
        return tensor
    inner = tensor.shape[2:]
    space = tuple(b + n + a for b, n, a in zip(kernel.before, inner, kernel.after, strict=True))
    shape = (*tensor.shape[:2], *space)
    target = view(cx.buffer(tensor.dtype, math.prod(shape)), shape, cx.strides(shape, order(len(shape))))
    _edges(cx, target, kernel, inner)
    start = address(Index(), target.strides[2:], tuple(Index(b) for b in kernel.before))
    _copied(cx, tensor, view(target.buffer, tensor.shape, target.strides, start))
    return target


def order(rank: int) -> tuple[int, ...]:
    """Axes of [1, C, *space], outermost first, where channels are side by side."""
    return (0, *range(2, rank), 1)


def _edges(cx: Emitter, target: View, kernel: Kernel, inner: Sequence[int]) -> None:
    """Zeros where the pads are and nowhere else: strips before and behind what comes in, axis by axis."""
    steps, whole = target.strides[2:], target.shape[2:]
    for axis, n in enumerate(inner):
        run = target.shape[1] * math.prod(whole[axis + 1:])
        start = address(Index(), steps[:axis], tuple(Index(b) for b in kernel.before[:axis]))
        for first, count in ((0, kernel.before[axis]), (kernel.before[axis] + n, kernel.after[axis])):
            def strip(place: Place, first: int = first, start: Index = start, axis: int = axis) -> None:
                at = address(start + first * steps[axis], (*steps[:axis], 1), place)
                cx.store(target.buffer, at, Const(0.0))

            if count:
                cx.loops((*inner[:axis], count * run), strip)


def _copied(cx: Emitter, tensor: Tensor, target: View) -> None:
    """Written in the order in which it is read: along channels where they are neighbours there too."""
    if isinstance(tensor, Produced) or not _beside(tensor):
        cx.write(tensor, target)
        return
    channels = tensor.shape[1]
    whole = channels // cx.lanes

    def row(space: Place) -> None:
        def one(channel: Index) -> None:
            place = (Index(), channel, *space)
            cx.write_at(target, place, tensor.at(place))

        if whole:
            cx.vectors(whole, one)
        if channels % cx.lanes:
            cx.loop(channels % cx.lanes, lambda at: one(at + whole * cx.lanes))

    cx.loops(tensor.shape[2:], row)


def _beside(tensor: Tensor) -> bool:
    """Whether neighbours along the channels are neighbours in memory."""
    channel = Var("channel")
    place = tuple(Index(0, ((channel, 1),)) if axis == 1 else Index(0, ((Var(f"axis{axis}"), 1),))
                  for axis in range(len(tensor.shape)))
    return all(load.index.coefficient(channel) in (0, 1) for load in loads(tensor.at(place)))


def runs(width: int, most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A line of ``width`` in equal runs of at most ``most``: lengths, which differ by one, and how many of each."""
    count = -(-width // most)
    long = -(-width // count)
    longer = width - count * (long - 1)
    return ((long,), (count,)) if longer == count else ((long, long - 1), (longer, count - longer))


def along(cx: Emitter, width: int, most: int, body: Callable[[Index, int], None]) -> None:
    """``body`` with the first place of each run and its length."""
    start = 0
    for length, count in zip(*runs(width, most), strict=True):
        cx.loop(count, lambda run, length=length, start=start: body(run * length + start, length))  # type: ignore[misc]
        start += length * count


def out_of_registers(cx: Emitter, sums: Buffer) -> Buffer:
    """A copy that single numbers may be taken from; without need compilers leave it out."""
    row = cx.buffer(FLOAT, sums.size, "local")
    for start in range(0, sums.size, cx.lanes):
        cx.lane(lambda at, start=start: cx.store(row, at + start, Load(sums, at + start)))  # type: ignore[misc]
    return row
