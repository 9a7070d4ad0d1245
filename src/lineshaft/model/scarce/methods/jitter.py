"""Jitter: sensor noise of a tenth of each tag's tick-to-tick movement (Um et al., ICMI 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIZE = 0.1


def make(runs: Sequence[NDArray[np.float64]], random: np.random.Generator) -> NDArray[np.float64]:
    """One of the runs with noise added."""
    run = runs[int(random.integers(len(runs)))]
    moves = np.diff(run, axis=0).std(axis=0) if len(run) > 1 else np.zeros(run.shape[1])
    return np.asarray(run + SIZE * moves * random.normal(size=run.shape))
