"""Operators that give what they take go, and two reshapes or transposes in a row become one.

    y = Identity(x) | Reshape(x, its own shape) | Transpose(x, [0, 1, 2]) | Slice(x, all) | Add(x, 0) | Mul(x, 1)  ->  x
    y = Where(true, x, z)          ->  x
    Reshape(Reshape(x, a), b)      ->  Reshape(x, b)
    Transpose(Transpose(x, p), q)  ->  Transpose(x, p of q)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lineshaft.graph.view import Edit, Node, View

ORDER = 100
CLEANS = True

_NEUTRAL = {"Add": 0.0, "Sub": 0.0, "Mul": 1.0, "Div": 1.0}
_REDUCTIONS = frozenset(("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"))


def rewrite(graph: View) -> View | str:
    edit = Edit(graph)
    for node in graph.nodes:
        same = _same(graph, node)
        if same and not (node.outputs[0] in graph.ports and same in graph.ports):
            edit.replace(node.outputs[0], same)
        elif not same and (merged := _merged(graph, node)) is not None:
            edit.put(node, **merged)
    return edit.unchanged("every operator changes something")


def _same(graph: View, node: Node) -> str:
    """The input that a node only hands on, if it does."""
    rule = _RULES.get(node.kind)
    if node.kind in _NEUTRAL:
        return _neutral(graph, node)
    if node.kind == "Where":
        return _chosen(graph, node)
    return node.inputs[0] if rule is not None and rule(graph, node) else ""


def _like(graph: View, node: Node) -> bool:
    """Whether shape and type stay."""
    before, after = graph.shape(node.inputs[0]), graph.shape(node.outputs[0])
    return before is not None and before == after and graph.dtype(node.inputs[0]) == graph.dtype(node.outputs[0])


def _whole(graph: View, node: Node) -> bool:
    steps = graph.whole_numbers(node.inputs[4]) if len(node.inputs) > 4 else ()
    return _like(graph, node) and all(step == 1 for step in steps)


def _ones(graph: View, node: Node) -> bool:
    """A reduction along axes of length 1, which stay."""
    axes = graph.whole_numbers(node.inputs[1]) if len(node.inputs) > 1 else ()
    shape = graph.shape(node.inputs[0])
    if shape is None or not axes or not _like(graph, node):
        return False
    lengths = (0, *shape)  # the asset axis is none of those
    return all(lengths[axis] == 1 for axis in axes)


def _neutral(graph: View, node: Node) -> str:
    """x + 0, 0 + x, x - 0, x * 1, 1 * x, x / 1."""
    for value, other in ((0, 1), (1, 0)):
        constant = graph.constant(node.inputs[other])
        commutes = node.kind in ("Add", "Mul") or other == 1
        if constant is not None and commutes and np.all(constant == _NEUTRAL[node.kind]):
            shape = graph.shape(node.inputs[value])
            return node.inputs[value] if shape is not None and shape == graph.shape(node.outputs[0]) else ""
    return ""


def _chosen(graph: View, node: Node) -> str:
    """What ``Where`` always takes."""
    condition = graph.constant(node.inputs[0])
    if condition is None or np.all(condition) != np.any(condition):
        return ""
    taken = node.inputs[1 if np.all(condition) else 2]
    shape = graph.shape(taken)
    return taken if shape is not None and shape == graph.shape(node.outputs[0]) else ""


def _merged(graph: View, node: Node) -> dict[str, object] | None:
    before = graph.producer(node.inputs[0], node.kind) if node.inputs else None
    if before is None:
        return None
    if node.kind == "Reshape":
        target = graph.whole_numbers(node.inputs[1])
        plain = target[:1] == (-1,) and 0 not in target and not before.get("allowzero", 0)
        return {"inputs": (before.inputs[0], node.inputs[1])} if plain else None
    if node.kind == "Transpose" and before.get("perm") and node.get("perm"):
        order: Sequence[int] = [before.get("perm")[i] for i in node.get("perm")]
        return {"inputs": before.inputs, "attributes": {"perm": order}}
    return None


_RULES: dict[str, Callable[[View, Node], bool]] = {
    "Identity": lambda graph, node: True,
    "Cast": _like, "Reshape": _like, "Slice": _whole, "Pad": _like,
    "Transpose": lambda graph, node: list(node.get("perm", ())) == list(range(len(node.get("perm", ())))) != [],
    "Concat": lambda graph, node: len(node.inputs) == 1,
    "Max": lambda graph, node: len(node.inputs) == 1, "Min": lambda graph, node: len(node.inputs) == 1,
    **dict.fromkeys(_REDUCTIONS, _ones)}
