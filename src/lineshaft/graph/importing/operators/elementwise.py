"""Operators that work number by number, and comparisons."""

from __future__ import annotations

from functools import reduce

import numpy as np

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Tensor, Value


def joined(node: Node, kind: str, values: list[Value], of: str = "") -> Tensor:
    """One canonical operator over values that broadcast."""
    operands, at, rows = node.aligned(values)
    shapes = [o.shape if hasattr(o, "shape") else np.shape(o) for o in operands]
    whole = all((v.kind if isinstance(v, Tensor) else "int" if v.dtype.kind in "iu" else "float") == "int"
                for v in values)
    return node.emit(kind, operands, np.broadcast_shapes(*shapes), of=of or ("int" if whole else "float"), at=at,
                     joined=rows)


@operator("Add", "Sub", "Mul", "Pow")
def arithmetic(node: Node) -> Tensor:
    return joined(node, node.kind, [node.number(node.value(i)) for i in range(2)])


@operator("Div")
def divide(node: Node) -> Tensor:
    found = joined(node, "Div", [node.number(node.value(i)) for i in range(2)])
    return truncated(node, found) if found.kind == "int" else found


@operator("Mod")
def remainder(node: Node) -> Tensor:
    """a - b floor(a / b) for whole numbers, with the sign of a for ``fmod``."""
    a, b = node.value(0), node.value(1)
    quotient = joined(node, "Div", [a, b], "float")
    towards = truncated(node, quotient) if node.attribute("fmod", 0) else same(node, "Floor", quotient)
    return joined(node, "Sub", [a, joined(node, "Mul", [b, towards])])


@operator("Min", "Max")
def extreme(node: Node) -> Value:
    values = [node.number(v) for v in node.inputs if v is not None]
    return reduce(lambda a, b: joined(node, node.kind, [a, b]), values)


@operator("Sum")
def total(node: Node) -> Value:
    return reduce(lambda a, b: joined(node, "Add", [a, b]), [v for v in node.inputs if v is not None])


@operator("Mean")
def average(node: Node) -> Tensor:
    values = [v for v in node.inputs if v is not None]
    summed = reduce(lambda a, b: joined(node, "Add", [a, b]), values)
    return joined(node, "Mul", [summed, np.float32(1.0 / len(node.inputs)) * np.ones((), np.float32)])


@operator("Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Log", "Neg", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sqrt",
          "Tanh")
def unary(node: Node) -> Tensor:
    return same(node, node.kind, number(node, 0))


@operator("Reciprocal")
def reciprocal(node: Node) -> Tensor:
    return joined(node, "Div", [np.ones((), np.float32), number(node, 0)], "float")


@operator("Erfc")
def complementary(node: Node) -> Tensor:
    """1 - erf(x): no operator of ONNX, but tf2onnx writes TensorFlow's own name for it (the Gelu of Keras 3)."""
    return joined(node, "Sub", [np.ones((), np.float32), same(node, "Erf", number(node, 0))])


@operator("Equal")
def equal(node: Node) -> Tensor:
    return joined(node, "Equal", [node.number(node.value(i)) for i in range(2)], "bool")


@operator("Greater", "GreaterOrEqual", "Less", "LessOrEqual")
def compare(node: Node) -> Tensor:
    return joined(node, node.kind, [node.number(node.value(i)) for i in range(2)], "bool")


@operator("And", "Or")
def logic(node: Node) -> Tensor:
    values = []
    for place in range(2):
        value = node.value(place)
        if not isinstance(value, Tensor):
            raise node.refused("one side of it is a constant")
        values.append(value)
    return joined(node, node.kind, list(values), "bool")


@operator("Xor")
def differ(node: Node) -> Tensor:
    same_ = joined(node, "Equal", [node.number(node.value(i)) for i in range(2)], "bool")
    return same(node, "Not", same_)


@operator("Not")
def negate(node: Node) -> Tensor:
    return same(node, "Not", node.rows(0))


@operator("IsNaN")
def is_nan(node: Node) -> Tensor:
    """NaN is what doesn't equal itself."""
    x = node.tensor(0)
    return same(node, "Not", joined(node, "Equal", [x, x], "bool"))


@operator("Where")
def choose(node: Node) -> Tensor:
    condition, yes, no = (node.value(i) for i in range(3))
    if not isinstance(condition, Tensor):
        # A known mask: its numbers choose between the two by weight, without a test in the graph.
        condition = joined(node, "Equal", [condition.astype(np.float32), _ones_like(node, yes, no)], "bool")
    return joined(node, "Where", [condition, node.number(yes), node.number(no)])


def _ones_like(node: Node, *values: Value) -> Tensor:
    like = next(v for v in values if isinstance(v, Tensor))
    zero = joined(node, "Mul", [node.number(like), np.zeros((), np.float32)])
    return joined(node, "Add", [zero, np.ones((), np.float32)])


@operator("Clip")
def clip(node: Node) -> Value:
    """Bounds are attributes before opset 11; an absent one is none."""
    x = number(node, 0)
    for kind, name, place in (("Max", "min", 1), ("Min", "max", 2)):
        bound = node.attribute(name) if name in node.attributes else (
            node.constant(place) if node.has(place) else None)
        if bound is not None:
            x = joined(node, kind, [x, np.asarray(bound, np.float32)])
    return x


@operator("Cast", "CastLike")
def cast(node: Node) -> Tensor:
    from onnx import TensorProto

    x, to = node.rows(0), node.attribute("to", TensorProto.FLOAT)
    if node.kind == "CastLike":
        like = node.value(1)
        to = {"int": TensorProto.INT64, "bool": TensorProto.BOOL}.get(
            like.kind if isinstance(like, Tensor) else {"i": "int", "b": "bool"}.get(like.dtype.kind, ""),
            TensorProto.FLOAT)
    if to == TensorProto.STRING:
        raise node.refused("it makes text")
    if to == TensorProto.BOOL:
        return x if x.kind == "bool" else same(node, "Not", joined(
            node, "Equal", [x, np.zeros((), np.float32)], "bool"))
    whole = to not in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    plain = number(node, 0)
    if whole:
        return truncated(node, plain)
    return Tensor(plain.wire, "float", plain.at, plain.joined)


def number(node: Node, place: int) -> Tensor:
    """A computed input as numbers."""
    node.rows(place)
    found = node.number(node.value(place))
    assert isinstance(found, Tensor)
    return found


def same(node: Node, kind: str, x: Tensor, of: str = "") -> Tensor:
    """One canonical operator that keeps the shape."""
    return node.emit(kind, [x.wire], x.wire.shape, of=of or x.kind, at=x.at, joined=x.joined)


def truncated(node: Node, x: Tensor) -> Tensor:
    """Towards zero, as a cast to a whole number is."""
    if x.kind == "int" and node.kind != "Div":
        return x
    size = same(node, "Floor", same(node, "Abs", x))
    return Tensor(joined(node, "Mul", [same(node, "Sign", x), size]).wire, "int", x.at, x.joined)
