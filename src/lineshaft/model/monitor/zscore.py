"""Robust z-score: the largest squared deviation of any tag's level; the reference that others must beat."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.learner import Matrix, Settings, robust_scale, scaled
from lineshaft.model.pipeline import Seen, Wires


class ZScore:
    """max_i ((level_i - median_i) / scale_i)^2."""

    name: ClassVar[str] = "zscore"
    features: ClassVar[Literal["level", "past", "signal"]] = "level"
    aside: ClassVar[str] = ""
    reads: tuple[str, ...] = ("features", "z")

    def __init__(self, channels: int, settings: Settings) -> None:
        self.centre: Matrix = np.zeros(channels)
        self.scale: Matrix = np.ones(channels)

    def fit(self, seen: Seen) -> None:
        level, signal = (np.asarray(seen[name], np.float64) for name in self.reads)
        self.centre, self.scale = robust_scale(level, signal)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        square = g.square(scaled(g, wires["features"], self.centre, self.scale))
        return {"energy": g.largest(square), "contribution": square}


LEARNER = ZScore
