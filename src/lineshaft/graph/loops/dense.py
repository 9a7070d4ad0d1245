"""The product that networks and monitors spend their time in: inputs times a constant matrix.

y[o] = sum over r of x[r] W[r, o]. Outputs are taken in tiles that fit the machine's registers; the weights lie in the
order in which they are read, filled up with zeros to whole vectors. With few outputs, several rows of the sum go at
once, so that the additions don't wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import Buffer, Const, Expr, Index, Load, Op

_VECTORS = 8  # accumulators that stay in registers


@dataclass(frozen=True, slots=True)
class Tiling:
    """``tiles`` times ``vectors`` times ``lanes`` outputs, ``strands`` rows at once."""

    tiles: int
    vectors: int
    lanes: int
    strands: int

    @property
    def width(self) -> int:
        return self.vectors * self.lanes

    @classmethod
    def of(cls, outputs: int, lanes: int) -> Tiling:
        vectors = -(-outputs // lanes)
        tiles = -(-vectors // _VECTORS)
        each = -(-vectors // tiles)
        return cls(tiles, each, lanes, max(1, min(8, _VECTORS // each)))


Piece = tuple[int, Callable[[Index], Expr]]
Sink = Callable[[Index, Expr], None]


def dense(cx: Emitter, weights: NDArray[np.float32], bias: NDArray[np.float32] | None, x: Sequence[Piece],
          sink: Sink) -> None:
    """Loops of the product of one row with ``weights`` [R, O]; ``sink`` takes each output.

    The row comes in pieces, (how many numbers, number at a place), since what lies under a kernel is not in one line.
    """
    if cx.lanes == 1:
        _one_by_one(cx, weights, bias, x, sink)
        return
    rows, outputs = weights.shape
    tiling = Tiling.of(outputs, cx.lanes)
    packed = cx.constant(_packed(weights, tiling))
    start = None if bias is None else cx.constant(_filled(bias, tiling.tiles * tiling.width))
    cx.loop(tiling.tiles, lambda tile: _tile(cx, tiling, rows, outputs, packed, start, tile, x, sink))


def _tile(cx: Emitter, tiling: Tiling, rows: int, outputs: int, packed: Buffer, start: Buffer | None, tile: Index,
          x: Sequence[Piece], sink: Sink) -> None:
    width, strands = tiling.width, min(tiling.strands, *(count for count, _ in x))
    sums = cx.buffer("float32", width * strands, "local")
    first: Callable[[Index], Expr] = (lambda at: Const(0.0)) if start is None else (
        lambda at: Load(start, tile * width + at))
    cx.vectors(tiling.vectors, lambda at: cx.store(sums, at, first(at)))
    if strands > 1:
        cx.vectors(tiling.vectors * (strands - 1), lambda at: cx.store(sums, at + width, Const(0.0)))

    def add(piece: Callable[[Index], Expr], before: int, row: Index, strand: int) -> None:
        value = cx.hold(piece(row), always=True)

        def lane(at: Index) -> None:
            place = at + strand * width
            product = Op("mul", (value, Load(packed, tile * (rows * width) + (row + before) * width + at)))
            cx.store(sums, place, Op("add", (Load(sums, place), product)))

        cx.vectors(tiling.vectors, lane)

    before = 0
    for count, piece in x:
        def together(group: Index, piece: Callable[[Index], Expr] = piece, before: int = before) -> None:
            for strand in range(strands):
                add(piece, before, group * strands + strand, strand)

        cx.loop(count // strands, together)
        for row in range(count - count % strands, count):
            add(piece, before, Index(row), 0)
        before += count
    for strand in range(1, strands):
        cx.vectors(tiling.vectors, lambda at, strand=strand: cx.store(  # type: ignore[misc]
            sums, at, Op("add", (Load(sums, at), Load(sums, at + strand * width)))))
    _give(cx, tiling, outputs, sums, tile, sink)


def _give(cx: Emitter, tiling: Tiling, outputs: int, sums: Buffer, tile: Index,
          sink: Sink) -> None:
    """Out of the registers by way of a small array, since what follows is done to single numbers."""
    width = tiling.width
    row = cx.buffer("float32", width, "local")
    cx.vectors(tiling.vectors, lambda at: cx.store(row, at, Load(sums, at)))

    def give(count: int) -> None:
        cx.loop(count, lambda at: sink(tile * width + at, Load(row, at)))

    left = outputs - (tiling.tiles - 1) * width
    if left == width:
        give(width)
    elif tiling.tiles == 1:
        give(left)
    else:
        last = Op("lt", (tile.value, Const(tiling.tiles - 1, "int32")), "bool")
        cx.when(last, lambda: give(width), lambda: give(left))


def _one_by_one(cx: Emitter, weights: NDArray[np.float32], bias: NDArray[np.float32] | None,
                x: Sequence[Piece], sink: Sink) -> None:
    """Each output by itself, its weights one behind the other."""
    rows, outputs = weights.shape
    turned = cx.constant(np.ascontiguousarray(weights.T))
    start = None if bias is None else cx.constant(bias)

    def output(o: Index) -> None:
        total = cx.buffer("float32", 1, "local")
        cx.store(total, WHOLE, Const(0.0) if start is None else Load(start, o))
        before = 0
        for count, piece in x:
            cx.loop(count, lambda r, piece=piece, before=before: cx.store(total, WHOLE, Op("add", (  # type: ignore[misc]
                Load(total, WHOLE), Op("mul", (piece(r), Load(turned, o * rows + r + before)))))))
            before += count
        sink(o, Load(total, WHOLE))

    cx.loop(outputs, output)


def _packed(weights: NDArray[np.float32], tiling: Tiling) -> NDArray[np.float32]:
    """[tiles, R, width], zeros where there is no output."""
    rows, outputs = weights.shape
    wide = np.zeros((rows, tiling.tiles * tiling.width), np.float32)
    wide[:, :outputs] = weights
    return np.ascontiguousarray(wide.reshape(rows, tiling.tiles, tiling.width).transpose(1, 0, 2))


def _filled(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    wide = np.zeros(size, np.float32)
    wide[:values.size] = values
    return wide
