"""Gaussian naive Bayes (Hand and Yu, Int. Stat. Rev. 69, 2001): every feature normal in each class, by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import NEVER, numbers_of, spread
from lineshaft.model.head import Kind, Settings
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
FARTHEST = 1e4  # deviations of a class: beyond it their sum of squares leaves float32's exact range


class Bayes:
    """Probabilities from a mean and a deviation [K, F] a class; ``least`` is a share of the whole variance added."""

    name: ClassVar[str] = "bayes"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.least = outputs, float((settings or {}).get("least", 0.01))
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.mean: Matrix = np.zeros((outputs, 1))
        self.deviation: Matrix = np.ones((outputs, 1))
        self.start: Matrix = np.zeros(outputs)

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"least": 1e-4}, {"least": 0.1}, {"least": 0.5})

    def fit(self, seen: Seen) -> None:
        features, classes = np.asarray(seen["features"], np.float64), numbers_of(seen["target"])
        self.centre, self.scale = standard_scale(features)
        z, present = (features - self.centre) / self.scale, np.unique(classes)
        own = [z[classes == one] for one in present]
        mean, spreads = (np.stack([getattr(rows, what)(axis=0) for rows in own]) for what in ("mean", "var"))
        deviation = np.sqrt(spreads + self.least)
        share = np.log([len(rows) / len(z) for rows in own])
        self.mean = spread(mean.T, present, self.outputs).T
        self.deviation = spread(deviation.T, present, self.outputs, 1.0).T
        self.start = spread(share - np.log(deviation).sum(axis=1), present, self.outputs, 100.0 * NEVER)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        gap = g.multiply(g.subtract(g.reshape(z, (1, *z.shape)), self.mean), 1.0 / self.deviation)
        distance = g.sum(g.square(g.clip(gap, -FARTHEST, FARTHEST)))
        likely = g.subtract(self.start, g.multiply(g.reshape(distance, (self.outputs,)), 0.5))
        return {"value": g.softmax(likely)}


HEAD = Bayes
