"""Linear discriminant analysis (Fisher, Ann. Eugen. 7, 1936) with a covariance shrunk by Ledoit and Wolf's rule
(J. Multivar. Anal. 88, 2004), by scikit-learn: few examples of many features do no harm to it."""

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
FARTHEST = 20.0  # deviations


class Discriminant:
    """One normal distribution a class, all with one covariance; each class as likely as another beforehand.

    ``shrinkage`` is the weight of the plain diagonal, from 0 to 1; "auto" asks the data.
    """

    name: ClassVar[str] = "discriminant"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        told = (settings or {}).get("shrinkage", "auto")
        self.outputs, self.shrinkage = outputs, told if told == "auto" else float(told)
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.weights: Matrix = np.zeros((1, outputs))
        self.offset: Matrix = np.zeros(outputs)

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"shrinkage": 0.1}, {"shrinkage": 0.5})

    def fit(self, seen: Seen) -> None:
        features, classes = np.asarray(seen["features"], np.float64), numbers_of(seen["target"])
        self.centre, self.scale = standard_scale(features)
        present = np.unique(classes)
        weights, offset = np.zeros((features.shape[1], len(present))), np.zeros(len(present))
        if len(present) > 1:
            z = ((features - self.centre) / self.scale).clip(-FARTHEST, FARTHEST)
            weights, offset = self._learnt(z, classes, len(present))
        self.weights, self.offset = (spread(weights, present, self.outputs),
                                     spread(offset, present, self.outputs, NEVER))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = g.clip(scaled(g, wires["features"], self.centre, self.scale), -FARTHEST, FARTHEST)
        return {"value": g.softmax(g.add(g.project(z, self.weights), self.offset))}

    def _learnt(self, z: Matrix, classes: NDArray[np.int64], count: int) -> tuple[Matrix, Matrix]:
        model = library("sklearn.discriminant_analysis").LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage=self.shrinkage, priors=np.full(count, 1.0 / count)).fit(z, classes)
        weights, offset = model.coef_.T, model.intercept_
        if weights.shape[1] == 1:  # of two classes the first is the reference
            return np.hstack([0.0 * weights, weights]), np.append(0.0, offset)
        return weights, offset


HEAD = Discriminant
