"""Regression trees, in the form that suits the machine; both take as long for one input as for any other.

A machine that does one thing at a time *walks*: node arrays, to the depth of the tree, without a branch. One with lanes
compares *all* nodes: each comparison that fails takes the leaves of its yes side out of the tree's set of leaves, and
the first leaf that is left is the tree's answer (Lucchese et al., QuickScorer, SIGIR 2015; here trees lie side by side
in the lanes instead of nodes behind each other).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import BOOL, INT, Buffer, Const, Expr, Index, Load, Op
from lineshaft.graph.loops.lanes import side_by_side, sums
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Place, Tensor, View, view
from lineshaft.graph.loops.trees import COMPARISONS, Trees

_WORD, _MOST_LEAVES = 32, 64
_STRANDS = 4  # trees that are walked at once


@lowers("TreeEnsembleRegressor")
def forest(cx: Emitter, node: Node) -> Tensor:
    trees, x = Trees.of(node.attributes), cx.realise(node.input(0))
    target = view(cx.buffer("float32", math.prod(node.shape)), node.shape)
    base = cx.constant(trees.base)
    cx.loops(target.shape, lambda place: cx.write_at(target, place, Load(base, place[-1])))
    leaves = trees.leaves()
    most = max(map(len, leaves))
    if cx.lanes > 1 and most <= _MOST_LEAVES:
        trees, x = _filled(cx, trees, x)
        _Sets(cx, trees, leaves, -(-most // _WORD)).lower(cx, x, target)
    else:
        _walked(cx, trees, x, target)
    return target


@dataclass(frozen=True)
class _Nodes:
    """What nodes compare, in some order, as constants of the program."""

    feature: Buffer
    value: Buffer
    kinds: tuple[int, ...]
    modes: Buffer | None
    missing: Buffer | None

    @classmethod
    def of(cls, cx: Emitter, trees: Trees, order: NDArray[np.int64]) -> _Nodes:
        inner = ~trees.leaf
        kinds = _kinds(trees)
        return cls(cx.constant(trees.feature[order]), cx.constant(trees.value[order]), kinds,
                   cx.constant(trees.modes[order]) if len(kinds) > 1 else None,
                   cx.constant(trees.missing[order]) if np.any(trees.missing[inner]) else None)

    def goes_on(self, x: View, row: Place, at: Index) -> Expr:
        """Whether the comparison of the node at a place holds."""
        number, value = x.at((*row, Index(0, ((Load(self.feature, at), 1),)))), Load(self.value, at)
        held: Expr = Op(COMPARISONS[self.kinds[0]], (number, value), BOOL)
        for kind in self.kinds[1:]:
            assert self.modes is not None
            other = Op(COMPARISONS[kind], (number, value), BOOL)
            held = Op("select", (Op("eq", (Load(self.modes, at), Const(kind, INT)), BOOL), other, held), BOOL)
        if self.missing is not None:
            follows = Op("eq", (Load(self.missing, at), Const(1, INT)), BOOL)
            held = Op("or", (held, Op("and", (Op("ne", (number, number), BOOL), follows), BOOL)), BOOL)
        return held


def _kinds(trees: Trees) -> tuple[int, ...]:
    return tuple(sorted(set(trees.modes[~trees.leaf].tolist()))) or (0,)


def _filled(cx: Emitter, trees: Trees, x: View) -> tuple[Trees, View]:
    """Each feature once more with NaN replaced by a number that holds, for the nodes where NaN holds: then no node has
    to ask."""
    kinds = _kinds(trees)
    if len(kinds) > 1 or kinds[0] > 3 or not np.any(trees.missing[~trees.leaf]):
        return trees, x
    holding, count = -math.inf if kinds[0] < 2 else math.inf, x.shape[-1]
    both = view(cx.buffer("float32", 2 * x.size), (*x.shape[:-1], 2 * count))

    def fill(place: Place) -> None:
        number, second = x.at(place), (*place[:-1], place[-1] + count)
        absent = Op("ne", (number, number), BOOL)
        cx.write_at(both, place, number)
        cx.write_at(both, second, Op("select", (absent, Const(holding), number)))

    cx.loops(x.shape, fill)
    moved = np.where(trees.leaf, 0, trees.feature + count * trees.missing).astype(np.int32)
    return replace(trees, feature=moved, missing=np.zeros_like(trees.missing)), both


def _walked(cx: Emitter, trees: Trees, x: View, target: View) -> None:
    """Down all trees to the depth of the deepest of their group; a leaf is its own child.

    A machine with lanes goes down several at once: a step waits for three loads, and those of other trees don't.
    """
    nodes = _Nodes.of(cx, trees, np.arange(len(trees.leaf)))
    yes, no, weights = cx.constant(trees.yes), cx.constant(trees.no), cx.constant(trees.weights)
    targets = target.shape[-1]

    def walk(row: Place, roots: list[Expr], depth: int) -> None:
        places = [cx.buffer(INT, 1, "local") for _ in roots]
        ats = [Index(0, ((Load(place, WHOLE), 1),)) for place in places]
        for place, root in zip(places, roots, strict=True):
            cx.store(place, WHOLE, root)

        def step(_: Index) -> None:
            for place, at in zip(places, ats, strict=True):
                cx.store(place, WHOLE, Op("select", (nodes.goes_on(x, row, at), Load(yes, at), Load(no, at)), INT))

        if depth:
            cx.loop(depth, step)
        for at in ats:
            cx.loop(targets, lambda k, at=at: cx.write_at(target, (*row, k), Op("add", (  # type: ignore[misc]
                target.at((*row, k)), Load(weights, at * targets + k)))))

    for depth, groups in _groups(trees.depths, _STRANDS if cx.lanes > 1 else 1):
        count, together = groups.shape
        roots = cx.constant(trees.roots[groups])
        cx.loops(target.shape[:-1], lambda row, roots=roots, depth=depth, count=count, together=together: cx.loop(  # type: ignore[misc]
            count, lambda group: walk(row, [Load(roots, group * together + i) for i in range(together)], depth)))


def _groups(depths: NDArray[np.int32], together: int) -> list[tuple[int, NDArray[np.int64]]]:
    """Numbers of trees [groups, trees that go down at once] with the depth that is enough for them."""
    order = np.argsort(depths, kind="stable")
    pieces = [order[i:i + together] for i in range(0, len(order), together)]
    keys = [(int(depths[piece].max()), len(piece)) for piece in pieces]
    return [(key[0], np.stack([piece for piece, own in zip(pieces, keys, strict=True) if own == key]))
            for key in sorted(set(keys))]


class _Sets:
    """Trees side by side: ``masks`` [nodes, words, trees] are the leaves that stay when a comparison fails."""

    def __init__(self, cx: Emitter, trees: Trees, leaves: list[list[int]], words: int) -> None:
        self.words, self.wide = words, -(-len(leaves) // cx.lanes) * cx.lanes
        inner = [trees.inner(root) for root in trees.roots.tolist()]
        self.deep = max(map(len, inner))
        order = np.full((self.deep, self.wide), int(np.flatnonzero(trees.leaf)[0]), np.int64)
        masks = np.full((self.deep, words, self.wide), -1, np.int64)
        weights = np.zeros((trees.weights.shape[1], self.wide, words * _WORD), np.float32)
        for tree, (nodes, ends) in enumerate(zip(inner, leaves, strict=True)):
            weights[:, tree, :len(ends)] = trees.weights[ends].T
            bit = {leaf: i for i, leaf in enumerate(ends)}
            for slot, node in enumerate(nodes):
                order[slot, tree] = node
                for leaf in trees.below(int(trees.yes[node])):
                    masks[slot, bit[leaf] // _WORD, tree] &= ~(1 << bit[leaf] % _WORD)
        self.nodes = _Nodes.of(cx, trees, order) if self.deep else None
        self.masks = cx.constant(masks.astype(np.uint32).view(np.int32)) if self.deep else None
        self.weights = cx.constant(weights)

    def lower(self, cx: Emitter, x: View, target: View) -> None:
        sets = cx.buffer(INT, self.words * self.wide)
        cx.loops(target.shape[:-1], lambda row: self._row(cx, x, target, row, sets))

    def _row(self, cx: Emitter, x: View, target: View, row: Place, sets: Buffer) -> None:
        cx.loop(sets.size, lambda at: cx.store(sets, at, Const(-1, INT)))
        if self.nodes is not None:
            cx.loop(self.deep, lambda slot: cx.loop(self.wide, lambda tree: self._compare(
                cx, x, row, sets, slot, tree)))
        answers = cx.buffer(INT, self.wide)
        cx.loop(self.wide, lambda tree: cx.store(answers, tree, self._first(sets, tree)))
        for k in range(target.shape[-1]):
            found = cx.buffer("float32", self.wide)
            first = k * self.wide * self.words * _WORD

            def look(tree: Index, found: Buffer = found, first: int = first) -> None:
                leaf = Index(0, ((Load(answers, tree), 1),))
                cx.store(found, tree, Load(self.weights, tree * (self.words * _WORD) + leaf + first))

            cx.loop(self.wide, look)
            place = (*row, Index(k))
            values = view(found, (self.wide,))
            if side_by_side(cx, values, self.wide):
                sums(cx, self.wide, 1, lambda tree, values=values: values.at((tree,)),  # type: ignore[misc]
                     lambda value, _, at: value,
                     lambda _, total, place=place: cx.write_at(  # type: ignore[misc]
                         target, place, Op("add", (target.at(place), total))))
                continue
            cx.loop(self.wide, lambda tree, found=found, place=place: cx.write_at(  # type: ignore[misc]
                target, place, Op("add", (target.at(place), Load(found, tree)))))

    def _compare(self, cx: Emitter, x: View, row: Place, sets: Buffer, slot: Index, tree: Index) -> None:
        assert self.nodes is not None and self.masks is not None
        holds = self.nodes.goes_on(x, row, slot * self.wide + tree)
        for word in range(self.words):
            at = tree + word * self.wide
            kept = Load(self.masks, slot * (self.words * self.wide) + at)
            left = Op("select", (holds, Const(-1, INT), kept), INT)
            cx.store(sets, at, Op("bitand", (Load(sets, at), left), INT))

    def _first(self, sets: Buffer, tree: Index) -> Expr:
        """Number of the first leaf that is left."""
        first: Expr = Op("lowest", (Load(sets, tree),), INT)
        if self.words == 2:
            second = Op("lowest", (Load(sets, tree + self.wide),), INT)
            empty = Op("eq", (Load(sets, tree), Const(0, INT)), BOOL)
            first = Op("select", (empty, Op("add", (second, Const(_WORD, INT)), INT), first), INT)
        return first
