"""Static int8: quantise and dequantise pairs (QDQ) around the nodes that are worth it, with calibrated ranges.

Activations are uint8 with a zero point, weights int8 with a scale for each output channel: the form that ran fastest
and kept most on the CPU (docs/adr/0018). Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from lineshaft.core.step import Array
from lineshaft.graph.quantise.observe import Seen
from lineshaft.graph.quantise.range import SMALLEST, Choice, Scale, channel_scales, chosen
from lineshaft.graph.view import Edit, Node, View

LARGEST_BIAS = 2.0**30
ACTIVATIONS = ("Relu", "Clip")
FEWEST_MACS = 256  # below, a node is the decision's own arithmetic (a smoothing, a sum) and stays in float


def candidates(graph: View) -> tuple[Node, ...]:
    """Convolutions and matrix products with constant weights, in their order; what keeps state or forms the score by
    elementwise arithmetic is never among them.
    """
    return tuple(n for n in graph.nodes if n.kind in ("Conv", "MatMul") and _weights(graph, n) is not None)


def _weights(graph: View, node: Node) -> Array | None:
    weights = graph.constant(node.inputs[1])
    if weights is None or weights.dtype != np.float32 or weights.size < FEWEST_MACS:
        return None
    if node.kind == "MatMul" and weights.ndim != 2:
        return None
    return weights if graph.shape(node.inputs[0]) is not None else None


def wanted(graph: View, nodes: Collection[Node]) -> tuple[str, ...]:
    """The values whose ranges have to be seen before ``quantised``."""
    found: list[str] = []
    for node in nodes:
        found += [node.inputs[0], _end(graph, node).outputs[0]]
    for node in _sums(graph, nodes):
        found += [_end(graph, node).outputs[0]]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Plan:
    """How to quantise: the choice of ranges, and the bits of dense weights.

    Seven bits there, since x86 without VNNI adds two products in 16 bits, which two of eight bits saturate: the first
    layer of EfficientNet-Lite0 alone was off by half of the result. Weights of grouped convolutions have eight.
    """

    choice: Choice = "mse"
    dense_bits: int = 7


def quantised(graph: View, nodes: Collection[Node], seen: Mapping[str, Seen], plan: Plan = Plan()) -> View:
    """The graph with these candidates in eight bits, and the sums of two of their results."""
    return _Writer(graph, nodes, seen, plan).write()


def _end(graph: View, node: Node) -> Node:
    """The node whose output is quantised for ``node``: itself, or the activation that alone takes its output."""
    after = graph.only_use(node.outputs[0])
    if after is not None and after.kind in ACTIVATIONS and after.inputs[0] == node.outputs[0]:
        return after
    return node


def _sums(graph: View, nodes: Collection[Node]) -> tuple[Node, ...]:
    """Additions whose operands are both given in eight bits anyway (residual connections)."""
    given = {_end(graph, node).outputs[0] for node in nodes if node.kind == "Conv"}
    found = []
    for node in graph.nodes:
        if node.kind == "Add" and given.issuperset(node.inputs):
            found.append(node)
            given.add(_end(graph, node).outputs[0])
    return tuple(found)


class _Writer:
    """Writes the quantised graph node by node."""

    def __init__(self, graph: View, nodes: Collection[Node], seen: Mapping[str, Seen], plan: Plan) -> None:
        self._graph, self._seen, self._plan = graph, seen, plan
        self._edit = Edit(graph)
        self._nodes, self._sums = set(nodes), set(_sums(graph, nodes))
        self._pairs: dict[str, tuple[str, Scale]] = {}

    def write(self) -> View:
        for node in self._graph.nodes:
            if node in self._nodes:
                self._product(node)
            elif node in self._sums:
                self._result(node, self._edit.add("Add", [self._value(i)[0] for i in node.inputs]))
        return self._edit.done()

    def _value(self, name: str) -> tuple[str, Scale]:
        """A value in eight bits, and dequantised again; one pair serves all that take it."""
        if name not in self._pairs:
            self._pairs[name] = self._pair(name, chosen(self._seen[name], self._plan.choice))
        return self._pairs[name]

    def _pair(self, name: str, scale: Scale) -> tuple[str, Scale]:
        constants = [self._edit.constant(np.float32(scale.scale)), self._edit.constant(np.uint8(scale.zero), np.uint8)]
        narrow = self._edit.add("QuantizeLinear", [name, *constants])
        return self._edit.add("DequantizeLinear", [narrow, *constants]), scale

    def _product(self, node: Node) -> None:
        edit, graph = self._edit, self._graph
        value, scale = self._value(node.inputs[0])
        weights = graph.constants[node.inputs[1]]
        axis = 0 if node.kind == "Conv" else 1
        bias = graph.constants[node.inputs[2]] if len(node.inputs) > 2 else np.zeros(1, np.float32)
        # A channel without weights is all bias, which has to fit in 32 bits of its scale.
        least = np.maximum(np.abs(bias) / (scale.scale * LARGEST_BIAS), SMALLEST)
        whole, scales = channel_scales(weights, axis, 8 if node.get("group", 1) > 1 else self._plan.dense_bits, least)
        inputs = [value, edit.add("DequantizeLinear", [
            edit.constant(whole, np.int8), edit.constant(scales), edit.constant(np.zeros(len(scales)), np.int8)],
            axis=axis)]
        if len(node.inputs) > 2:
            steps = scale.scale * scales
            inputs.append(edit.add("DequantizeLinear", [edit.constant(np.round(bias / steps), np.int32),
                                                        edit.constant(steps)], axis=0))
        self._result(node, edit.add(node.kind, inputs, **node.attributes))

    def _result(self, node: Node, made: str) -> None:
        """The result in eight bits, behind its activation; a range that the activation bounds makes it needless."""
        end = _end(self._graph, node)
        name = end.outputs[0]
        if node.kind == "MatMul" and not self._taken(name):
            self._edit.replace(node.outputs[0], made)
            return
        scale = chosen(self._seen[name], self._plan.choice)
        if end is not node and not self._implied(end, scale):
            made = self._edit.add(end.kind, [made, *end.inputs[1:]])
        pair = self._pair(made, scale)
        self._pairs[name] = pair
        self._edit.replace(name, pair[0])

    def _taken(self, name: str) -> bool:
        """Whether another node takes this value in eight bits."""
        return any(user in self._nodes for user in self._graph.consumers.get(name, ()))

    def _implied(self, activation: Node, scale: Scale) -> bool:
        low, high = 0.0, np.inf
        if activation.kind == "Clip":
            bounds = [self._graph.constants[i] for i in activation.inputs[1:] if i]
            if len(bounds) != 2:
                return False
            low, high = float(bounds[0].item()), float(bounds[1].item())
        return scale.low >= low and scale.high <= high + scale.scale / 2
