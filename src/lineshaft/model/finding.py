"""Whether a plant has operating modes that nobody named: one, unless more help on held-out normal operation.

Which learner finds them is chosen by how likely they make rows that it was not shown. No fault has a part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.found_modes import LEVEL, FoundModes, levels
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.clusters import learners
from lineshaft.model.modes import LEAST_VISITS, SHORTEST_DWELL, lasting
from lineshaft.model.pipeline import Pipeline, Seen, Wires, extend, replay
from lineshaft.model.trying import endless

AUTO, ONE = "auto", "one"
Rows = NDArray[np.bool_]
Matrix = NDArray[np.float64]
FEWEST = 2 * LEAST_VISITS * SHORTEST_DWELL  # rows: two modes, each twice
MOST = 20_000  # rows that are looked at
FOLDS = 5
LATER = SHORTEST_DWELL // 4
LEAST_TRACE = 0.2  # correlation; modes that move no tag's level by a fifth of its variance are of no help


def mode_learners() -> tuple[str, ...]:
    """What may find modes: by itself, none, or a learner of ``segment`` by name."""
    return (AUTO, ONE, *learners())


def found(dataset: Dataset, rows: Rows, execute: Executor, learner: str = AUTO, seed: int = 0,
          left: Callable[[], float] = endless) -> FoundModes | None:
    """An unfitted block of modes, or None where one mode is enough.

    ``rows`` [N] teach; no others are looked at. With ``learner`` "auto" modes have to last (as a mode word does, see
    ``model.modes``), and rows of parts of the history that taught nothing have to be likelier with them than without,
    in the mean of the parts by more than its standard error. Learners that come when no seconds are ``left()`` are not
    asked.
    """
    if learner == ONE:
        return None
    if learner != AUTO:
        return FoundModes(len(dataset.tags), learner, seed=seed)
    dataset, rows = _newest(dataset, rows)
    if rows.sum() < FEWEST:
        return None
    seen, rows = _levels(dataset, rows, execute)
    if not _lasts(seen.values[rows]):
        return None
    best, least = None, 0.0
    for name in learners():
        if left() <= 0.0:
            break
        gain, error = _gain(name, seen, rows, execute, seed)
        if gain - error > 0.0 and gain > least:
            best, least = name, gain
    return None if best is None else FoundModes(len(dataset.tags), best, seed=seed)


def _newest(dataset: Dataset, rows: Rows) -> tuple[Dataset, Rows]:
    taught = np.flatnonzero(rows)
    if not len(taught):
        return dataset, rows
    keep = slice(int(taught[-MOST:][0]), int(taught[-1]) + 1)
    return dataset.rows(keep), rows[keep]


class _Given:
    """Levels that another graph gave, as ``x``; a row with quality 0 is not warm."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": wires["x"], "warm": g.greater(g.slice(wires["quality"], 0, 1), 0.5)}


def _levels(dataset: Dataset, rows: Rows, execute: Executor) -> tuple[Dataset, Rows]:
    """What every learner sees, computed once, and the rows that teach whose window is full."""
    channels = len(dataset.tags)
    whole = extend(Pipeline(channels, ()), (Guard(), *levels(channels)), dataset, rows, execute)
    seen = replay(whole, dataset, ("features",), execute)
    warm = seen.age >= LEVEL - 1
    good = np.repeat(warm[:, None], channels, axis=1)
    return replace(dataset, values=np.asarray(seen["features"], np.float64), good=good), rows & warm


def _lasts(levels: Matrix) -> bool:
    """Whether the level of any tag, or how far it strays, still says something a quarter of a mode later."""
    z = levels - levels.mean(axis=0)
    both = np.hstack([z, z**2 - (z**2).mean(axis=0)])
    trace = (both[LATER:] * both[:-LATER]).mean(axis=0) / np.maximum((both**2).mean(axis=0), 1e-12)
    return bool(trace.max() >= LEAST_TRACE)


def _gain(name: str, seen: Dataset, rows: Rows, execute: Executor, seed: int) -> tuple[float, float]:
    """Nats a row that modes explain more than one does, in the mean of held-out parts, and its standard error; 0 where
    a learner finds none that last."""
    mode = _modes(name, seen, rows, execute, seed)
    if mode is None or not lasting(mode[rows].astype(np.float64), seen.run[rows]):
        return 0.0, 0.0
    gains = list[float]()
    for part in np.array_split(np.flatnonzero(rows), FOLDS):
        left_out = np.zeros(len(rows), np.bool_)
        left_out[part] = True
        mode = _modes(name, seen, rows & ~left_out, execute, seed)
        gains.append(0.0 if mode is None else _likelier(seen.values, mode, rows & ~left_out, left_out))
    return float(np.mean(gains)), float(np.std(gains, ddof=1) / len(gains)**0.5)


def _modes(name: str, seen: Dataset, rows: Rows, execute: Executor, seed: int) -> NDArray[np.intp] | None:
    """The mode of every row, as the block says it; None where the learner finds a single one, or none at all."""
    channels = len(seen.tags)
    block = FoundModes(channels, name, seed=seed)
    try:
        whole = extend(Pipeline(channels, ()), (_Given(), block.learner, block), seen, rows, execute)
    except UsageError:
        return None
    return None if block.count == 1 else replay(whole, seen, ("mode",), execute)["mode"].argmax(axis=1)


def _likelier(levels: Matrix, mode: NDArray[np.intp], fit: Rows, judge: Rows) -> float:
    """Mean log density of the rows that judge under a Gaussian a mode, less that under a single one."""
    kept, counts = np.unique(mode[fit], return_counts=True)
    z = levels[judge]
    parts = [np.log(count / fit.sum()) + _log_density(z, levels[fit & (mode == k)])
             for k, count in zip(kept, counts, strict=True)]
    return float((np.logaddexp.reduce(parts, axis=0) - _log_density(z, levels[fit])).mean())


def _log_density(z: Matrix, taught: Matrix) -> Matrix:
    """Of a Gaussian through ``taught``, its correlations drawn towards none as its independent looks are few."""
    looks = len(taught) / LEVEL
    covariance = np.cov(taught, rowvar=False).reshape(z.shape[1], -1) if len(taught) > 1 else np.eye(z.shape[1])
    share = z.shape[1] / (z.shape[1] + looks)
    covariance = (1 - share) * covariance + np.diag(share * np.diag(covariance) + 1e-4)
    gap = z - taught.mean(axis=0)
    _, size = np.linalg.slogdet(covariance)
    square = np.einsum("ij,ij->i", gap, np.linalg.solve(covariance, gap.T).T)
    return np.asarray(-0.5 * (square + size + z.shape[1] * np.log(2 * np.pi)), np.float64)
