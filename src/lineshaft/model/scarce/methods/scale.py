"""Scale: each tag's departure from the run's start is a little larger or smaller, as another machine's would be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIZE = 0.2


def make(runs: Sequence[NDArray[np.float64]], random: np.random.Generator) -> NDArray[np.float64]:
    """One of the runs, its departures times a gain of a mean of 1 a tag."""
    run = runs[int(random.integers(len(runs)))]
    start = run[:max(1, len(run) // 20)].mean(axis=0)
    return np.asarray(start + (run - start) * np.exp(SIZE * random.normal(size=run.shape[1])))
