"""Generate: a small generative model of a class, a vector autoregression around the mean course of its runs.

The course keeps what the fault does over time, the autoregression (order 1, shrunk) draws new wandering about it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SMOOTH = 0.1  # of the run's length
PENALTY = 0.1
LARGEST = 0.98


def make(runs: Sequence[NDArray[np.float64]], random: np.random.Generator) -> NDArray[np.float64]:
    """A drawn run as long as one of those given."""
    run = runs[int(random.integers(len(runs)))]
    course = _course(run)
    rest = [one - _course(one) for one in runs]
    step, noise = _autoregression(rest)
    drawn = np.empty_like(run)
    state = rest[0][int(random.integers(len(rest[0])))]
    for tick in range(len(run)):
        drawn[tick] = state
        state = state @ step + noise[int(random.integers(len(noise)))]
    return np.asarray(course + drawn)


def _course(run: NDArray[np.float64]) -> NDArray[np.float64]:
    """A moving mean, shorter at the ends."""
    half = max(1, int(SMOOTH * len(run) / 2))
    total = np.concatenate([np.zeros((1, run.shape[1])), np.cumsum(run, axis=0)])
    low, high = np.maximum(np.arange(len(run)) - half, 0), np.minimum(np.arange(len(run)) + half + 1, len(run))
    return np.asarray((total[high] - total[low]) / (high - low)[:, None])


def _autoregression(rest: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(step [C, C], residuals [M, C]); ridge on standardised tags, and stable."""
    before = np.concatenate([one[:-1] for one in rest if len(one) > 1] or [rest[0]])
    after = np.concatenate([one[1:] for one in rest if len(one) > 1] or [rest[0]])
    scale = np.where(before.std(axis=0) > 1e-12, before.std(axis=0), 1.0)
    z, y = before / scale, after / scale
    step = np.linalg.solve(z.T @ z + PENALTY * len(z) * np.eye(z.shape[1]), z.T @ y)
    step *= min(1.0, LARGEST / max(float(np.abs(np.linalg.eigvals(step)).max()), 1e-12))
    return scale[:, None] ** -1 * step * scale, (y - z @ step) * scale
