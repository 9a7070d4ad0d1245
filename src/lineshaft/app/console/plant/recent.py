"""The last minutes of a tag in few parts, nothing lost that stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.columns import Columns

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The least and the most in each part, NaN where nothing usable was known; part i is from ``start + i * step``."""

    start: int
    step: int
    low: Floats
    high: Floats


def parts(columns: Columns, start: int, end: int, hold_ns: int) -> Parts:
    """All of ``start`` to ``end``. A part without a usable sample has the last value, while it is no older than
    ``hold_ns``.
    """
    step = columns.step
    begin = start // step * step
    count = -(-(end - begin) // step)
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    known = columns.last_time > 0
    place = ((columns.start - begin) // step)[known]
    low[place], high[place] = columns.low[known], columns.high[known]
    until = [*place[1:].tolist(), count][:len(place)]
    for part, after, time, value in zip(place.tolist(), until, columns.last_time[known].tolist(),
                                        columns.last[known].tolist(), strict=True):
        held = min((time + hold_ns - begin) // step + 1, after)  # the first part that begins too late for it
        low[part + 1:held] = high[part + 1:held] = value
    return Parts(begin, step, low, high)
