"""Extra trees (Geurts, Ernst and Wehenkel, Mach. Learn. 63, 2006) and random forests (Breiman, Mach. Learn. 45, 2001).

scikit-learn grows them; together they are ONE forest node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.importing.forest import LEAF, Forest, floor32
from lineshaft.model.classes import numbers_of, spread
from lineshaft.model.head import Kind, Settings
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
DEFAULT: Settings = {"kind": "extra", "trees": 100, "leaves": 500, "least": 2, "features": 0.5, "balanced": 0}


class RandomTrees:
    """The mean of ``trees`` deep trees, each of at most ``leaves`` leaves of ``least`` rows, grown best first.

    ``features`` is the share of them that a split may choose from; ``balanced`` 1 weighs classes by their rarity.
    """

    name: ClassVar[str] = "forest"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number", "class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.kind, self.settings, self.seed = outputs, kind, {**DEFAULT, **(settings or {})}, seed
        self.trees: dict[str, Any] = {}

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        more: tuple[Settings, ...] = ({"balanced": 1},) if kind == "class" else ()
        return ({}, {"kind": "random"}, {"features": 0.25}, {"features": 1.0}, {"least": 5}, *more)

    def fit(self, seen: Seen) -> None:
        features, target = np.asarray(seen["features"], np.float32), np.asarray(seen["target"], np.float64)
        classes = numbers_of(target) if self.kind == "class" else np.empty(0, np.int64)
        if self.kind == "number":
            wanted: NDArray[Any] = target if target.shape[1] > 1 else target[:, 0]
        else:
            wanted = classes
        model = self._grower()(
            n_estimators=int(self.settings["trees"]), max_leaf_nodes=int(self.settings["leaves"]),
            min_samples_leaf=int(self.settings["least"]), max_features=float(self.settings["features"]),
            random_state=self.seed, n_jobs=1, **self._weights()).fit(features, wanted)
        places = np.unique(classes) if self.kind == "class" else np.arange(self.outputs)
        self.trees = together([tree.tree_ for tree in model.estimators_], places, self.outputs).attributes()

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value": g.forest(wires["features"], self.outputs, **self.trees)}

    def _grower(self) -> Any:
        kind = {"extra": "ExtraTrees", "random": "RandomForest"}[str(self.settings["kind"])]
        return getattr(library("sklearn.ensemble"), kind + ("Regressor" if self.kind == "number" else "Classifier"))

    def _weights(self) -> dict[str, str]:
        return {"class_weight": "balanced"} if self.settings["balanced"] and self.kind == "class" else {}


def together(trees: Sequence[Any], places: NDArray[np.int64], outputs: int) -> Forest:
    """The mean of scikit-learn's trees, whose values are of the given ``places`` among ``outputs``.

    A test of theirs is "x <= threshold" of a float32 with a double, so thresholds are rounded down.
    """
    parts: dict[str, list[NDArray[Any]]] = {}
    for number, tree in enumerate(trees):
        leaf = tree.children_left < 0
        value = spread(tree.value.reshape(tree.node_count, -1)[leaf], places, outputs) / len(trees)
        row, target = np.nonzero(value)
        for name, column in {
                "tree": np.full(tree.node_count, number), "number": np.arange(tree.node_count), "leaf": leaf,
                "feature": np.where(leaf, 0, tree.feature), "threshold": np.where(leaf, 0.0, tree.threshold),
                "yes": np.maximum(tree.children_left, 0), "no": np.maximum(tree.children_right, 0),
                "leaf_tree": np.full(len(row), number), "leaf_number": np.flatnonzero(leaf)[row],
                "target": target, "weight": value[row, target]}.items():
            parts.setdefault(name, []).append(column)
    found = {name: np.concatenate(columns) for name, columns in parts.items()}
    whole = {name: np.asarray(found[name], np.int64) for name in (
        "tree", "number", "feature", "yes", "no", "leaf_tree", "leaf_number", "target")}
    mode = [LEAF if is_leaf else "BRANCH_LEQ" for is_leaf in found["leaf"]]
    return Forest(threshold=floor32(found["threshold"]), mode=mode, missing=np.zeros_like(whole["tree"]),
                  weight=np.asarray(found["weight"], np.float32), **whole)


HEAD = RandomTrees
