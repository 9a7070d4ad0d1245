"""Multinomial logistic regression with a squared penalty (Cox, J. R. Stat. Soc. B 20, 1958), by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import NEVER, numbers_of, spread
from lineshaft.model.head import Kind, Settings
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
DEFAULT = {"strength": 1.0, "balanced": 0}


class Logistic:
    """Probabilities by softmax of one linear map [F, V] of standardised features.

    ``strength`` is the inverse of the penalty on the whole sum of losses; ``balanced`` 1 weighs classes by rarity.
    """

    name: ClassVar[str] = "logistic"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.settings = outputs, {**DEFAULT, **(settings or {})}
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.weights: Matrix = np.zeros((1, outputs))
        self.offset: Matrix = np.zeros(outputs)

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"strength": 0.01}, {"strength": 0.1}, {"strength": 10.0}, {"balanced": 1})

    def fit(self, seen: Seen) -> None:
        features, classes = np.asarray(seen["features"], np.float64), numbers_of(seen["target"])
        self.centre, self.scale = standard_scale(features)
        present = np.unique(classes)
        weights, offset = np.zeros((features.shape[1], len(present))), np.zeros(len(present))
        if len(present) > 1:
            weights, offset = self._learnt((features - self.centre) / self.scale, classes)
        self.weights, self.offset = (spread(weights, present, self.outputs),
                                     spread(offset, present, self.outputs, NEVER))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        return {"value": g.softmax(g.add(g.project(z, self.weights), self.offset))}

    def _learnt(self, z: Matrix, classes: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
        model = library("sklearn.linear_model").LogisticRegression(
            C=float(self.settings["strength"]), max_iter=500, tol=1e-5,
            class_weight="balanced" if self.settings["balanced"] else None).fit(z, classes)
        weights, offset = model.coef_.T, model.intercept_
        if weights.shape[1] == 1:  # of two classes the first is the reference
            return np.hstack([0.0 * weights, weights]), np.append(0.0, offset)
        return weights, offset


HEAD = Logistic
