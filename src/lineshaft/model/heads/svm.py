"""Support vector machines with a Gaussian kernel (Cortes and Vapnik, Mach. Learn. 20, 1995; for numbers Drucker et
al., NIPS 1996), by scikit-learn.

Classes: one machine a pair, then a multinomial logistic map from the decisions about left-out rows to probabilities
(after Platt, 1999).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import NEVER, numbers_of, spread
from lineshaft.model.evaluate.blocks import left_out
from lineshaft.model.head import Kind, Settings
from lineshaft.model.heads.neighbours import remembered
from lineshaft.model.kernel import between, near
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
DEFAULT = {"cost": 3.0, "width": 1.0, "band": 0.05, "rows": 3000, "balanced": 0}


class Svm:
    """``cost`` of an error; the kernel is exp(-width |z - z'|^2 / F); ``band`` is how far a number may be off, in
    deviations, before it costs. At most ``rows`` teach, evenly spread."""

    name: ClassVar[str] = "svm"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number", "class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.kind, self.settings = outputs, kind, {**DEFAULT, **(settings or {})}
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.gain = 1.0
        self.vectors: Matrix = np.zeros((1, 1))
        self.weights: Matrix = np.zeros((1, outputs))
        self.offset: Matrix = np.zeros(outputs)
        self.decided: tuple[Matrix, Matrix] | None = None

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        more: tuple[Settings, ...] = ({"balanced": 1},) if kind == "class" else ({"band": 0.2},)
        return ({}, {"cost": 30.0}, {"width": 0.3}, {"cost": 0.5}, {"width": 3.0}, *more)

    def fit(self, seen: Seen) -> None:
        features, target = np.asarray(seen["features"], np.float64), np.asarray(seen["target"], np.float64)
        classes = numbers_of(target) if self.kind == "class" else np.zeros(len(target), np.int64)
        keep = remembered(classes, int(self.settings["rows"]))
        self.centre, self.scale = standard_scale(features)
        z = (features[keep] - self.centre) / self.scale
        self.gain = float(self.settings["width"]) / z.shape[1]
        if self.kind == "number":
            self._numbers(z, target[keep])
        else:
            self._classes(z, classes[keep])

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        said = g.add(g.project(near(g, z, self.vectors, self.gain), self.weights), self.offset)
        if self.decided is None:
            return {"value": said}
        return {"value": g.softmax(g.add(g.project(said, self.decided[0]), self.decided[1]))}

    def _numbers(self, z: Matrix, target: Matrix) -> None:
        middle, size = standard_scale(target)
        weights, offset = np.zeros((len(z), target.shape[1])), np.zeros(target.shape[1])
        for place, column in enumerate(((target - middle) / size).T):
            model = library("sklearn.svm").SVR(C=float(self.settings["cost"]), gamma=self.gain,
                                               epsilon=float(self.settings["band"]), cache_size=300).fit(z, column)
            weights[model.support_, place], offset[place] = model.dual_coef_[0], model.intercept_[0]
        self._keep(z, weights * size, offset * size + middle)

    def _classes(self, z: Matrix, classes: NDArray[np.int64]) -> None:
        present, places = np.unique(classes, return_inverse=True)
        if len(present) == 1:
            self._keep(z[:1], np.zeros((1, 1)), np.zeros(1))
            self.decided = np.zeros((1, self.outputs)), spread(np.zeros(1), present, self.outputs, NEVER)
            return
        weights, offset = self._pairs(z, places)
        decisions, judged = between(z, z, self.gain) @ weights + offset, np.ones(len(z), np.bool_)
        if np.bincount(places).min() > 1:
            for fit, judge in left_out(places, 3):
                if len(np.unique(places[fit])) == len(present):
                    own, start = self._pairs(z[fit], places[fit])
                    decisions[judge] = between(z[judge], z[fit], self.gain) @ own + start
        self._keep(z, weights, offset)
        to, start = self._map(decisions[judged], places[judged])
        self.decided = spread(to, present, self.outputs), spread(start, present, self.outputs, NEVER)

    def _pairs(self, z: Matrix, places: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
        """Weights [N, pairs] and offsets of one machine a pair of classes."""
        model = library("sklearn.svm").SVC(
            C=float(self.settings["cost"]), gamma=self.gain, cache_size=300, decision_function_shape="ovo",
            class_weight="balanced" if self.settings["balanced"] else None).fit(z, places)
        count = int(places.max()) + 1
        columns = []
        for first in range(count):
            for second in range(first + 1, count):
                column = np.zeros(len(z))
                for one, row in ((first, second - 1), (second, first)):
                    own = places[model.support_] == one
                    column[model.support_[own]] = model.dual_coef_[row, own]
                columns.append(column)
        return np.stack(columns, axis=1), np.asarray(model.intercept_, np.float64)

    def _map(self, decisions: Matrix, places: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
        model: Any = library("sklearn.linear_model").LogisticRegression(C=1.0, max_iter=500).fit(decisions, places)
        weights, offset = model.coef_.T, model.intercept_
        if weights.shape[1] == 1:
            return np.hstack([0.0 * weights, weights]), np.append(0.0, offset)
        return weights, offset

    def _keep(self, z: Matrix, weights: Matrix, offset: Matrix) -> None:
        """Only rows that carry weight stay."""
        used = (weights != 0).any(axis=1)
        used[0] = True
        self.vectors, self.weights, self.offset = z[used], weights[used], offset


HEAD = Svm
