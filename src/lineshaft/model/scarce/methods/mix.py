"""Mix: a run of the class between two others of it (Zhang et al., mixup, ICLR 2018, within one class)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def make(runs: Sequence[NDArray[np.float64]], random: np.random.Generator) -> NDArray[np.float64]:
    """A weighted mean of two runs, cut to the shorter; of a single run, of two stretches of it."""
    if len(runs) > 1:
        first, second = (runs[place] for place in random.choice(len(runs), 2, replace=False))
    else:
        size = max(1, 2 * len(runs[0]) // 3)
        starts = random.integers(0, len(runs[0]) - size + 1, 2)
        first, second = (runs[0][start:start + size] for start in starts)
    size = min(len(first), len(second))
    weight = float(random.beta(2.0, 2.0))
    return np.asarray(weight * first[:size] + (1.0 - weight) * second[:size])
