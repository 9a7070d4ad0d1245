"""Nearest-neighbour memory: the distance of the plant's level to the most similar ones seen in normal operation.

After the memory bank of PatchCore (Roth et al., CVPR 2022), for windows of tags instead of patches of images.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.learner import Matrix, Settings, robust_scale, scaled
from lineshaft.model.pipeline import Seen, Wires

NEIGHBOURS = 3
BANK = 512


class Neighbours:
    """Mean squared distance to the 3 nearest of at most 512 remembered levels, evenly spread over time."""

    name: ClassVar[str] = "neighbours"
    features: ClassVar[Literal["level", "past", "signal"]] = "level"
    aside: ClassVar[str] = ""
    reads: tuple[str, ...] = ("features", "z")

    def __init__(self, channels: int, settings: Settings) -> None:
        self.centre: Matrix = np.zeros(channels)
        self.scale: Matrix = np.ones(channels)
        self.bank: Matrix = np.zeros((NEIGHBOURS, channels))

    def fit(self, seen: Seen) -> None:
        features, signal = (np.asarray(seen[name], np.float64) for name in self.reads)
        self.centre, self.scale = robust_scale(features, signal)
        keep = np.linspace(0, len(features) - 1, max(NEIGHBOURS, min(BANK, len(features)))).astype(int)
        self.bank = (features[keep] - self.centre) / self.scale

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        # |z - b|^2 without |z|^2 keeps the order; the nearest rows themselves give distance and contribution,
        # which is exact where the expanded square would cancel.
        closeness = g.subtract(g.multiply(g.project(z, self.bank.T), 2.0), (self.bank**2).sum(axis=1))
        gap = g.square(g.subtract(g.reshape(z, (1, *z.shape)), g.nearest_rows(closeness, self.bank, NEIGHBOURS)))
        contribution = g.reshape(g.mean(gap, axis=0), z.shape)
        return {"energy": g.sum(contribution), "contribution": contribution}


LEARNER = Neighbours
