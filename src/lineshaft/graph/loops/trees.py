"""The trees of a TreeEnsembleRegressor as flat arrays, in whose words every lowering of them is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
COMPARISONS = ("le", "lt", "ge", "gt", "eq", "ne")


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, tree after tree. A leaf is its own child on both sides.

    ``yes`` and ``no`` are numbers of nodes, ``weights`` [nodes, targets] is zero but at leaves, ``roots`` and
    ``depths`` have one entry a tree, ``modes`` numbers of ``COMPARISONS``, ``missing`` is 1 where NaN goes to ``yes``.
    """

    feature: NDArray[np.int32]
    value: NDArray[np.float32]
    yes: NDArray[np.int32]
    no: NDArray[np.int32]
    modes: NDArray[np.int32]
    missing: NDArray[np.int32]
    leaf: NDArray[np.bool_]
    weights: NDArray[np.float32]
    base: NDArray[np.float32]
    roots: NDArray[np.int32]
    depths: NDArray[np.int32]

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Trees:
        """From the operator's attributes."""
        tree, name = (np.asarray(attributes[key], np.int64) for key in ("nodes_treeids", "nodes_nodeids"))
        number = {pair: i for i, pair in enumerate(zip(tree.tolist(), name.tolist(), strict=True))}
        words = [m.decode() if isinstance(m, bytes) else m for m in attributes["nodes_modes"]]
        leaf = np.array([word == "LEAF" for word in words])

        def children(key: str) -> NDArray[np.int32]:
            given = zip(tree.tolist(), attributes[key], leaf.tolist(), strict=True)
            return np.array([i if end else number[t, child] for i, (t, child, end) in enumerate(given)], np.int32)

        targets = int(attributes["n_targets"])
        weights = np.zeros((len(tree), targets), np.float32)
        for t, n, target, weight in zip(*(attributes[f"target_{k}"] for k in ("treeids", "nodeids", "ids", "weights")),
                                        strict=True):
            weights[number[t, n], target] += np.float32(weight)
        yes, no = children("nodes_truenodeids"), children("nodes_falsenodeids")
        depth = _depths(yes, no, leaf)
        roots = np.flatnonzero(~np.isin(np.arange(len(tree)), np.concatenate([yes[~leaf], no[~leaf]])))
        modes = np.array([0 if word == "LEAF" else MODES.index(word) for word in words], np.int32)
        missing = np.asarray(attributes.get("nodes_missing_value_tracks_true") or [0] * len(tree), np.int32)
        base = np.asarray(attributes.get("base_values") or [0.0] * targets, np.float32)
        feature = np.where(leaf, 0, np.asarray(attributes["nodes_featureids"], np.int32)).astype(np.int32)
        return cls(feature, np.asarray(attributes["nodes_values"], np.float32), yes, no, modes, missing, leaf, weights,
                   base, roots.astype(np.int32), depth[roots])

    def below(self, node: int) -> list[int]:
        """Leaves under a node, those of its yes side first."""
        waiting, found = [node], []
        while waiting:
            one = waiting.pop()
            if self.leaf[one]:
                found.append(one)
            else:
                waiting += [int(self.no[one]), int(self.yes[one])]
        return found

    def leaves(self) -> list[list[int]]:
        """Leaves of each tree."""
        return [self.below(root) for root in self.roots.tolist()]

    def inner(self, root: int) -> list[int]:
        """Nodes of a tree that compare."""
        waiting, found = [root], []
        while waiting:
            one = waiting.pop()
            if not self.leaf[one]:
                found.append(one)
                waiting += [int(self.no[one]), int(self.yes[one])]
        return found


def _depths(yes: NDArray[np.int32], no: NDArray[np.int32], leaf: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Longest way from each node to a leaf."""
    depth = np.zeros(len(leaf), np.int32)
    while True:
        deeper = np.where(leaf, 0, 1 + np.maximum(depth[yes], depth[no])).astype(np.int32)
        if (deeper == depth).all():
            return depth
        if deeper.max() > len(leaf):
            raise ValueError("the trees of a forest have a circle")
        depth = deeper
