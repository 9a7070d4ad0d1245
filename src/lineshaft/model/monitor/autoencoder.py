"""Autoencoder of random features: a tanh layer drawn once, its read-out solved in closed form.

Extreme learning machine (Huang, Zhu and Siew, Neurocomputing 70, 2006) trained to give back its input: the class
of an autoencoder without a training framework at the edge or in the base install.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.learner import Matrix, Settings, scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

HIDDEN = 64
RIDGE = 1e-2
RESIDUAL_FLOOR = 0.05


class Autoencoder:
    """Mean squared residual, each tag's in its own normal deviations."""

    name: ClassVar[str] = "autoencoder"
    features: ClassVar[Literal["level", "past", "signal"]] = "level"
    aside: ClassVar[str] = ""
    reads: tuple[str, ...] = ("features",)

    def __init__(self, channels: int, settings: Settings) -> None:
        self.seed = settings.seed
        self.centre: Matrix = np.zeros(channels)
        self.scale: Matrix = np.ones(channels)
        self.hidden: Matrix = np.zeros((channels, 1))
        self.bias: Matrix = np.zeros(1)
        self.readout: Matrix = np.zeros((1, channels))
        self.residual: Matrix = np.ones(channels)

    def fit(self, seen: Seen) -> None:
        features = np.asarray(seen["features"], np.float64)
        self.centre, self.scale = standard_scale(features)
        z = (features - self.centre) / self.scale
        random = np.random.default_rng(self.seed)
        width = min(HIDDEN, max(2, len(z) // 8))
        self.hidden = random.normal(size=(z.shape[1], width)) / np.sqrt(z.shape[1])
        self.bias = random.normal(size=width)
        activity = np.tanh(z @ self.hidden + self.bias)
        gram = activity.T @ activity + RIDGE * len(z) * np.eye(width)
        self.readout = np.asarray(np.linalg.solve(gram, activity.T @ z), np.float64)
        residual = z - activity @ self.readout
        variance = np.mean(residual**2, axis=0) - np.mean(residual, axis=0) ** 2
        self.residual = RESIDUAL_FLOOR + np.asarray(np.sqrt(variance), np.float64)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        activity = g.tanh(g.add(g.project(z, self.hidden), self.bias))
        square = g.square(g.multiply(g.subtract(z, g.project(activity, self.readout)), 1.0 / self.residual))
        return {"energy": g.mean(square), "contribution": square}


LEARNER = Autoencoder
