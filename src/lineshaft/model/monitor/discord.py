"""Discords: how far each tag's newest window is from the nearest one of normal operation.

The matrix profile between a stream and a fixed past (Yeh et al., ICDM 2016), one signal at a time. Windows are in
normal deviations of the tag and not normalised each by itself, since a shifted level is a fault in a plant.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.features import SIGNAL
from lineshaft.model.learner import Matrix, Settings
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.windows import windows

BANK, JUDGED = 64, 256
FLOOR = 1e-4  # squared deviations


class Discord:
    """max_i of the mean squared distance of tag i's window to its nearest of 64, over the usual such distance."""

    name: ClassVar[str] = "discord"
    features: ClassVar[Literal["level", "past", "signal"]] = "signal"
    aside: ClassVar[str] = "it compares every tag's window with 64 others at each tick"
    reads: tuple[str, ...] = ("features",)

    def __init__(self, channels: int, settings: Settings) -> None:
        self.bank: Matrix = np.zeros((1, channels, SIGNAL))
        self.usual: Matrix = np.ones(channels)

    def fit(self, seen: Seen) -> None:
        bank, at = windows(seen, SIGNAL, BANK)
        judged, ends = windows(seen, SIGNAL, JUDGED)
        self.bank = bank.transpose(0, 2, 1)
        apart = np.abs(ends[:, None] - at) >= SIGNAL  # a window that overlaps one of the bank is no stranger to it
        some = apart.any(axis=1)
        gaps = np.stack([((one - bank) ** 2).mean(axis=1) for one in judged[some]])
        nearest = np.where(apart[some][:, :, None], gaps, np.inf).min(axis=1)
        self.usual = np.maximum(np.median(nearest, axis=0), FLOOR)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        now = g.transpose(wires["window"], (1, 0))
        gap = g.square(g.subtract(g.reshape(now, (1, *now.shape)), self.bank))
        mean = g.reshape(g.mean(gap), self.bank.shape[:2])
        nearest = g.reshape(g.smallest(mean, axis=0), (now.shape[0],))
        strange = g.multiply(nearest, 1.0 / self.usual)
        known = g.multiply(strange, g.subtract(1.0, wires["lost"]))
        return {"energy": g.largest(known), "contribution": known}


LEARNER = Discord
