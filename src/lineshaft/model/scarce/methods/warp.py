"""Warp: the same course, faster here and slower there (Um et al., ICMI 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KNOTS = 4
SIZE = 0.3


def make(runs: Sequence[NDArray[np.float64]], random: np.random.Generator) -> NDArray[np.float64]:
    """One of the runs on a smooth other clock that only goes forward."""
    run = runs[int(random.integers(len(runs)))]
    ticks = np.arange(len(run))
    speed = np.exp(SIZE * np.interp(ticks, np.linspace(0, len(run) - 1, KNOTS), random.normal(size=KNOTS)))
    clock = np.concatenate([[0.0], np.cumsum(speed[1:])]) / max(float(speed[1:].sum()), 1e-12) * (len(run) - 1)
    return np.stack([np.interp(clock, ticks, column) for column in run.T], axis=1)
