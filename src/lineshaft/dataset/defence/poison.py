"""Poisoned windows: stretches of what is called normal that are unlike the rest of it, or are replayed.

Whoever can write into history can teach a monitor to be silent: by stretches of a fault among normal operation, or by
an old recording played again. Both are found against the other stretches alone, by statistics that a minority can't
move: medians, and the spread of the smaller half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError

FEWEST_WINDOWS = 20
LIMIT = 4.0  # robust deviations of the logarithm of a window's distance
SHARE = 0.5
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Strange:
    """One stretch of rows ``start <= row < stop``; ``score`` 1 at the limit; ``copy_of`` the row it repeats, or -1."""

    start: int
    stop: int
    score: float
    copy_of: int = -1


def strange(values: NDArray[np.float64], run: NDArray[np.int32], window: int = 20) -> tuple[Strange, ...]:
    """Windows of ``values`` [N, C] (NaN where unknown) that nothing normal should be learnt from, the worst first.

    A window is its means and deviations by column. The distance to the middle is measured by the least-determinant
    half of the windows (concentration steps of Rousseeuw and van Driessen, Technometrics 41, 1999), with shrinkage
    for few windows. Raises ``UsageError`` for fewer than 20 windows.
    """
    starts = _starts(run, window)
    if len(starts) < FEWEST_WINDOWS:
        raise UsageError(f"{len(starts)} windows of {window} rows are too few to tell which is strange",
                         where="normal stretch", do="give a longer one, or a shorter window")
    filled = np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
    blocks = np.stack([filled[start:start + window] for start in starts])
    least = 1e-6 * (1e-6 + filled.std(axis=0))
    score = _distance(np.hstack([blocks.mean(axis=1), np.log(blocks.std(axis=1) + least)]))
    copies = _copies(filled, starts, window)
    found = [Strange(int(start), int(start) + window, float(value), copies.get(int(start), -1))
             for start, value in zip(starts, score, strict=True) if value > 1.0 or int(start) in copies]
    return tuple(sorted(found, key=lambda one: (one.copy_of < 0, -one.score)))


def _starts(run: NDArray[np.int32], window: int) -> NDArray[np.intp]:
    """Windows side by side that lie in one run."""
    found = [np.arange(start, stop - window + 1, window) for start, stop in _spans(run)]
    return np.concatenate(found).astype(np.intp) if found else np.empty(0, np.intp)


def _spans(run: NDArray[np.int32]) -> list[tuple[int, int]]:
    edges = (np.flatnonzero(np.diff(run)) + 1).tolist()
    return list(zip([0, *edges], [*edges, len(run)], strict=True)) if len(run) else []


def _distance(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """In units of the limit: how far ln(distance) lies above its median, in robust deviations of its lower half."""
    middle = np.median(features, axis=0)
    spread = 1.4826 * np.median(np.abs(features - middle), axis=0)
    z = np.clip((features - middle) / np.where(spread > 1e-12, spread, 1.0), -1e3, 1e3)
    keep = np.argsort((z**2).sum(axis=1))[:max(int(SHARE * len(z)) + 1, 2)]
    for _ in range(ROUNDS):
        distance = _mahalanobis(z, z[keep])
        newest = np.sort(np.argsort(distance, kind="stable")[:len(keep)])
        if np.array_equal(newest, np.sort(keep)):
            break
        keep = newest
    logs = 0.5 * np.log(_mahalanobis(z, z[keep]) + 1e-12)
    level = np.median(logs)
    lower = level - logs[logs <= level]
    deviation = max(1.4826 * float(np.median(lower)), 0.05)
    return np.asarray((logs - level) / (LIMIT * deviation))


def _mahalanobis(z: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    centre = half.mean(axis=0)
    covariance = np.cov(half, rowvar=False).reshape(z.shape[1], -1)
    shrink = min(1.0, z.shape[1] / len(half))
    covariance = (1 - shrink) * covariance + shrink * np.diag(np.diag(covariance)) + 1e-3 * np.eye(z.shape[1])
    gap = z - centre
    return np.asarray((gap @ np.linalg.inv(covariance) * gap).sum(axis=1))


def _copies(values: NDArray[np.float64], starts: NDArray[np.intp], window: int) -> dict[int, int]:
    """Windows that repeat an earlier stretch in every value, where anything moves: by the row that they begin with.

    The earlier stretch may begin at any row: each stretch of ``window`` rows has a number, equal for equal values.
    """
    random = np.random.default_rng(0)
    bits = np.ascontiguousarray(values).view(np.uint64)
    with np.errstate(over="ignore"):
        rows = (bits * (random.integers(1, 2**63, values.shape[1], dtype=np.uint64) | np.uint64(1))).sum(
            axis=1, dtype=np.uint64)
        weights = random.integers(1, 2**63, window, dtype=np.uint64) | np.uint64(1)
        count = len(values) - window + 1
        keys = np.zeros(count, np.uint64)
        for place in range(window):
            keys += rows[place:place + count] * weights[place]
    kept, first = np.unique(keys, return_index=True)
    earliest = first[np.searchsorted(kept, keys)]
    return {start: int(earliest[start]) for start in starts.tolist()
            if start - earliest[start] >= window and np.ptp(values[start:start + window], axis=0).max() > 0}
