"""Sums, means and extremes along axes, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import Const, Expr, Index, Load, Op
from lineshaft.graph.loops.lanes import side_by_side, sums
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Place, Tensor, View, produced, view

_START = {"ReduceSum": ("add", 0.0), "ReduceMean": ("add", 0.0), "ReduceMax": ("max", -math.inf),
          "ReduceMin": ("min", math.inf)}


@lowers(*_START)
def reduction(cx: Emitter, node: Node) -> Tensor:
    tensor = node.input(0)
    rank = len(tensor.shape)
    axes = sorted({axis % rank for axis in node.ints(1)}) if node.has(1) else list(range(rank))
    kind, start = _START[node.kind]
    count = math.prod(tensor.shape[axis] for axis in axes)
    scale = (lambda e: Op("mul", (e, Const(1.0 / count)))) if node.kind == "ReduceMean" else (lambda e: e)
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(tensor.shape))
    if kind == "add" and axes == [rank - 1] and side_by_side(cx, tensor, count):
        return cx.reshaped(_long_sum(cx, tensor, kept, scale), node.shape)
    target = view(cx.buffer(tensor.dtype, math.prod(kept)), kept)
    inner_last = axes[-1] == max((a for a, n in enumerate(tensor.shape) if n > 1), default=axes[-1])
    (_along if inner_last else _across)(cx, tensor, axes, target, kind, start, scale)
    return cx.reshaped(target, node.shape)


def _long_sum(cx: Emitter, tensor: Tensor, kept: tuple[int, ...], finish: Callable[[Expr], Expr]) -> Tensor:
    def produce(sink: Callable[[Place, Expr], None]) -> None:
        cx.loops(kept[:-1], lambda place: sums(
            cx, tensor.shape[-1], 1, lambda i: tensor.at((*place, i)), lambda value, _, at: value,
            lambda _, total: sink((*place, Index()), finish(total))))

    return produced(kept, tensor.dtype, produce)


def _along(cx: Emitter, tensor: Tensor, axes: list[int], target: View, kind: str, start: float,
           finish: Callable[[Expr], Expr]) -> None:
    """Each result by itself in a local variable."""
    inner = tuple(tensor.shape[axis] for axis in axes)

    def result(place: Place) -> None:
        total = cx.buffer(tensor.dtype, 1, "local")
        cx.store(total, WHOLE, Const(start, tensor.dtype))

        def add(within: Place) -> None:
            whole = list(place)
            for axis, index in zip(axes, within, strict=True):
                whole[axis] = index
            cx.store(total, WHOLE, Op(kind, (Load(total, WHOLE), tensor.at(tuple(whole))), tensor.dtype))

        cx.loops(inner, add)
        cx.write_at(target, place, finish(Load(total, WHOLE)))

    cx.loops(target.shape, result)


def _across(cx: Emitter, tensor: Tensor, axes: list[int], target: View, kind: str, start: float,
            finish: Callable[[Expr], Expr]) -> None:
    """All results side by side, row after row: places in memory follow each other."""
    cx.loops(target.shape, lambda place: cx.write_at(target, place, Const(start, tensor.dtype)))

    def add(within: Place) -> None:
        def column(place: Place) -> None:
            whole = list(place)
            for axis, index in zip(axes, within, strict=True):
                whole[axis] = index
            cx.write_at(target, place, Op(kind, (target.at(place), tensor.at(tuple(whole))), tensor.dtype))

        cx.loops(target.shape, column)

    cx.loops(tuple(tensor.shape[axis] for axis in axes), add)
    if finish(Const(1.0)) != Const(1.0):
        cx.loops(target.shape, lambda place: cx.write_at(target, place, finish(target.at(place))))
