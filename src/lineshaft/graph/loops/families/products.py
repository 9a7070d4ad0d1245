"""Matrix products."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lineshaft.graph.loops.dense import Tiling, dense
from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.form import Const, Expr, Index, Load, Op
from lineshaft.graph.loops.lanes import side_by_side, sums
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Known, Place, Tensor, produced, view


@lowers("MatMul")
def matmul(cx: Emitter, node: Node) -> Tensor:
    left, right = node.input(0), node.input(1)
    if isinstance(right, Known) and len(right.shape) == 2:
        return _by_constant(cx, left, np.asarray(right.value, np.float32), node.shape)
    return _computed(cx, node, _two_axes(cx, left, first=True), _two_axes(cx, right, first=False))


def _by_constant(cx: Emitter, left: Tensor, weights: np.ndarray[tuple[int, int], np.dtype[np.float32]],
                 shape: tuple[int, ...]) -> Tensor:
    """Rows of ``left`` by a constant matrix; a row that several tiles read is put into memory first."""
    rows, outputs = weights.shape
    long = outputs <= cx.lanes and rows >= 4 * cx.lanes > 4
    if cx.lanes == 1 or Tiling.of(outputs, cx.lanes).tiles > 1 or (long and not side_by_side(cx, left, rows)):
        left = cx.realise(left)
    if long and side_by_side(cx, left, rows):
        return _few_outputs(cx, left, weights, shape)

    def produce(sink: Callable[[Place, Expr], None]) -> None:
        def row(place: Place) -> None:
            piece = (weights.shape[0], lambda r: left.at((*place, r)))
            dense(cx, weights, None, [piece], lambda o, value: sink((*place, o), value))

        cx.loops(shape[:-1], row)

    return produced(shape, "float32", produce)


def _few_outputs(cx: Emitter, left: Tensor, weights: np.ndarray[tuple[int, int], np.dtype[np.float32]],
                 shape: tuple[int, ...]) -> Tensor:
    """The sum is long and the outputs are few: the places of the sum go side by side instead of the outputs."""
    rows, outputs = weights.shape
    turned = cx.constant(np.ascontiguousarray(weights.T))

    def produce(sink: Callable[[Place, Expr], None]) -> None:
        cx.loops(shape[:-1], lambda place: sums(
            cx, rows, outputs, lambda r: left.at((*place, r)),
            lambda value, o, r: Op("mul", (value, Load(turned, r + o * rows))),
            lambda o, value: sink((*place, o), value)))

    return produced(shape, "float32", produce)


def _computed(cx: Emitter, node: Node, left: Tensor, right: Tensor) -> Tensor:
    """Two computed matrices: row by row, with the columns side by side."""
    inner, columns = left.shape[-1], right.shape[-1]
    vectors = (len(node.input(0).shape) == 1) + (len(node.input(1).shape) == 1)
    lead = node.shape[:len(node.shape) - 2 + vectors]
    whole = (*lead, left.shape[-2], columns)
    target = view(cx.buffer("float32", math.prod(whole)), whole)
    a, b = cx.realise(left).broadcast((*whole[:-1], inner)), cx.realise(right).broadcast((*lead, inner, columns))

    def row(place: Place) -> None:
        cx.loop(columns, lambda column: cx.write_at(target, (*place, column), Const(0.0)))

        def add(k: Index) -> None:
            value = cx.hold(a((*place, k)), always=True)

            def cell(column: Index) -> None:
                product = Op("mul", (value, b((*place[:-1], k, column))))
                cx.write_at(target, (*place, column), Op("add", (target.at((*place, column)), product)))

            cx.loop(columns, cell)

        cx.loop(inner, add)

    cx.loops(whole[:-1], row)
    return cx.reshaped(target, node.shape)


def _two_axes(cx: Emitter, tensor: Tensor, *, first: bool) -> Tensor:
    """A vector as a matrix, as NumPy's matmul takes it."""
    if len(tensor.shape) > 1:
        return tensor
    return cx.reshaped(tensor, (1, *tensor.shape) if first else (*tensor.shape, 1))
