"""Products at many places: a tile of ``places`` times ``vectors`` outputs stays in registers.

What is loaded bounds a product on a vector machine more than what is multiplied: so each weight is loaded once for all
places of a tile, and each input once for all its channels. Places of a tile are neighbours along the last axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.form import FLOAT, Buffer, Const, Expr, Index, Load, Op
from lineshaft.graph.loops.kernel import Kernel
from lineshaft.graph.loops.planes import along, order, out_of_registers, runs
from lineshaft.graph.loops.tensor import Place, Produced, View, produced

_REGISTERS = 12  # accumulators of 16 registers; the others hold weights and one input
_NEAR = 2**18  # bytes of weights that are rather read again for each tile of places than the input for each of outputs
Sink = Callable[[Place, Expr], None]


@dataclass(frozen=True, slots=True)
class Tile:
    """``places`` along the last axis of space times ``vectors`` of output channels."""

    places: int
    vectors: int

    @classmethod
    def of(cls, outputs: int, width: int, lanes: int) -> Tile:
        """The tile of the least work: multiplications, loads and padding together."""
        wanted = -(-outputs // lanes)
        tiles = [cls(max(runs(width, _REGISTERS // vectors)[0]), vectors) for vectors in range(1, 5)]
        return min(tiles, key=lambda tile: tile._work(wanted, width))

    def _work(self, wanted: int, width: int) -> float:
        """In halves of a cycle of a machine with two multipliers and two loads a cycle, and some for the loop."""
        sizes, counts = runs(width, self.places)
        one = [max(p * self.vectors, p + self.vectors, 8) + 2 for p in sizes]
        return -(-wanted // self.vectors) * sum(n * cost for n, cost in zip(counts, one, strict=True))


def tiled(cx: Emitter, x: View, kernel: Kernel, w: NDArray[np.float32], bias: NDArray[np.float32] | None, group: int,
          shape: tuple[int, ...]) -> Produced:
    """The convolution of ``x``, whose channels are side by side and whose pads are there, with ``w`` [O, C, *size]."""
    outputs, space = w.shape[0] // group, shape[2:]
    tile = Tile.of(outputs, space[-1], cx.lanes)
    products = [_Product(cx, x, kernel, tile, w[first:first + outputs],
                         None if bias is None else bias[first:first + outputs], first, first // outputs * w.shape[1])
                for first in range(0, w.shape[0], outputs)]

    def produce(sink: Sink) -> None:
        for product in products:
            product.lower(space, sink)

    return produced(shape, FLOAT, produce, order=order(len(shape)))


class _Product:
    """One group: weights lie [tiles, taps, C, vectors * lanes], which is how they are read."""

    def __init__(self, cx: Emitter, x: View, kernel: Kernel, tile: Tile, w: NDArray[np.float32],
                 bias: NDArray[np.float32] | None, first: int, first_in: int) -> None:
        self.cx, self.x, self.kernel, self.tile = cx, x, kernel, tile
        self.outputs, self.inputs, self.first, self.first_in = w.shape[0], w.shape[1], first, first_in
        self.width = tile.vectors * cx.lanes
        self.tiles = -(-self.outputs // self.width)
        wide = np.zeros((self.tiles * self.width, self.inputs, math.prod(kernel.size)), np.float32)
        wide[:self.outputs] = w.reshape(self.outputs, self.inputs, -1)
        rows = wide.reshape(self.tiles, self.width, self.inputs, -1)
        self.weights = cx.constant(np.ascontiguousarray(rows.transpose(0, 3, 2, 1)))
        start = np.zeros(self.tiles * self.width, np.float32)
        if bias is not None:
            start[:self.outputs] = bias
        self.bias = cx.constant(start)

    def lower(self, space: tuple[int, ...], sink: Sink) -> None:
        cx, far, width = self.cx, space[:-1], space[-1]

        def at(place: Place, tile: Index) -> None:
            along(cx, width, self.tile.places, lambda near, count: self._tile(tile, place, near, count, sink))

        if self.weights.bytes > _NEAR:
            cx.loop(self.tiles, lambda tile: cx.loops(far, lambda place: at(place, tile)))
        else:
            cx.loops(far, lambda place: along(cx, width, self.tile.places, lambda near, count: cx.loop(
                self.tiles, lambda tile: self._tile(tile, place, near, count, sink))))

    def _tile(self, tile: Index, far: Place, near: Index, places: int, sink: Sink) -> None:
        cx, lanes, vectors = self.cx, self.cx.lanes, range(self.tile.vectors)
        sums = cx.buffer(FLOAT, places * self.width, "local")
        for q in range(places):
            for v in vectors:
                cx.lane(lambda at, q=q, v=v: cx.store(  # type: ignore[misc]
                    sums, at + q * self.width + v * lanes, Load(self.bias, tile * self.width + v * lanes + at)))
        rows = math.prod(self.kernel.size) * self.inputs

        def add(tap: Place, channel: Index) -> None:
            held = cx.buffer(FLOAT, self.width, "local")
            row = tile * (rows * self.width) + (self.kernel.number(tap) * self.inputs + channel) * self.width
            for v in vectors:
                cx.lane(lambda at, v=v: cx.store(  # type: ignore[misc]
                    held, at + v * lanes, Load(self.weights, row + v * lanes + at)))
            for q in range(places):
                under = self.kernel.place((*far, near + q), tap)
                value = cx.hold(self.x.at((Index(), channel + self.first_in, *under)), always=True)
                for v in vectors:
                    def lane(at: Index, q: int = q, v: int = v, value: Expr = value) -> None:
                        place = at + q * self.width + v * lanes
                        product = Op("mul", (value, Load(held, at + v * lanes)))
                        cx.store(sums, place, Op("add", (Load(sums, place), product)))

                    cx.lane(lane)

        cx.loops(self.kernel.size, lambda tap: cx.loop(self.inputs, lambda channel: add(tap, channel)))
        row = out_of_registers(cx, sums)
        for q in range(places):
            self._give(row, q, tile, (*far, near + q), sink)

    def _give(self, row: Buffer, q: int, tile: Index, space: Place, sink: Sink) -> None:
        cx, lanes = self.cx, self.cx.lanes

        def give(count: int) -> None:
            def one(at: Index) -> None:
                sink((Index(), tile * self.width + at + self.first, *space), Load(row, at + q * self.width))

            for v in range(count // lanes):
                cx.lane(lambda at, v=v: one(at + v * lanes))  # type: ignore[misc]
            if count % lanes:
                cx.loop(count % lanes, lambda at: one(at + count // lanes * lanes))

        left = self.outputs - (self.tiles - 1) * self.width
        if left == self.width or self.tiles == 1:
            give(left)
            return
        cx.when(Op("lt", (tile.value, Const(self.tiles - 1, "int32")), "bool"), lambda: give(self.width),
                lambda: give(left))
