"""Regression trees: node arrays, walked to the depth of the tree without a branch.

A tree that is walked side by side with others keeps the processor busy while each waits for its own loads; and the
walk takes as long for one input as for any other, which a deadline asks for.
"""

from __future__ import annotations

import math

import numpy as np

from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import BOOL, INT, Const, Expr, Index, Load, Op
from lineshaft.graph.loops.node import Node, lowers
from lineshaft.graph.loops.tensor import Place, Tensor, View, view
from lineshaft.graph.loops.trees import COMPARISONS, Trees


@lowers("TreeEnsembleRegressor")
def forest(cx: Emitter, node: Node) -> Tensor:
    trees, x = Trees.of(node.attributes), cx.realise(node.input(0))
    target = view(cx.buffer("float32", math.prod(node.shape)), node.shape)
    base = cx.constant(trees.base)
    cx.loops(target.shape, lambda place: cx.write_at(target, place, Load(base, place[-1])))
    arrays = _Arrays(cx, trees)
    for depth in sorted(set(trees.depths.tolist())):
        roots = cx.constant(trees.roots[trees.depths == depth])
        cx.loops(node.shape[:-1], lambda row, roots=roots, depth=depth: cx.loop(  # type: ignore[misc]
            roots.size, lambda tree: _walk(cx, arrays, x, row, Load(roots, tree), depth, target)))
    return target


class _Arrays:
    """The trees' arrays as constants of the program."""

    def __init__(self, cx: Emitter, trees: Trees) -> None:
        self.feature, self.value = cx.constant(trees.feature), cx.constant(trees.value)
        self.yes, self.no = cx.constant(trees.yes), cx.constant(trees.no)
        self.weights = cx.constant(trees.weights)
        inner = ~trees.leaf
        self.kinds = sorted(set(trees.modes[inner].tolist())) or [0]
        self.modes = cx.constant(trees.modes) if len(self.kinds) > 1 else None
        self.missing = cx.constant(trees.missing) if np.any(trees.missing[inner]) else None

    def goes_on(self, x: Expr, at: Index) -> Expr:
        """Whether a node's comparison holds for a feature."""
        value = Load(self.value, at)
        held: Expr = Op(COMPARISONS[self.kinds[0]], (x, value), BOOL)
        for kind in self.kinds[1:]:
            assert self.modes is not None
            other = Op(COMPARISONS[kind], (x, value), BOOL)
            held = Op("select", (Op("eq", (Load(self.modes, at), Const(kind, INT)), BOOL), other, held), BOOL)
        if self.missing is not None:
            absent = Op("and", (Op("ne", (x, x), BOOL), Op("eq", (Load(self.missing, at), Const(1, INT)), BOOL)), BOOL)
            held = Op("or", (held, absent), BOOL)
        return held


def _walk(cx: Emitter, arrays: _Arrays, x: View, row: Place, root: Expr, depth: int, target: View) -> None:
    place = cx.buffer(INT, 1, "local")
    cx.store(place, WHOLE, root)
    at = Index(0, ((Load(place, WHOLE), 1),))

    def down(_: Index) -> None:
        feature = x.at((*row, Index(0, ((Load(arrays.feature, at), 1),))))
        goes = arrays.goes_on(feature, at)
        cx.store(place, WHOLE, Op("select", (goes, Load(arrays.yes, at), Load(arrays.no, at)), INT))

    if depth:
        cx.loop(depth, down)
    targets = target.shape[-1]
    cx.loop(targets, lambda k: cx.write_at(target, (*row, k), Op("add", (
        target.at((*row, k)), Load(arrays.weights, at * targets + k)))))
