"""The normal band of a tag, wherever it is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BAND = (0.005, 0.995)
"""Where 99 % of a tag's good values lay while the model was fitted."""
_LEAST = 10


def normal_band(values: NDArray[np.floating], good: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Low and high end over the good values; None where those are too few to say.

    >>> normal_band(np.arange(1001.0), np.ones(1001, bool))
    (5.0, 995.0)
    """
    usable = values[good & np.isfinite(values)]
    if len(usable) < _LEAST:
        return None
    low, high = np.quantile(usable, BAND)
    return float(low), float(high)
