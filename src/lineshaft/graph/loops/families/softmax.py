"""Softmax along the last axis, with the largest taken off first so that nothing overflows."""

from __future__ import annotations

import math

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import Buffer, Const, Load, Op
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Place, Tensor, View, view


@lowers("Softmax")
def softmax(cx: Emitter, node: Node) -> Tensor:
    tensor = cx.realise(node.input(0))
    target = view(cx.buffer("float32", tensor.size), tensor.shape)
    cx.loops(tensor.shape[:-1], lambda place: _row(cx, tensor, target, place))
    return target


def _row(cx: Emitter, tensor: View, target: View, place: Place) -> None:
    count = tensor.shape[-1]
    peak, total = cx.buffer("float32", 1, "local"), cx.buffer("float32", 1, "local")
    _fold(cx, tensor, place, peak, "max", -math.inf)
    cx.loop(count, lambda i: cx.write_at(target, (*place, i), Op("exp", (
        Op("sub", (tensor.at((*place, i)), Load(peak, WHOLE))),))))
    _fold(cx, target, place, total, "add", 0.0)
    cx.store(total, WHOLE, Op("div", (Const(1.0), Load(total, WHOLE))))
    cx.loop(count, lambda i: cx.write_at(target, (*place, i), Op("mul", (
        target.at((*place, i)), Load(total, WHOLE)))))


def _fold(cx: Emitter, tensor: View, place: Place, into: Buffer, kind: str, start: float) -> None:
    cx.store(into, WHOLE, Const(start))
    cx.loop(tensor.shape[-1], lambda i: cx.store(into, WHOLE, Op(kind, (Load(into, WHOLE), tensor.at((*place, i))))))
