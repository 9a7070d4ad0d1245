"""Health without labels: learnt from how machines start, and told apart by three figures.

Coble and Hines, "Identifying optimal prognostic parameters from data", PHM 2009 (monotonicity, trendability,
prognosability).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.model.blocks.conditions import Conditions
from lineshaft.model.blocks.distance import Distance
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.health import Health, Smoothed
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.pipeline import Pipeline, extend, run_spans

Vector = NDArray[np.float64]
WEIGHT = 0.2
FEWEST = 10


def learn_health(dataset: Dataset, execute: Executor, *, start: int = 30) -> Pipeline:
    """A pipeline with wire ``health`` [1] from runs that began with a healthy machine; no failure need be known.

    ``start`` is for how many ticks a run is taken to be healthy. Raises ``UsageError`` where no run is that long.
    """
    spans = run_spans(dataset.run)
    age = np.concatenate([np.arange(stop - begin) for begin, stop in spans]) if spans else np.empty(0, np.int64)
    healthy = age < start
    if start < FEWEST or not any(stop - begin > start for begin, stop in spans):
        raise UsageError(f"no run is longer than a healthy start of {start} ticks, or that is less than {FEWEST}",
                         where="start", do="give runs that begin healthy and go on")
    count, whole = len(dataset.tags), np.ones(len(dataset), np.bool_)
    scaled = extend(Pipeline(count, ()), (Guard(), Conditions(), Standardise(count)), dataset, healthy, execute)
    distant = extend(scaled, (Smoothed(WEIGHT), Distance()), dataset, healthy, execute)
    return extend(distant, (Health(start, WEIGHT),), dataset, whole, execute)


def monotonicity(index: Vector) -> float:
    """Rising steps less falling ones, as a share of all, whichever is more: 1 for what only falls or only rises.

    >>> monotonicity(np.array([1.0, 0.8, 0.8, 0.5]))
    1.0
    """
    steps = np.diff(index)
    moved = steps[np.abs(steps) > 1e-9]
    return float(abs(np.sign(moved).sum()) / len(moved)) if len(moved) else 0.0


def trendability(indices: Sequence[Vector], points: int = 100) -> float:
    """The least correlation of any two machines' indices over their lives, both stretched to one length; 1 if alone.

    >>> round(trendability([np.linspace(1, 0, 40), np.linspace(1, 0.2, 90)]), 6)
    1.0
    """
    share = np.linspace(0.0, 1.0, points)
    paths = np.array([np.interp(share, np.linspace(0.0, 1.0, len(index)), index) for index in indices])
    if len(paths) < 2:
        return 1.0
    if (paths.std(axis=1) < 1e-12).any():
        return 0.0
    return float(np.abs(np.corrcoef(paths)).min())


def prognosability(indices: Sequence[Vector]) -> float:
    """exp(-(deviation of the last values) / (mean way gone)): 1 where all machines end at the same value.

    >>> prognosability([np.array([1.0, 0.0]), np.array([0.9, 0.0])])
    1.0
    """
    last = np.array([index[-1] for index in indices])
    way = float(np.mean([abs(index[0] - index[-1]) for index in indices]))
    return float(np.exp(-last.std() / max(way, 1e-12)))
