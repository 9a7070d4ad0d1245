"""Spectral residual: the log spectrum of each tag's newest window less the usual one (Hou and Zhang, CVPR 2007).

There and in its use on time series (Ren et al., KDD 2019) the usual spectrum is the window's own, smoothed over
frequencies; here it is that of normal operation, so that an oscillation that stays is still a residual after a minute.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.features import SIGNAL
from lineshaft.model.learner import Matrix, Settings
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.windows import windows

WINDOWS = 2048
FLOOR = 1e-3  # of a tag's variance: less power is rounding
LEAST_SPREAD = 0.3


class Spectrum:
    """max_i of the mean squared residual of tag i's power, in deviations, over five bands of an octave each."""

    name: ClassVar[str] = "spectrum"
    features: ClassVar[Literal["level", "past", "signal"]] = "signal"
    aside: ClassVar[str] = "it judges oscillation and noise of single tags, not how tags go together"
    reads: tuple[str, ...] = ("features",)

    def __init__(self, channels: int, settings: Settings) -> None:
        self.waves, self.bands = fourier(SIGNAL)
        self.middle: Matrix = np.zeros((channels, self.bands.shape[1]))
        self.spread: Matrix = np.ones_like(self.middle)

    def fit(self, seen: Seen) -> None:
        found, _ = windows(seen, SIGNAL, WINDOWS)
        power = np.log((found.transpose(0, 2, 1) @ self.waves) ** 2 @ self.bands + FLOOR)
        self.middle = power.mean(axis=0)
        self.spread = np.maximum(power.std(axis=0), LEAST_SPREAD)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        waves = g.project(g.transpose(wires["window"], (1, 0)), self.waves)
        power = g.log(g.add(g.project(g.square(waves), self.bands), FLOOR))
        residual = g.square(g.multiply(g.subtract(power, self.middle), 1.0 / self.spread))
        strange = g.reshape(g.mean(residual), (residual.shape[0],))
        known = g.multiply(strange, g.subtract(1.0, wires["lost"]))
        return {"energy": g.largest(known), "contribution": known}


def fourier(length: int) -> tuple[Matrix, Matrix]:
    """Hann-weighted waves [length, 2 F] and the mean power of each octave band [2 F, bands], the level first.

    >>> waves, bands = fourier(32)
    >>> waves.shape, bands.shape
    ((32, 34), (34, 6))
    """
    ticks, frequencies = np.arange(length), np.arange(length // 2 + 1)
    angle = 2.0 * np.pi * np.outer(ticks, frequencies) / length
    weights = np.hanning(length + 2)[1:-1, None]
    waves = np.hstack([np.cos(angle), np.sin(angle)]) * weights / np.sqrt((weights**2).sum())
    band = np.where(frequencies > 0, 1 + np.floor(np.log2(np.maximum(frequencies, 1))), 0).astype(int)
    member = np.eye(band.max() + 1)[np.tile(band, 2)]
    return waves, member / member.sum(axis=0)


LEARNER = Spectrum
