"""Operators that make an element of the elements at the same place: expressions, never stored by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.form import BOOL, FLOAT, Const, DType, Expr, Index, Op
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Place, Produced, Tensor, View, produced

_UNARY = {"Abs": "abs", "Ceil": "ceil", "Cos": "cos", "Erf": "erf", "Exp": "exp", "Floor": "floor", "Log": "log",
          "Neg": "neg", "Round": "round", "Sign": "sign", "Sin": "sin", "Sqrt": "sqrt", "Tanh": "tanh"}
_BINARY = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow"}
_MANY = {"Max": "max", "Min": "min"}
_COMPARE = {"Equal": "eq", "Greater": "gt", "GreaterOrEqual": "ge", "Less": "lt", "LessOrEqual": "le"}
_LOGIC = {"And": "and", "Or": "or"}
_DEAR = {"erf": 24, "exp": 16, "log": 16, "sin": 24, "cos": 24, "tanh": 24, "pow": 40, "sqrt": 6, "div": 4}
_CASTS: dict[int, DType] = {1: "float32", 9: "bool", 6: "int32", 7: "int32", 10: "float32", 11: "float32",
                            2: "uint8", 3: "int8"}


def elementwise(cx: Emitter, tensors: tuple[Tensor, ...], shape: tuple[int, ...], dtype: DType,
                make: Callable[..., Expr], cost: int = 1) -> Tensor:
    """The tensor whose elements ``make`` builds of theirs; an operand that is spread over a larger shape comes into
    memory first, so that nothing is computed again for each of its readers."""
    ready = [cx.realise(t) if t.cost and t.size < _size(shape) and not isinstance(t, View) else t for t in tensors]
    flowing = [t for t in ready if isinstance(t, Produced)]
    total = cost + sum(t.cost for t in ready)
    if flowing:
        source = flowing[-1]
        stored = [cx.realise(t) if isinstance(t, Produced) and t is not source else t for t in ready]
        return _flowing(source, stored, shape, dtype, make, total)
    ats = [t.broadcast(shape) for t in ready]

    def at(place: Place) -> Expr:
        return make(*(element(place) for element in ats))

    return Tensor(shape, dtype, at, total)


def _flowing(source: Produced, tensors: Sequence[Tensor], shape: tuple[int, ...], dtype: DType,
             make: Callable[..., Expr], cost: int) -> Tensor:
    """The same of elements that come out of loops: done there, before anything is stored."""
    ats = [None if t is source else t.broadcast(shape) for t in tensors]
    pad = (Index(),) * (len(shape) - len(source.shape))

    def produce(sink: Callable[[Place, Expr], None]) -> None:
        def element(inner: Place, value: Expr) -> None:
            place = (*pad, *inner)
            sink(place, make(*(value if at is None else at(place) for at in ats)))

        source.produce(element)

    lead = range(len(pad))
    order = (*lead, *(axis + len(pad) for axis in source.order)) if source.order else ()
    return produced(shape, dtype, produce, cost, order)


@lowers(*_UNARY, *_BINARY, streams=True)
def arithmetic(cx: Emitter, node: Node) -> Tensor:
    kind = _UNARY.get(node.kind) or _BINARY[node.kind]
    operands = tuple(node.input(i) for i in range(len(node.inputs)))
    dtype = operands[0].dtype
    make = _power(operands[1]) if kind == "pow" else lambda *args: Op(kind, args, dtype)
    return elementwise(cx, operands, node.shape, dtype, make, _DEAR.get(kind, 1))


def _power(exponent: Tensor) -> Callable[..., Expr]:
    """The usual powers as what they are: exact, and far quicker."""
    power = exponent.at(tuple(Index() for _ in exponent.shape)) if exponent.size == 1 else None
    if power == Const(2.0):
        return lambda a, b: Op("mul", (a, a))
    if power == Const(0.5):
        return lambda a, b: Op("sqrt", (a,))
    return lambda a, b: Op("pow", (a, b))


@lowers(*_MANY, streams=True)
def extremes(cx: Emitter, node: Node) -> Tensor:
    operands = tuple(t for t in node.inputs if t is not None)
    dtype, kind = operands[0].dtype, _MANY[node.kind]

    def make(*args: Expr) -> Expr:
        total = args[0]
        for arg in args[1:]:
            total = Op(kind, (total, arg), dtype)
        return total

    return elementwise(cx, operands, node.shape, dtype, make, len(operands))


@lowers(*_COMPARE, *_LOGIC, streams=True)
def comparison(cx: Emitter, node: Node) -> Tensor:
    kind = _COMPARE.get(node.kind) or _LOGIC[node.kind]
    return elementwise(cx, (node.input(0), node.input(1)), node.shape, BOOL, lambda a, b: Op(kind, (a, b), BOOL))


@lowers("Not", streams=True)
def negation(cx: Emitter, node: Node) -> Tensor:
    return elementwise(cx, (node.input(0),), node.shape, BOOL, lambda a: Op("not", (a,), BOOL))


@lowers("Where", streams=True)
def where(cx: Emitter, node: Node) -> Tensor:
    dtype = node.input(1).dtype
    operands = (node.input(0), node.input(1), node.input(2))
    return elementwise(cx, operands, node.shape, dtype, lambda c, a, b: Op("select", (c, a, b), dtype))


@lowers("Clip", streams=True)
def clip(cx: Emitter, node: Node) -> Tensor:
    dtype = node.input(0).dtype
    bounds = [(kind, place) for kind, place in (("max", 1), ("min", 2)) if node.has(place)]

    def make(value: Expr, *limits: Expr) -> Expr:
        for (kind, _), limit in zip(bounds, limits, strict=True):
            value = Op(kind, (value, limit), dtype)
        return value

    return elementwise(cx, (node.input(0), *(node.input(p) for _, p in bounds)), node.shape, dtype, make, 2)


@lowers("Relu", streams=True)
def relu(cx: Emitter, node: Node) -> Tensor:
    return elementwise(cx, (node.input(0),), node.shape, FLOAT, lambda a: Op("max", (a, Const(0.0))))


@lowers("Sigmoid", streams=True)
def sigmoid(cx: Emitter, node: Node) -> Tensor:
    """1 / (1 + exp(-x)): at both ends exp gives infinity or 0, and the quotient is right."""
    one = Const(1.0)
    return elementwise(cx, (node.input(0),), node.shape, FLOAT,
                       lambda a: Op("div", (one, Op("add", (one, Op("exp", (Op("neg", (a,)),)))))), 24)


@lowers("Cast", streams=True)
def cast(cx: Emitter, node: Node) -> Tensor:
    dtype = _CASTS[node.attributes["to"]]
    return elementwise(cx, (node.input(0),), node.shape, dtype,
                       lambda a: a if a.dtype == dtype else Op("cast", (a,), dtype))


@lowers("Identity", streams=True)
def identity(cx: Emitter, node: Node) -> Tensor:
    return node.input(0)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))
