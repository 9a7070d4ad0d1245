"""Tree ensembles in one form: every test is "x <= threshold" in float32, every child exists, nothing is a circle.

A test of another kind becomes one: "x < t" is "x <= the float32 below t", "x > t" is "x <= t" with its children changed
over. Where a value is missing (NaN) the branch that the foreign test would take is kept, by
``nodes_missing_value_tracks_true``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import Refused

LEAF = "LEAF"
_STRICT = frozenset(("BRANCH_LT", "BRANCH_GTE"))  # against the float32 below
_SWAPPED = frozenset(("BRANCH_GT", "BRANCH_GTE"))
_MODES = frozenset(("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE", LEAF))
MOST_DEEP = 512


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Nodes of all trees: ``tree``, ``number`` (within its tree), ``feature``, ``threshold``, ``mode``, ``yes`` and
    ``no`` (numbers of children), ``missing`` (1: a missing value takes ``yes``); and what leaves add to which target.
    """

    tree: NDArray[np.int64]
    number: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    mode: Sequence[str]
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    missing: NDArray[np.int64]
    leaf_tree: NDArray[np.int64]
    leaf_number: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]

    def attributes(self) -> dict[str, Any]:
        """Of one TreeEnsembleRegressor, in the one form. Raises ``Refused`` for what is no ensemble of trees."""
        self._sound()
        mode = np.array(self.mode)
        strict, swapped = np.isin(mode, list(_STRICT)), np.isin(mode, list(_SWAPPED))
        threshold = np.where(strict, np.nextafter(self.threshold, np.float32(-np.inf)), self.threshold)
        yes, no = np.where(swapped, self.no, self.yes), np.where(swapped, self.yes, self.no)
        missing = np.where(swapped, 1 - self.missing, self.missing) * (mode != LEAF)
        return {
            "nodes_treeids": self.tree.tolist(), "nodes_nodeids": self.number.tolist(),
            "nodes_featureids": self.feature.tolist(), "nodes_values": threshold.astype(np.float32).tolist(),
            "nodes_modes": [LEAF if m == LEAF else "BRANCH_LEQ" for m in self.mode],
            "nodes_truenodeids": yes.tolist(), "nodes_falsenodeids": no.tolist(),
            "nodes_missing_value_tracks_true": missing.tolist(),
            "target_treeids": self.leaf_tree.tolist(), "target_nodeids": self.leaf_number.tolist(),
            "target_ids": self.target.tolist(), "target_weights": self.weight.tolist()}

    def _sound(self) -> None:
        count = len(self.tree)
        if not count or any(len(v) != count for v in (self.number, self.feature, self.threshold, self.mode, self.yes,
                                                      self.no, self.missing)):
            raise Refused("its lists of nodes have different lengths")
        if len({len(v) for v in (self.leaf_tree, self.leaf_number, self.target, self.weight)}) != 1:
            raise Refused("its lists of leaves have different lengths")
        odd = sorted(set(self.mode) - _MODES)
        if odd:
            raise Refused(f"its tests are of the kind {odd[0]}")
        place = {key: i for i, key in enumerate(zip(self.tree.tolist(), self.number.tolist(), strict=True))}
        if len(place) != count:
            raise Refused("two of its nodes have the same number")
        leaf = np.array([m == LEAF for m in self.mode])
        ends = [place.get(key, -1) for key in zip(self.leaf_tree.tolist(), self.leaf_number.tolist(), strict=True)]
        if any(end < 0 or not leaf[end] for end in ends):
            raise Refused("it has a value at what is no leaf")
        if not np.isfinite(self.threshold[~leaf]).all() or not np.isfinite(self.weight).all():
            raise Refused("its numbers are not finite")
        self._reaches_all(place, leaf)

    def _reaches_all(self, place: dict[tuple[int, int], int], leaf: NDArray[np.bool_]) -> None:
        """Level by level from the roots: each node has one parent, and the way down ends."""
        trees, yes, no = self.tree.tolist(), self.yes.tolist(), self.no.tolist()
        children = [() if leaf[i] else (place.get((trees[i], yes[i]), -1), place.get((trees[i], no[i]), -1))
                    for i in range(len(trees))]
        flat = [c for pair in children for c in pair]
        if -1 in flat or len(set(flat)) < len(flat):
            raise Refused("a branch of it leads nowhere, or to a node that has a parent already")
        level = sorted(set(range(len(trees))) - set(flat))
        seen, depth = 0, 0
        if len({trees[i] for i in level}) < len(level):
            raise Refused("one of its trees has two roots")
        while level:
            seen, depth = seen + len(level), depth + 1
            if depth > MOST_DEEP:
                raise Refused(f"a tree of it is more than {MOST_DEEP} deep")
            level = [c for i in level for c in children[i]]
        if seen < len(trees):
            raise Refused("a tree of it is a circle")


def floor32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each value: "x <= value" is then the same for every float32 x.

    >>> float(floor32(np.array([0.1]))[0]) <= 0.1
    True
    """
    rounded = values.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > values, below, rounded)
