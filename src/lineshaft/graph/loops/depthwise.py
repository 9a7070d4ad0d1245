"""Depthwise convolutions at many places: one kernel a channel, a vector of channels at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.form import FLOAT, Buffer, Expr, Index, Load, Op
from lineshaft.graph.loops.kernel import Kernel
from lineshaft.graph.loops.planes import along, order, out_of_registers
from lineshaft.graph.loops.tensor import Place, Produced, View, produced

_PLACES = 8  # that one load of a weight serves
Sink = Callable[[Place, Expr], None]


def each_channel(cx: Emitter, x: View, kernel: Kernel, w: NDArray[np.float32], bias: NDArray[np.float32] | None,
                 shape: tuple[int, ...]) -> Produced:
    """The convolution of ``x``, whose channels are side by side and whose pads are there, with ``w`` [C, 1, *size]."""
    channels = shape[1]
    taps = cx.constant(np.ascontiguousarray(w.reshape(channels, -1).T))
    filters = _Filters(cx, x, kernel, taps, cx.constant(np.zeros(channels, np.float32) if bias is None else bias))
    return produced(shape, FLOAT, lambda sink: filters.lower(shape[2:], sink), order=order(len(shape)))


@dataclass(frozen=True, slots=True)
class _Filters:
    """``taps`` are the weights [size, C]."""

    cx: Emitter
    x: View
    kernel: Kernel
    taps: Buffer
    bias: Buffer

    def lower(self, space: tuple[int, ...], sink: Sink) -> None:
        cx, whole, left = self.cx, self.bias.size // self.cx.lanes, self.bias.size % self.cx.lanes

        def run(far: Place, near: Index, count: int) -> None:
            places = [(*far, near + q) for q in range(count)]
            if whole:
                cx.loop(whole, lambda n: self._channels(cx.lanes, n * cx.lanes, places, sink))
            if left:
                cx.loop(left, lambda n: self._channels(1, n + whole * cx.lanes, places, sink))

        cx.loops(space[:-1], lambda far: along(cx, space[-1], _PLACES, lambda near, count: run(far, near, count)))

    def _channels(self, lanes: int, first: Index, places: list[Place], sink: Sink) -> None:
        """``lanes`` channels from the ``first`` at some places."""
        cx, sums = self.cx, self.cx.buffer(FLOAT, len(places) * lanes, "local")
        for q in range(len(places)):
            cx.loop(lanes, lambda at, q=q: cx.store(sums, at + q * lanes, Load(self.bias, first + at)))  # type: ignore[misc]

        def add(tap: Place) -> None:
            held, number = cx.buffer(FLOAT, lanes, "local"), self.kernel.number(tap) * self.bias.size
            cx.loop(lanes, lambda at: cx.store(held, at, Load(self.taps, number + first + at)))
            for q, place in enumerate(places):
                under = self.kernel.place(place, tap)
                _add(cx, lanes, sums, q * lanes, held, lambda at, under=under: self.x.at(  # type: ignore[misc]
                    (Index(), first + at, *under)))

        cx.loops(self.kernel.size, add)
        row = out_of_registers(cx, sums) if lanes > 1 else sums
        for q, place in enumerate(places):
            cx.loop(lanes, lambda at, q=q, place=place: sink(  # type: ignore[misc]
                (Index(), first + at, *place), Load(row, at + q * lanes)))


def _add(cx: Emitter, lanes: int, sums: Buffer, slot: int, held: Buffer, x: Callable[[Index], Expr]) -> None:
    def lane(at: Index) -> None:
        cx.store(sums, at + slot, Op("add", (Load(sums, at + slot), Op("mul", (x(at), Load(held, at))))))

    cx.loop(lanes, lane)
