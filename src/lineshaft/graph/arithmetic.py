"""What one step of one asset costs, counted from the graph alone.

The convention: a multiply-add of ``Conv``, ``MatMul`` and ``MatMulInteger`` counts once; an elementwise operator once
for each value it gives (also ``Exp`` and its like, whatever they take); a reduction or a pool once for each value it
reads; ``Softmax`` four times for each value; a forest once for each level of each tree on its longest way, and once for
each tree. What only moves values (``Concat``, ``Slice``, ``Gather``, ``Pad``, ``Transpose``, ``TopK`` and outputs that
are copies) counts under ``moved``, in values written; ``Reshape`` and constants cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from lineshaft.graph.operators import FOREST
from lineshaft.graph.view import Constant, Node, View

_UNPACKS = frozenset("Cast DequantizeLinear Mul".split())  # of weights that are stored in fewer bits
_MOVES = frozenset("Concat Gather Identity Pad Slice TopK Transpose".split())
_READS = frozenset("ArgMax ReduceMax ReduceMean ReduceMin ReduceSum".split())


@dataclass(frozen=True, slots=True)
class Cost:
    """Per asset and step: ``macs`` multiply-adds, ``elementwise`` other operations, ``moved`` values copied."""

    nodes: int
    macs: int
    elementwise: int
    moved: int

    @property
    def arithmetic(self) -> int:
        return self.macs + self.elementwise


def cost(graph: View) -> Cost:
    """The cost of one step of one asset.

    >>> from lineshaft.graph.builder import StepBuilder
    >>> from lineshaft.graph.view import view
    >>> g = StepBuilder(3)
    >>> cost(view(g.model({"y": g.relu(g.project(g.x, [[1.0, 2.0]] * 3))})))
    Cost(nodes=3, macs=6, elementwise=2, moved=2)
    """
    macs = elementwise = moved = 0
    for node in graph.nodes:
        values = _size(graph, node.outputs[0])
        if node.kind in _MOVES:
            moved += values
        elif node.kind in _MACS:
            macs += values * _MACS[node.kind](graph, node)
        elif node.kind != "Reshape":
            elementwise += _operations(graph, node, values)
    return Cost(len(graph.nodes), macs, elementwise, moved)


def state_values(graph: View) -> int:
    """How many numbers a graph keeps from tick to tick, per asset."""
    return sum(math.prod(port.shape) for port in graph.states)


def unprofitable(before: View, after: View) -> str:
    """Why keeping values from tick to tick instead of computing them does not pay; empty where it does.

    Each value kept has to save an operation, and four where the old window stays beside it for others: measured in C,
    a second buffer is then moved and held for little (docs/adr/0017).
    """
    saved = cost(before).arithmetic - cost(after).arithmetic
    grown = state_values(after) - state_values(before)
    stays = {s.name for s in before.states} <= {s.name for s in after.states}
    if saved <= 0:
        return "from scratch it is as short"
    if grown * (4 if stays else 1) < saved:
        return ""
    return f"it would keep {grown:,} more values to save {saved:,} operations"


def _operations(graph: View, node: Node, values: int) -> int:
    if node.kind in _READS:
        return _size(graph, node.inputs[0])
    if node.kind in ("MaxPool", "AveragePool"):
        return values * int(math.prod(node.get("kernel_shape")))
    if node.kind == FOREST:
        return _forest(node)
    return 4 * values if node.kind == "Softmax" else values


def _size(graph: View, name: str) -> int:
    shape = graph.shape(name)
    return math.prod(shape) if shape is not None else 0


def _conv(graph: View, node: Node) -> int:
    weights = _shape(graph, node.inputs[1])
    return int(math.prod(weights[1:]))


def _matmul(graph: View, node: Node) -> int:
    right, left = _shape(graph, node.inputs[1]), _shape(graph, node.inputs[0])
    return (right[-2] if len(right) > 1 else right[-1]) if right else left[-1] if left else 0


def _shape(graph: View, name: str) -> tuple[int, ...]:
    constant = _unpacked(graph, name)
    return tuple(constant.shape) if constant is not None else graph.shape(name) or ()


def _unpacked(graph: View, name: str) -> Constant | None:
    """A constant, or the one that holds these weights in fewer bits."""
    constant, node = graph.constant(name), graph.producer(name)
    if constant is not None or node is None or node.kind not in _UNPACKS:
        return constant
    sources = [_unpacked(graph, i) for i in node.inputs if i]
    return sources[0] if all(source is not None for source in sources) else None


_MACS: dict[str, Callable[[View, Node], int]] = {"Conv": _conv, "MatMul": _matmul, "MatMulInteger": _matmul}


def _forest(node: Node) -> int:
    """The longest way through each tree, added up, and one addition a tree."""
    places = zip(node.get("nodes_treeids"), node.get("nodes_nodeids"), strict=True)
    children = {place: (true, false) for place, true, false, mode in zip(
        places, node.get("nodes_truenodeids"), node.get("nodes_falsenodeids"), node.get("nodes_modes"), strict=True)
        if mode != b"LEAF"}
    trees = sorted(set(node.get("nodes_treeids")))
    return sum(_depth(children, tree) + 1 for tree in trees)


def _depth(children: dict[tuple[int, int], tuple[int, int]], tree: int) -> int:
    level, depth = [0], 0
    while inner := [place for place in level if (tree, place) in children]:
        level, depth = [child for place in inner for child in children[tree, place]], depth + 1
    return depth


def interpreted(graph: View) -> float:
    """Nanoseconds of a step in a runtime that executes operators one by one: 430 each (measured, docs/adr/0017)."""
    found = cost(graph)
    return 430.0 * found.nodes + 0.1 * found.arithmetic + 0.05 * found.moved


def compiled(graph: View) -> float:
    """Nanoseconds of a step as compiled loops, where an operator costs nothing but its arithmetic and its copies."""
    found = cost(graph)
    return 0.25 * found.arithmetic + 0.05 * found.moved
