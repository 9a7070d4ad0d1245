"""The nearest class mean (Snell, Swersky and Zemel, Prototypical networks, NeurIPS 2017, without the network)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import NEVER, numbers_of, spread
from lineshaft.model.head import Kind, Settings
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]


class Means:
    """Probabilities by the squared distance to each class's mean, all features in one common unit.

    ``own_scale`` 1 first scales each feature by its deviation within classes; 0 trusts the features' own unit, as an
    embedding gives it.
    """

    name: ClassVar[str] = "means"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.own_scale = outputs, bool((settings or {}).get("own_scale", 1))
        self.middle: Matrix = np.zeros(1)
        self.weights: Matrix = np.zeros((1, outputs))
        self.offset: Matrix = np.zeros(outputs)

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"own_scale": 0})

    def fit(self, seen: Seen) -> None:
        features, classes = np.asarray(seen["features"], np.float64), numbers_of(seen["target"])
        present = np.unique(classes)
        means = np.stack([features[classes == k].mean(axis=0) for k in present])
        rest = features - means[np.searchsorted(present, classes)]
        variance = (rest**2).mean(axis=0) if self.own_scale else np.full(features.shape[1], (rest**2).mean())
        variance = np.maximum(variance, 1e-9 * (1.0 + features.var(axis=0)))
        # Features that agree are not so many witnesses; the middle is taken off so that float32 keeps its digits.
        share = 1.0 / features.shape[1] ** 0.5 if self.own_scale else 1.0
        self.middle = features.mean(axis=0)
        means = means - self.middle
        self.weights = spread(share * (means / variance).T, present, self.outputs)
        self.offset = spread(-0.5 * share * (means**2 / variance).sum(axis=1), present, self.outputs, NEVER)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        moved = g.subtract(wires["features"], self.middle)
        return {"value": g.softmax(g.add(g.project(moved, self.weights), self.offset))}


HEAD = Means
