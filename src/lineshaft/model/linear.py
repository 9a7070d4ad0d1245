"""Heads that are one linear map of standardised features: what they hold, and how a graph says it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.classes import NEVER, numbers_of, spread
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]


class Linear:
    """``value`` [V] is (features - centre) / scale times ``weights`` [F, V] plus ``offset`` [V]."""

    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int) -> None:
        self.outputs = outputs
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.weights: Matrix = np.zeros((1, outputs))
        self.offset: Matrix = np.zeros(outputs)

    def standardised(self, features: Matrix) -> Matrix:
        """Learns the scale of the features [N, F] and gives them in it."""
        self.centre, self.scale = standard_scale(features)
        return np.asarray((features - self.centre) / self.scale)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value": self.mapped(g, scaled(g, wires["features"], self.centre, self.scale))}

    def mapped(self, g: StepBuilder, z: Wire) -> Wire:
        return g.add(g.project(z, self.weights), self.offset)


class LinearClasses(Linear, ABC):
    """Probabilities by softmax of the map; a subclass gives the map of the classes that there are."""

    farthest: ClassVar[float] = np.inf
    """Deviations at which a feature is cut."""

    @abstractmethod
    def learnt(self, z: Matrix, classes: NDArray[np.int64], count: int) -> tuple[Matrix, Matrix]:
        """Weights [F, count] and offset [count] for standardised rows; scikit-learn's single column for two classes
        is taken as well."""

    def fit(self, seen: Seen) -> None:
        classes = numbers_of(seen["target"])
        z, present = self.standardised(np.asarray(seen["features"], np.float64)), np.unique(classes)
        weights, offset = np.zeros((z.shape[1], len(present))), np.zeros(len(present))
        if len(present) > 1:
            weights, offset = self.learnt(z.clip(-self.farthest, self.farthest), classes, len(present))
        if weights.shape[1] == 1 and len(present) == 2:  # the first is the reference
            weights, offset = np.hstack([0.0 * weights, weights]), np.append(0.0, offset)
        self.weights = spread(weights, present, self.outputs)
        self.offset = spread(offset, present, self.outputs, NEVER)

    def mapped(self, g: StepBuilder, z: Wire) -> Wire:
        cut = g.clip(z, -self.farthest, self.farthest) if np.isfinite(self.farthest) else z
        return g.softmax(super().mapped(g, cut))
