"""The last minutes of a series in few bins, nothing lost that stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.quality import usable
from lineshaft.core.series import Series

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """The least and the most in every bin of equal width, NaN where nothing usable was known."""

    low: Floats
    high: Floats


def binned(series: Series, start: int, end: int, bins: int, hold_ns: int) -> Binned:
    """Usable samples of ``start <= time < end``; a bin without one has the last value, while it is no older than
    ``hold_ns``.
    """
    keep = usable(series.quality) & np.isfinite(series.value) & (series.time >= start) & (series.time < end)
    time, value = series.time[keep], series.value[keep]
    low, high = np.full(bins, np.nan), np.full(bins, np.nan)
    if not len(time):
        return Binned(low, high)
    width = max((end - start) / bins, 1.0)
    place = np.minimum(((time - start) / width).astype(np.int64), bins - 1)
    at, first = np.unique(place, return_index=True)
    low[at], high[at] = np.minimum.reduceat(value, first), np.maximum.reduceat(value, first)
    last = np.append(first[1:], len(time)) - 1  # of each bin that has samples
    for bin_, until, row in zip(at.tolist(), [*at[1:].tolist(), bins], last.tolist(), strict=True):
        held = int((time[row] + hold_ns - start) / width) + 1  # the first bin that begins too late for it
        low[bin_ + 1:min(until, held)] = high[bin_ + 1:min(until, held)] = value[row]
    return Binned(low, high)
