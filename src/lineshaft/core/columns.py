"""Columns: the history of one tag as a chart draws it, one column of pixels after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What M4 keeps of each column (Jugel et al., VLDB 2014): a line through these points looks like the whole one.

    Column ``n`` holds the samples with ``start[n] <= time < start[n] + step`` (UTC ns); columns without samples are
    left out. ``first``, ``last``, ``low`` and ``high`` with their own times are over usable samples: good or
    uncertain, and a finite number; NaN (at time 0) where a column has none. Of equal values the earliest counts, of
    equal times the first arrived is ``first`` and the last arrived ``last``. ``count`` is of all samples, ``bad`` of
    those with bad quality, ``quality`` the worst StatusCode.
    """

    tag: str
    step: int
    start: Times
    first_time: Times
    first: Values
    last_time: Times
    last: Values
    low_time: Times
    low: Values
    high_time: Times
    high: Values
    count: NDArray[np.int64]
    bad: NDArray[np.int64]
    quality: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.start)
