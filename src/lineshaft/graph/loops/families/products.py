"""Matrix products."""

from __future__ import annotations

import math

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import Const, Index, Load, Op
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Place, Tensor, view


@lowers("MatMul")
def matmul(cx: Emitter, node: Node) -> Tensor:
    left, right = _two_axes(cx, node.input(0), first=True), _two_axes(cx, node.input(1), first=False)
    inner = left.shape[-1]
    lead = _lead(node, left, right)
    rows, columns = left.shape[-2], right.shape[-1]
    whole = (*lead, rows, columns)
    target = view(cx.buffer("float32", math.prod(whole)), whole)
    a, b = cx.realise(left).broadcast((*lead, rows, inner)), cx.realise(right).broadcast((*lead, inner, columns))

    def element(place: Place) -> None:
        total = cx.buffer("float32", 1, "local")
        cx.store(total, WHOLE, Const(0.0))

        def add(k: Index) -> None:
            product = Op("mul", (a((*place[:-1], k)), b((*place[:-2], k, place[-1]))))
            cx.store(total, WHOLE, Op("add", (Load(total, WHOLE), product)))

        cx.loop(inner, add)
        cx.write_at(target, place, Load(total, WHOLE))

    cx.loops(whole, element)
    return cx.reshaped(target, node.shape)


def _two_axes(cx: Emitter, tensor: Tensor, *, first: bool) -> Tensor:
    """A vector as a matrix, as NumPy's matmul takes it."""
    if len(tensor.shape) > 1:
        return tensor
    return cx.reshaped(tensor, (1, *tensor.shape) if first else (*tensor.shape, 1))


def _lead(node: Node, left: Tensor, right: Tensor) -> tuple[int, ...]:
    vectors = (len(node.input(0).shape) == 1) + (len(node.input(1).shape) == 1)
    return node.shape[:len(node.shape) - 2 + vectors]
