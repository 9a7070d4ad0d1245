"""The main cycle of signals: a day or a week where it shows, else the strongest repetition there is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.model.pipeline import longest

DAY_NS = 86_400_000_000_000
CLEAR = 0.2  # correlation from which on a cycle counts
FEWEST_CYCLES = 4


def season(dataset: Dataset, columns: Sequence[int], rows: NDArray[np.bool_]) -> int:
    """Length in periods of the main cycle of these columns over the longest unbroken stretch of ``rows``; 1 without.

    >>> from lineshaft.core.tag import Tag
    >>> t = np.arange(600)
    >>> wave = np.sin(2 * np.pi * t / 24) + 0.1 * np.random.default_rng(0).normal(size=600)
    >>> hourly = Dataset.of(wave[:, None], (Tag("load"),), period_ns=3_600_000_000_000)
    >>> season(hourly, [0], np.ones(600, bool))
    24
    """
    if not rows.any():
        return 1
    start, stop = longest(rows, dataset.run)
    if stop - start < 2 * FEWEST_CYCLES:
        return 1
    at = list(columns)
    good = dataset.good[start:stop, at]
    correlation = _correlation(np.where(good, dataset.values[start:stop, at], np.nan))
    peaks = [n for n in range(2, len(correlation) - 1)
             if correlation[n] > CLEAR and correlation[n] >= max(correlation[n - 1], correlation[n + 1])]
    natural = [n for n in (DAY_NS // dataset.period_ns, 7 * DAY_NS // dataset.period_ns) if n in peaks]
    return int(natural[0] if natural else max(peaks, key=lambda n: float(correlation[n]), default=1))


def _correlation(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean autocorrelation over the columns, less a straight line, up to a quarter of the rows."""
    rows = len(x)
    line = np.stack([np.ones(rows), np.linspace(-1.0, 1.0, rows)], axis=1)
    total = np.zeros(rows // FEWEST_CYCLES + 1)
    for column in x.T:
        known = np.isfinite(column)
        if known.sum() < 2 * FEWEST_CYCLES:
            continue
        fitted = line @ np.linalg.lstsq(line[known], column[known], rcond=None)[0]
        y = np.where(known, column - fitted, 0.0)
        power = np.abs(np.fft.rfft(y, 2 * rows)) ** 2
        covariance = np.fft.irfft(power)[:len(total)]
        total += covariance / max(float(covariance[0]), 1e-30)
    return np.asarray(total / x.shape[1])
