"""A forest in operators of ``ai.onnx`` for backends without ``ai.onnx.ml``; only asked for by name.

    y = TreeEnsembleRegressor(x)
 ->
    right = x[feature of each node] <= threshold                       all nodes of all trees at once
    reached = the roots; then level by level: reached[parent] times right, and the rest
    y = MatMul(leaf reached, leaf values) + base

The form of S. Nakandala et al. (Hummingbird, OSDI 2020) that fits a step graph is chosen by size. Its tree traversal
takes computed places of a computed tensor, which a step graph may not; walking by levels marks what is reached instead,
with two operations for each node of the forest. Trees of depth 3 or less go as matrices: counting the decisions on the
way to each leaf is one product, with as many multiply-adds as nodes times leaves, in a third of the operators. Both
compare in float32 as the operator does, and a missing value (NaN) goes where the tree sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.operators import FOREST
from lineshaft.graph.view import Edit, Node, View

ORDER = None
DEEPEST_MATRIX = 3

_COMPARE = {"BRANCH_LEQ": "LessOrEqual", "BRANCH_LT": "Less", "BRANCH_GTE": "GreaterOrEqual", "BRANCH_GT": "Greater",
            "BRANCH_EQ": "Equal", "BRANCH_NEQ": "Equal"}


def rewrite(graph: View) -> View | str:
    edit = Edit(graph)
    for node in graph.nodes:
        if node.kind == FOREST:
            edit.replace(node.outputs[0], _lowered(edit, node))
    return edit.unchanged("there is no forest")


@dataclass(frozen=True)
class Inner:
    """A decision: its number among all of them, and where both ways lead."""

    number: int
    true: tuple[int, int]
    false: tuple[int, int]


@dataclass(frozen=True)
class Forest:
    """Decisions by (tree, node); ``values`` [outputs] of each leaf; everything of a decision as arrays."""

    roots: tuple[tuple[int, int], ...]
    inner: Mapping[tuple[int, int], Inner]
    values: Mapping[tuple[int, int], NDArray[np.float64]]
    features: NDArray[np.int64]
    thresholds: NDArray[np.float32]
    modes: tuple[str, ...]
    missing: NDArray[np.bool_]
    base: NDArray[np.float64]


def _forest(node: Node) -> Forest:
    places = list(zip(node.get("nodes_treeids"), node.get("nodes_nodeids"), strict=True))
    modes = [m.decode() for m in node.get("nodes_modes")]
    at = [i for i, mode in enumerate(modes) if mode != "LEAF"]
    true, false = node.get("nodes_truenodeids"), node.get("nodes_falsenodeids")
    inner = {places[i]: Inner(n, (places[i][0], true[i]), (places[i][0], false[i])) for n, i in enumerate(at)}
    outputs = node.get("n_targets", 1)
    values = {place: np.zeros(outputs) for place, mode in zip(places, modes, strict=True) if mode == "LEAF"}
    for tree, leaf, output, weight in zip(*(node.get(f"target_{k}") for k in ("treeids", "nodeids", "ids", "weights")),
                                          strict=True):
        values[tree, leaf][output] += weight
    below = {child for one in inner.values() for child in (one.true, one.false)}
    missing = node.get("nodes_missing_value_tracks_true") or [0] * len(places)
    return Forest(tuple(p for p in places if p not in below), inner, values,
                  np.array([node.get("nodes_featureids")[i] for i in at], np.int64),
                  np.array([node.get("nodes_values")[i] for i in at], np.float32), tuple(modes[i] for i in at),
                  np.array([bool(missing[i]) for i in at], np.bool_),
                  np.array(node.get("base_values") or [0.0] * outputs, np.float64))


def _lowered(edit: Edit, node: Node) -> str:
    forest = _forest(node)
    if not forest.inner:
        never = edit.add("Less", [edit.cut(node.inputs[0], 1, 0, 1), edit.constant(-np.inf)])
        none = edit.add("Cast", [never], to=1)  # 0 for each asset, whatever its features
        total = sum((forest.values[root] for root in forest.roots), forest.base)
        return edit.add("Add", [none, edit.constant(total)])
    right = _decisions(edit, node.inputs[0], forest)
    depth = max(_depth(forest, root) for root in forest.roots)
    found = _matrix(edit, right, forest) if depth <= DEEPEST_MATRIX else _levels(edit, right, forest)
    alone = sum((forest.values[r] for r in forest.roots if r in forest.values), forest.base)
    return edit.add("Add", [found, edit.constant(alone)]) if np.any(alone) else found


def _depth(forest: Forest, place: tuple[int, int]) -> int:
    one = forest.inner.get(place)
    return 0 if one is None else 1 + max(_depth(forest, one.true), _depth(forest, one.false))


def _decisions(edit: Edit, x: str, forest: Forest) -> str:
    """Booleans [nodes]: whether each decision goes its true way."""
    taken = edit.add("Gather", [x, edit.constant(forest.features, np.int64)], axis=1)
    thresholds = edit.constant(forest.thresholds)
    found = ""
    for mode in sorted(set(forest.modes)):
        answer = edit.add(_COMPARE[mode], [taken, thresholds])
        answer = edit.add("Not", [answer]) if mode == "BRANCH_NEQ" else answer
        of_mode = np.array([m == mode for m in forest.modes])
        if not of_mode.all():
            answer = edit.add("And", [answer, edit.constant(of_mode, np.bool_)])
        found = edit.add("Or", [found, answer]) if found else answer
    if forest.missing.any():
        lost = edit.add("Not", [edit.add("Equal", [taken, taken])])
        found = edit.add("Or", [found, edit.add("And", [lost, edit.constant(forest.missing, np.bool_)])])
    return found


def _levels(edit: Edit, right: str, forest: Forest) -> str:
    """Which nodes are reached (1 or 0), from the roots down; leaves keep their column until the end."""
    right = edit.add("Cast", [right], to=1)
    level = [root for root in forest.roots if root in forest.inner]
    reached, leaves, marks = edit.constant(np.ones((1, len(level)))), [], []
    while level:
        numbers = np.array([forest.inner[place].number for place in level])
        true = edit.add("Mul", [reached, edit.add("Gather", [right, edit.constant(numbers, np.int64)], axis=1)])
        both = edit.add("Concat", [true, edit.add("Sub", [reached, true])], axis=1)
        below = [forest.inner[p].true for p in level] + [forest.inner[p].false for p in level]
        ends = [i for i, place in enumerate(below) if place in forest.values]
        if ends:
            leaves += [forest.values[below[i]] for i in ends]
            marks.append(_picked(edit, both, ends, len(below)))
        goes_on = [i for i, place in enumerate(below) if place in forest.inner]
        reached = _picked(edit, both, goes_on, len(below)) if goes_on else ""
        level = [below[i] for i in goes_on]
    mark = edit.add("Concat", marks, axis=1) if len(marks) > 1 else marks[0]
    return edit.add("MatMul", [mark, edit.constant(np.stack(leaves))])


def _picked(edit: Edit, value: str, places: list[int], size: int) -> str:
    if len(places) == size:
        return value
    return edit.add("Gather", [value, edit.constant(np.array(places), np.int64)], axis=1)


def _matrix(edit: Edit, right: str, forest: Forest) -> str:
    """A leaf is reached where all decisions on its way went its way: their number is the leaf's."""
    ways: list[dict[int, int]] = []
    leaves: list[NDArray[np.float64]] = []
    for root in forest.roots:
        _walk(forest, root, {}, ways, leaves)
    signs = np.zeros((len(forest.features), len(leaves)), np.float32)
    for leaf, way in enumerate(ways):
        for number, sign in way.items():
            signs[number, leaf] = sign
    wanted = (signs > 0).sum(axis=0).astype(np.float32)
    count = edit.add("MatMul", [edit.add("Cast", [right], to=1), edit.constant(signs)])
    reached = edit.add("Cast", [edit.add("Equal", [count, edit.constant(wanted)])], to=1)
    return edit.add("MatMul", [reached, edit.constant(np.stack(leaves))])


def _walk(forest: Forest, place: tuple[int, int], way: dict[int, int], ways: list[dict[int, int]],
          leaves: list[Any]) -> None:
    one = forest.inner.get(place)
    if one is None:
        if way:
            ways.append(way)
            leaves.append(forest.values[place])
        return
    _walk(forest, one.true, way | {one.number: 1}, ways, leaves)
    _walk(forest, one.false, way | {one.number: -1}, ways, leaves)
