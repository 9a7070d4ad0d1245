"""Normalisations of networks: means and deviations of a batch are constants, those of a layer are computed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.operators.elementwise import joined, same
from lineshaft.graph.importing.operators.reducing import reduced
from lineshaft.graph.importing.registry import operator
from lineshaft.graph.importing.values import Constant, Tensor


def _per_channel(values: Constant, x: Tensor) -> Constant:
    return values.astype(np.float32).reshape(-1, *(1,) * (len(x.wire.shape) - 1))


@operator("BatchNormalization")
def batch(node: Node) -> Tensor:
    """One gain and one offset a channel."""
    x = node.assets_first(0)
    scale, offset, mean, variance = (node.constant(i).astype(np.float64) for i in range(1, 5))
    if node.attribute("training_mode", 0):
        raise node.refused("it is in training mode")
    gain = scale / np.sqrt(variance + node.attribute("epsilon", 1e-5))
    gained = joined(node, "Mul", [x, _per_channel(gain, x)])
    return joined(node, "Add", [gained, _per_channel(offset - mean * gain, x)])


def standardised(node: Node, x: Tensor, axes: Sequence[int], epsilon: float) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) along axes of the wire."""
    centred = joined(node, "Sub", [x, reduced(node, "ReduceMean", x, axes)])
    variance = reduced(node, "ReduceMean", joined(node, "Mul", [centred, centred]), axes)
    return joined(node, "Div", [centred, same(node, "Sqrt", joined(
        node, "Add", [variance, np.asarray(epsilon, np.float32)]))])


@operator("LayerNormalization")
def layer(node: Node) -> Tensor:
    x = node.tensor(0)
    first = node.axis(x, node.attribute("axis", -1))
    if node.place(node.attribute("axis", -1), x.rank) < x.at:
        raise node.refused("it works across assets")
    found = standardised(node, x, range(first, len(x.wire.shape)), node.attribute("epsilon", 1e-5))
    found = joined(node, "Mul", [found, node.constant(1)])
    return joined(node, "Add", [found, node.constant(2)]) if node.has(2) else found


@operator("RMSNormalization")
def root_mean_square(node: Node) -> Tensor:
    x = node.tensor(0)
    axes = range(node.axis(x, node.attribute("axis", -1)), len(x.wire.shape))
    square = reduced(node, "ReduceMean", joined(node, "Mul", [x, x]), axes)
    size = same(node, "Sqrt", joined(node, "Add", [square, np.asarray(node.attribute("epsilon", 1e-5), np.float32)]))
    return joined(node, "Mul", [joined(node, "Div", [x, size]), node.constant(1)])


@operator("InstanceNormalization")
def instance(node: Node) -> Tensor:
    x = node.assets_first(0)
    found = standardised(node, x, range(1, len(x.wire.shape)), node.attribute("epsilon", 1e-5))
    found = joined(node, "Mul", [found, _per_channel(node.constant(1), x)])
    return joined(node, "Add", [found, _per_channel(node.constant(2), x)])


@operator("GroupNormalization")
def group(node: Node) -> Tensor:
    x = node.assets_first(0)
    groups, shape = int(node.attribute("num_groups")), x.wire.shape
    if groups < 1 or shape[0] % groups:
        raise node.refused(f"{groups} groups of {shape[0]} channels")
    apart = node.reshaped(x, (groups, math.prod(shape) // groups))
    found = node.reshaped(standardised(node, apart, [1], node.attribute("epsilon", 1e-5)), shape)
    scale, offset = (node.constant(i) for i in (1, 2))
    if len(scale) == groups:  # opset 18 has one number a group, later ones a channel
        scale, offset = (np.repeat(v, shape[0] // groups) for v in (scale, offset))
    return joined(node, "Add", [joined(node, "Mul", [found, _per_channel(scale, x)]), _per_channel(offset, x)])


@operator("MeanVarianceNormalization")
def mean_variance(node: Node) -> Tensor:
    x = node.assets_first(0)
    axes = [int(a) for a in node.attribute("axes", (0, 2, 3))]
    return standardised(node, x, [node.axis(x, a) for a in axes], 1e-9)


@operator("LRN")
def local_response(node: Node) -> Tensor:
    """x / (bias + alpha / size * sum of squares of neighbouring channels) ^ beta; the sum is a banded product."""
    x, size = node.assets_first(0), int(node.attribute("size"))
    channels = x.wire.shape[0]
    place = np.arange(channels)
    low, high = (size - 1) // 2, size - 1 - (size - 1) // 2
    band = ((place[None] >= place[:, None] - low) & (place[None] <= place[:, None] + high)).astype(np.float32)
    squares = node.reshaped(joined(node, "Mul", [x, x]), (channels, math.prod(x.wire.shape[1:])))
    summed = node.emit("MatMul", [band, squares.wire], squares.wire.shape)
    scaled = joined(node, "Mul", [node.reshaped(summed, x.wire.shape),
                                  np.asarray(node.attribute("alpha", 1e-4) / size, np.float32)])
    base = joined(node, "Add", [scaled, np.asarray(node.attribute("bias", 1.0), np.float32)])
    return joined(node, "Div", [x, joined(node, "Pow", [base, np.asarray(node.attribute("beta", 0.75), np.float32)])])
