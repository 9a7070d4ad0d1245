"""A small network with one or two hidden layers (Rumelhart, Hinton and Williams, Nature 323, 1986), by scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import NEVER, numbers_of, spread
from lineshaft.model.head import Kind, Settings
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
DEFAULT = {"width": 64, "layers": 2, "penalty": 1e-3, "rounds": 100}
FARTHEST = 10.0  # deviations: beyond what was seen a network only guesses


class Network:
    """Rectified layers of ``width`` units over standardised features, learnt by Adam with early stopping."""

    name: ClassVar[str] = "network"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number", "class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.kind, self.settings, self.seed = outputs, kind, {**DEFAULT, **(settings or {})}, seed
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.layers: list[tuple[Matrix, Matrix]] = []

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"width": 32, "layers": 1}, {"penalty": 0.1}, {"width": 128})

    def fit(self, seen: Seen) -> None:
        features, target = np.asarray(seen["features"], np.float64), np.asarray(seen["target"], np.float64)
        self.centre, self.scale = standard_scale(features)
        z = ((features - self.centre) / self.scale).clip(-FARTHEST, FARTHEST)
        self.layers = self._numbers(z, target) if self.kind == "number" else self._classes(z, numbers_of(target))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        a = g.clip(scaled(g, wires["features"], self.centre, self.scale), -FARTHEST, FARTHEST)
        for weights, offset in self.layers[:-1]:
            a = g.relu(g.add(g.project(a, weights), offset))
        said = g.add(g.project(a, self.layers[-1][0]), self.layers[-1][1])
        return {"value": said if self.kind == "number" else g.softmax(said)}

    def _numbers(self, z: Matrix, target: Matrix) -> list[tuple[Matrix, Matrix]]:
        middle, size = standard_scale(target)
        y = (target - middle) / size
        *first, (weights, offset) = self._learnt("MLPRegressor", z, y if y.shape[1] > 1 else y[:, 0])
        return [*first, (weights * size, offset * size + middle)]

    def _classes(self, z: Matrix, classes: NDArray[np.int64]) -> list[tuple[Matrix, Matrix]]:
        present = np.unique(classes)
        if len(present) == 1:
            return [(np.zeros((z.shape[1], self.outputs)), spread(np.zeros(1), present, self.outputs, NEVER))]
        *first, (weights, offset) = self._learnt("MLPClassifier", z, classes)
        if weights.shape[1] == 1:
            weights, offset = np.hstack([0.0 * weights, weights]), np.append(0.0, offset)
        return [*first, (spread(weights, present, self.outputs), spread(offset, present, self.outputs, NEVER))]

    def _learnt(self, kind: str, z: Matrix, y: NDArray[Any]) -> list[tuple[Matrix, Matrix]]:
        told = self.settings
        smallest = np.unique(y, return_counts=True)[1].min() if kind == "MLPClassifier" else len(y)
        model = getattr(library("sklearn.neural_network"), kind)(
            hidden_layer_sizes=(int(told["width"]),) * int(told["layers"]), alpha=float(told["penalty"]),
            max_iter=int(told["rounds"]), learning_rate_init=3e-3, n_iter_no_change=8, random_state=self.seed,
            early_stopping=bool(smallest >= 2 and len(y) >= 100))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # stopped after its rounds
            model.fit(z, y)
        return list(zip(model.coefs_, model.intercepts_, strict=True))


HEAD = Network
