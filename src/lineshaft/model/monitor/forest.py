"""Isolation forest (Liu, Ting and Zhou, ICDM 2008): what few random splits set apart is strange; ONE forest node."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar, Literal

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.heads.forest import together
from lineshaft.model.learner import Matrix, Settings, robust_scale, scaled
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

TREES, ROWS_PER_TREE = 50, 96
BACKGROUND, REACH = 0.25, 10.0  # of the rows, spread evenly over so many deviations
STEEP = 2.0


class IsolationForest:
    """exp(2 (s - middle) / spread) of the isolation score s, which is bounded and so says little of how far.

    A quarter of the rows that grow the trees is spread evenly around the others: a tree splits only inside the range of
    its rows, and what lies outside would else go the way of the outermost.
    The same node adds up, for each tag, what its splits did to isolate the row (ln of the share of rows that went the
    same way, over the length of the path), after Carletti, Terzi and Susto, Eng. Appl. Artif. Intell. 119, 2023.
    """

    name: ClassVar[str] = "forest"
    features: ClassVar[Literal["level", "past", "signal"]] = "level"
    aside: ClassVar[str] = "its score is bounded, so that one tag of many hardly moves it"
    reads: tuple[str, ...] = ("features", "z")

    def __init__(self, channels: int, settings: Settings) -> None:
        self.channels, self.seed = channels, settings.seed
        self.centre: Matrix = np.zeros(channels)
        self.scale: Matrix = np.ones(channels)
        self.trees: dict[str, Any] = {}
        self.usual = 1.0
        self.middle, self.spread = 0.0, 1.0

    def fit(self, seen: Seen) -> None:
        features, signal = (np.asarray(seen[name], np.float64) for name in self.reads)
        self.centre, self.scale = robust_scale(features, signal)
        z = ((features - self.centre) / self.scale).astype(np.float32)
        around = np.random.default_rng(self.seed).uniform(-REACH, REACH, (round(BACKGROUND * len(z)), z.shape[1]))
        rows = min(ROWS_PER_TREE, len(z))
        model = library("sklearn.ensemble").IsolationForest(
            n_estimators=TREES, max_samples=rows, random_state=self.seed, n_jobs=1).fit(
                np.vstack([z, around.astype(np.float32)]))
        self.usual = float(usual_path(np.array([float(rows)]))[0])
        self.trees = together([_told(tree.tree_, self.channels) for tree in model.estimators_],
                              np.arange(1 + self.channels), 1 + self.channels).attributes()
        path = sum(tree.tree_.decision_path(z).sum(axis=1).A1 - 1.0 + usual_path(
            tree.tree_.n_node_samples[tree.tree_.apply(z)].astype(np.float64)) for tree in model.estimators_)
        score = 2.0 ** (-path / (TREES * self.usual))
        self.middle, self.spread = float(np.median(score)), max(float(score.std()), 1e-3)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        found = g.forest(z, 1 + self.channels, **self.trees)
        score = g.exp(g.multiply(g.slice(found, 0, 1), -np.log(2.0) / self.usual))
        energy = g.exp(g.multiply(g.subtract(score, self.middle), STEEP / self.spread))
        return {"energy": energy, "contribution": g.slice(found, 1, 1 + self.channels)}


def usual_path(rows: Matrix) -> Matrix:
    """Mean path [n] of an unsuccessful search in a random tree of so many rows.

    >>> usual_path(np.array([1.0, 2.0, 128.0])).round(2).tolist()
    [0.0, 1.0, 8.86]
    """
    many = np.maximum(rows, 3.0)
    harmonic = np.log(many - 1.0) + np.euler_gamma
    return np.where(rows < 2, 0.0, np.where(rows < 3, 1.0, 2.0 * harmonic - 2.0 * (many - 1.0) / many))


def _told(tree: Any, channels: int) -> SimpleNamespace:
    """The tree with what its leaves add: the path's length, then each tag's part in it."""
    value = np.zeros((tree.node_count, 1 + channels))
    depth, credit = np.zeros(tree.node_count), np.zeros((tree.node_count, channels))
    for node in range(tree.node_count):  # parents come before their children
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child], credit[child] = depth[node] + 1.0, credit[node]
                gain = np.log(tree.n_node_samples[node] / tree.n_node_samples[child])
                credit[child, tree.feature[node]] += gain
    length = depth + usual_path(tree.n_node_samples.astype(np.float64))
    value[:, 0] = length
    value[:, 1:] = credit / np.maximum(length, 1.0)[:, None] ** 2
    return SimpleNamespace(node_count=tree.node_count, children_left=tree.children_left,
                           children_right=tree.children_right, feature=tree.feature, threshold=tree.threshold,
                           value=value)


LEARNER = IsolationForest
