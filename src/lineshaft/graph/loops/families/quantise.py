"""Numbers as 8-bit integers with a scale, and back."""

from __future__ import annotations

import math

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.families.elementwise import elementwise
from lineshaft.graph.loops.form import FLOAT, INT, Const, DType, Expr, Index, Load, Op
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Tensor, view

_RANGE: dict[str, tuple[float, float]] = {"int8": (-128.0, 127.0), "uint8": (0.0, 255.0)}


@lowers("QuantizeLinear")
def quantise(cx: Emitter, node: Node) -> Tensor:
    zero = node.input(2) if node.has(2) else None
    dtype: DType = zero.dtype if zero is not None else "uint8"
    operands = [node.input(0), _along(cx, node, 1)] + ([_along(cx, node, 2)] if zero is not None else [])

    def make(x: Expr, scale: Expr, offset: Expr | None = None) -> Expr:
        steps = Op("round", (Op("div", (x, scale)),))
        return _saturated(steps if offset is None else Op("add", (steps, _number(offset))), dtype)

    return elementwise(cx, tuple(operands), node.shape, dtype, make, 8)


@lowers("DequantizeLinear")
def dequantise(cx: Emitter, node: Node) -> Tensor:
    operands = [node.input(0), _along(cx, node, 1)] + ([_along(cx, node, 2)] if node.has(2) else [])

    def make(x: Expr, scale: Expr, offset: Expr | None = None) -> Expr:
        number = _number(x)
        return Op("mul", (number if offset is None else Op("sub", (number, _number(offset))), scale))

    return elementwise(cx, tuple(operands), node.shape, FLOAT, make, 3)


@lowers("DynamicQuantizeLinear")
def dynamic(cx: Emitter, node: Node) -> tuple[Tensor, ...]:
    """Scale and offset of the values there are: y = x / scale + zero in 0 to 255."""
    x = cx.realise(node.input(0))
    low, high = (cx.buffer(FLOAT, 1, "local") for _ in range(2))
    for buffer, kind in ((low, "min"), (high, "max")):
        cx.store(buffer, WHOLE, Const(0.0))
        cx.loops(x.shape, lambda place, buffer=buffer, kind=kind: cx.store(  # type: ignore[misc]
            buffer, WHOLE, Op(kind, (Load(buffer, WHOLE), x.at(place)))))
    scale, zero = view(cx.buffer(FLOAT, 1), ()), view(cx.buffer("uint8", 1), ())
    cx.write_at(scale, (), Op("div", (Op("sub", (Load(high, WHOLE), Load(low, WHOLE))), Const(255.0))))
    below = Op("div", (Op("neg", (Load(low, WHOLE),)), scale.at(())))
    cx.write_at(zero, (), _saturated(Op("round", (below,)), "uint8"))
    whole = elementwise(cx, (x, scale, zero), node.shape, "uint8", lambda v, s, z: _saturated(
        Op("add", (Op("round", (Op("div", (v, s)),)), _number(z))), "uint8"), 8)
    return cx.realise(whole), scale, zero


@lowers("MatMulInteger")
def integer_product(cx: Emitter, node: Node) -> Tensor:
    left, right = cx.realise(node.input(0)), cx.realise(node.input(1))
    zeros = [node.input(i).at(tuple(Index() for _ in node.input(i).shape)) if node.has(i) else Const(0, INT)
             for i in (2, 3)]
    inner, lead = left.shape[-1], node.shape[:-2]
    a, b = left.broadcast((*node.shape[:-1], inner)), right.broadcast((*lead, inner, node.shape[-1]))
    target = view(cx.buffer(INT, math.prod(node.shape)), node.shape)

    def cell(place: tuple[Index, ...]) -> None:
        total = cx.buffer(INT, 1, "local")
        cx.store(total, WHOLE, Const(0, INT))

        def add(k: Index) -> None:
            values = a((*place[:-1], k)), b((*place[:-2], k, place[-1]))
            factors = tuple(Op("sub", (_whole(v), _whole(z)), INT) for v, z in zip(values, zeros, strict=True))
            cx.store(total, WHOLE, Op("add", (Load(total, WHOLE), Op("mul", factors, INT)), INT))

        cx.loop(inner, add)
        cx.write_at(target, place, Load(total, WHOLE))

    cx.loops(node.shape, cell)
    return target


def _along(cx: Emitter, node: Node, place: int) -> Tensor:
    """A scale or offset; one a channel lies along the operator's axis."""
    tensor = node.input(place)
    if tensor.size == 1:
        return cx.reshaped(tensor, ())
    axis = node.attributes.get("axis", 1) % len(node.shape)
    return cx.reshaped(tensor, tuple(tensor.size if a == axis else 1 for a in range(len(node.shape))))


def _saturated(value: Expr, dtype: DType) -> Expr:
    low, high = _RANGE[dtype]
    inside = Op("min", (Op("max", (value, Const(low))), Const(high)))
    return Op("cast", (Op("cast", (inside,), INT),), dtype)


def _number(value: Expr) -> Expr:
    return Const(float(value.value)) if isinstance(value, Const) else (
        value if value.dtype == FLOAT else Op("cast", (value,), FLOAT))


def _whole(value: Expr) -> Expr:
    return Const(int(value.value), INT) if isinstance(value, Const) else (
        value if value.dtype == INT else Op("cast", (value,), INT))


