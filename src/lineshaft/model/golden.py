"""Inputs of a golden sequence: normal operation, values that go missing, and a fault that nobody can overlook."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array
from lineshaft.model.learner import Settings
from lineshaft.model.pipeline import longest, step_inputs

TICKS = 300
DEVIATIONS = 12.0
LOST_SHARE = 0.02


def golden_inputs(dataset: Dataset, rows: NDArray[np.bool_], settings: Settings) -> tuple[Array, Array]:
    """``x`` and ``quality`` [T, C], T <= 300, from the end of the longest stretch of ``rows``.

    In the first two thirds single values are lost and one tag is bad for several windows; in the last third
    the liveliest tag ramps away by 12 of its deviations and stays there. Equal arguments give equal sequences.
    """
    if not np.asarray(rows).any():
        raise UsageError("no row of normal operation to make a golden sequence of", where="normal stretch")
    start, stop = longest(np.asarray(rows, np.bool_), dataset.run)
    x, quality = (part[max(start, stop - TICKS):stop].copy() for part in step_inputs(dataset))
    onset, random = 2 * len(x) // 3, np.random.default_rng(settings.seed)
    victim = _liveliest(x, quality)
    others = np.arange(x.shape[1]) != victim
    lost = (random.random(x.shape) < LOST_SHARE) & others
    lost[onset:] = False
    if others.any():
        silent = int(random.choice(np.flatnonzero(others)))
        lost[onset // 2:onset // 2 + 2 * settings.window, silent] = True
    deviation = max(float(x[:, victim].std()), 1e-3 * max(float(np.abs(x[:, victim]).max()), 1e-3))
    ramp = np.minimum(np.arange(1, len(x) - onset + 1) / settings.window, 1.0)
    x[onset:, victim] += (DEVIATIONS * deviation * ramp).astype(np.float32)
    return np.where(lost, np.float32(0.0), x), np.where(lost, np.float32(0.0), quality)


def _liveliest(x: Array, quality: Array) -> int:
    """The tag that is usable throughout and moves most from tick to tick for its size of movement."""
    moves = np.abs(np.diff(x, axis=0)).mean(axis=0) / np.maximum(x.std(axis=0), 1e-12)
    return int(np.argmax(np.where(quality.all(axis=0) & (x.std(axis=0) > 0), moves, -1.0)))
