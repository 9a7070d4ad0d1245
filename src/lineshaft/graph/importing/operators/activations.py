"""Activations in terms of a few canonical operators (definitions of the ONNX operator schemas)."""

from __future__ import annotations

import math

import numpy as np

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.elementwise import joined, number, same
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Tensor, Value


def scalar(value: float) -> Value:
    """A plain number as a constant."""
    return np.asarray(value, np.float32)


def times(node: Node, x: Value, factor: Value | float) -> Tensor:
    return joined(node, "Mul", [x, scalar(factor) if isinstance(factor, float) else factor])


def plus(node: Node, x: Value, other: Value | float) -> Tensor:
    return joined(node, "Add", [x, scalar(other) if isinstance(other, float) else other])


def bounded(node: Node, x: Value, low: float, high: float) -> Tensor:
    return joined(node, "Min", [joined(node, "Max", [x, scalar(low)]), scalar(high)])


def negative(node: Node, x: Tensor) -> Tensor:
    return joined(node, "Min", [x, scalar(0.0)])


@operator("LeakyRelu")
def leaky(node: Node) -> Tensor:
    x = number(node, 0)
    return plus(node, same(node, "Relu", x), times(node, negative(node, x), float(node.attribute("alpha", 0.01))))


@operator("PRelu")
def parametric(node: Node) -> Tensor:
    x = number(node, 0)
    return plus(node, same(node, "Relu", x), times(node, negative(node, x), node.constant(1)))


@operator("ThresholdedRelu")
def thresholded(node: Node) -> Tensor:
    x = number(node, 0)
    over = joined(node, "Greater", [x, scalar(float(node.attribute("alpha", 1.0)))], "bool")
    return joined(node, "Where", [over, x, scalar(0.0)])


@operator("Elu", "Celu", "Selu")
def exponential(node: Node) -> Tensor:
    """max(x, 0) + a (exp(min(x, 0) / s) - 1), times g for Selu."""
    x = number(node, 0)
    selu = node.kind == "Selu"
    alpha = float(node.attribute("alpha", 1.6732632423543772 if selu else 1.0))
    gain = float(node.attribute("gamma", 1.0507009873554805)) if selu else 1.0
    below = negative(node, x)
    if node.kind == "Celu":
        below = times(node, below, 1.0 / alpha)
    curved = times(node, plus(node, same(node, "Exp", below), -1.0), alpha)
    whole = plus(node, same(node, "Relu", x), curved)
    return times(node, whole, gain) if selu else whole


@operator("HardSigmoid")
def hard_sigmoid(node: Node) -> Tensor:
    x = number(node, 0)
    line = plus(node, times(node, x, float(node.attribute("alpha", 0.2))), float(node.attribute("beta", 0.5)))
    return bounded(node, line, 0.0, 1.0)


@operator("HardSwish")
def hard_swish(node: Node) -> Tensor:
    x = number(node, 0)
    return times(node, x, bounded(node, plus(node, times(node, x, 1.0 / 6.0), 0.5), 0.0, 1.0))


@operator("Swish")
def swish(node: Node) -> Tensor:
    x = number(node, 0)
    return times(node, x, same(node, "Sigmoid", times(node, x, float(node.attribute("alpha", 1.0)))))


def soft_plus(node: Node, x: Tensor) -> Tensor:
    """max(x, 0) + log(1 + exp(-|x|)), which does not overflow."""
    small = same(node, "Exp", same(node, "Neg", same(node, "Abs", x)))
    return plus(node, same(node, "Relu", x), same(node, "Log", plus(node, small, 1.0)))


@operator("Softplus")
def softplus(node: Node) -> Tensor:
    return soft_plus(node, number(node, 0))


@operator("Mish")
def mish(node: Node) -> Tensor:
    x = number(node, 0)
    return times(node, x, same(node, "Tanh", soft_plus(node, x)))


@operator("Softsign")
def softsign(node: Node) -> Tensor:
    x = number(node, 0)
    return joined(node, "Div", [x, plus(node, same(node, "Abs", x), 1.0)])


@operator("Gelu")
def gelu(node: Node) -> Tensor:
    x = number(node, 0)
    if node.attribute("approximate", "none") == "tanh":
        cube = times(node, times(node, times(node, x, x), x), 0.044715)
        inner = same(node, "Tanh", times(node, plus(node, x, cube), math.sqrt(2.0 / math.pi)))
    else:
        inner = same(node, "Erf", times(node, x, 1.0 / math.sqrt(2.0)))
    return times(node, times(node, x, 0.5), plus(node, inner, 1.0))


@operator("Shrink")
def shrink(node: Node) -> Tensor:
    x, bias, edge = number(node, 0), float(node.attribute("bias", 0.0)), float(node.attribute("lambd", 0.5))
    over = joined(node, "Greater", [x, scalar(edge)], "bool")
    under = joined(node, "Less", [x, scalar(-edge)], "bool")
    low = joined(node, "Where", [under, plus(node, x, bias), scalar(0.0)])
    return joined(node, "Where", [over, plus(node, x, -bias), low])
