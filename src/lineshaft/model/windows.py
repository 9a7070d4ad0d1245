"""Windows out of history, for learners that look at the shape of a signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.model.pipeline import Seen

FEWEST = 8


def windows(seen: Seen, length: int, most: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """At most ``most`` windows [n, length, C] of the wire ``features``, evenly spread, and the row [n] each ends at.

    A window holds ``length`` rows that follow one another in one run. Raises ``UsageError`` where there are hardly any.
    """
    rows = np.arange(length - 1, len(seen))
    ends = rows[(seen.age[rows] - seen.age[rows - length + 1] == length - 1)
                & (seen.run[rows] == seen.run[rows - length + 1])]
    if len(ends) < FEWEST:
        raise UsageError(f"normal operation has only {len(ends)} stretches of {length} ticks that are whole",
                         where="normal stretch", do="give a longer one")
    ends = ends[np.linspace(0, len(ends) - 1, min(most, len(ends))).astype(int)]
    signal = np.asarray(seen["features"], np.float64)
    return signal[ends[:, None] + np.arange(1 - length, 1)], ends
