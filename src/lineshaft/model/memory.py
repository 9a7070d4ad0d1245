"""How long a signal remembers: the integrated autocorrelation time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def memory(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Integrated autocorrelation time of each column of ``x`` [N, C], in rows, at least 1.

    1 + 2 (sum of correlations), up to the first lag of at least five times itself (Sokal's automatic window).
    N rows of a signal with memory m hold about N / m independent looks at it.

    >>> noise = np.random.default_rng(0).normal(size=(4000, 1))
    >>> slow = np.convolve(noise[:, 0], np.ones(50), "same")[:, None]
    >>> bool(memory(noise)[0] < 1.5), bool(30 < memory(slow)[0] < 70)
    (True, True)
    """
    y = np.asarray(x, np.float64) - np.mean(x, axis=0)
    count = len(y)
    power = np.abs(np.fft.rfft(y, 2 * count, axis=0)) ** 2
    correlation = np.fft.irfft(power, axis=0)[:count]
    tau = 2.0 * np.cumsum(correlation / np.maximum(correlation[0], 1e-30), axis=0) - 1.0
    stops = np.arange(count)[:, None] >= 5.0 * tau
    first = np.where(stops.any(axis=0), stops.argmax(axis=0), count - 1)
    return np.asarray(np.maximum(tau[first, np.arange(y.shape[1])], 1.0), np.float64)
