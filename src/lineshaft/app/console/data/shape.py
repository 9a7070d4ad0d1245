"""One tag's values: how they are spread, and how often they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.core.quality import usable
from lineshaft.core.series import Series
from lineshaft.dataset.quality.clock import typical_period

BINS = 40
QUANTILES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)
_STEEP, _HUGE = 1e-9, 1e300


@dataclass(frozen=True, slots=True)
class Shape:
    """``counts[i]`` values lie in part i of ``low`` to ``high``; ``quantiles`` are those at ``QUANTILES``."""

    low: float
    high: float
    counts: tuple[int, ...]
    quantiles: tuple[float, ...]
    typical_ns: int
    longest_ns: int


def shape(runs: Sequence[Series]) -> Shape | None:
    """Of all usable numbers; None where there are none, or one that no scale can hold."""
    value = np.concatenate([one.value[usable(one.quality) & np.isfinite(one.value)] for one in runs] or [np.empty(0)])
    if not len(value):
        return None
    low, high = float(value.min()), float(value.max())
    if high - low <= _STEEP * max(abs(low), abs(high), _STEEP):
        low, high = low - 0.5 * max(abs(low), 1.0), high + 0.5 * max(abs(high), 1.0)
    if max(abs(low), abs(high)) > _HUGE:
        return None
    counts, _ = np.histogram(value, BINS, (low, high))
    steps = [np.diff(one.time) for one in runs if len(one) > 1]
    return Shape(low, high, tuple(counts.tolist()), tuple(np.quantile(value, QUANTILES).tolist()),
                 typical_period([one.time for one in runs]), max((int(step.max()) for step in steps), default=0))
