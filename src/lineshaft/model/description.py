"""How well modes describe a plant: the length of the shortest description by them (Rissanen, Automatica 14, 1978)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.memory import memory

Matrix = NDArray[np.float64]
LEAST_VARIANCE = 1e-3  # of the tag's own over all rows


def description_length(x: Matrix, mode: NDArray[np.intp]) -> float:
    """Nats a row and tag of ``x`` [N, C] whose rows are of the modes [N]; less is better.

    Three parts: the values, each mode with a mean and variance a tag; these numbers themselves; and the course of
    modes, which costs at its switches only. N rows of memory m count as N / m, so that a slow signal is not cut into
    many levels.

    >>> x = np.repeat([[0.0], [5.0], [0.0]], 100, axis=0) + np.random.default_rng(0).normal(size=(300, 1))
    >>> one, two = np.zeros(300, np.intp), np.repeat([0, 1, 0], 100)
    >>> description_length(x, two) < description_length(x, one)
    True
    """
    z = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 1e-12, x.std(axis=0), 1.0)
    kept, mode = np.unique(mode, return_inverse=True)
    rows = max(len(z) / float(np.median(_memory_within(z, mode))), 2.0)
    nats = rows / len(z) * _values(z, mode, len(kept))
    nats += len(kept) * z.shape[1] * np.log(rows)
    return float((nats + _course(mode, len(kept))) / (rows * z.shape[1]))


def _memory_within(z: Matrix, mode: NDArray[np.intp]) -> Matrix:
    """Memory of what the modes leave over."""
    middle = np.stack([z[mode == k].mean(axis=0) for k in range(int(mode.max()) + 1)])
    return np.asarray(memory(z - middle[mode]), np.float64)


def _values(z: Matrix, mode: NDArray[np.intp], modes: int) -> float:
    total = 0.0
    for k in range(modes):
        own = z[mode == k]
        variance = np.maximum(own.var(axis=0), LEAST_VARIANCE)
        total += 0.5 * float((np.log(2 * np.pi * variance) + own.var(axis=0) / variance).sum()) * len(own)
    return total


def _course(mode: NDArray[np.intp], modes: int) -> float:
    """Where it switches, and to which of the others."""
    switches, steps = int((np.diff(mode) != 0).sum()), max(len(mode) - 1, 1)
    if not switches:
        return 0.0
    share = switches / steps
    where = -steps * (share * np.log(share) + (1 - share) * np.log(max(1 - share, 1e-12)))
    return float(where + switches * np.log(max(modes - 1, 1)))
