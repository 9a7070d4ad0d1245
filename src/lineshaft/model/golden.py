"""Inputs of the golden sequences: operation, every kind of fault, start-up, and what no plant should ever send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array
from lineshaft.model.learnt import Windowed
from lineshaft.model.pipeline import longest, step_inputs
from lineshaft.model.synthetic import injected, kinds

TICKS = 300
WINDOWS = 3  # of a model with a long window, so that most of the sequence is of full ones
SHORT = 48
MOST_SHORT = 400
DEVIATIONS = 12.0
LOST_SHARE = 0.02
LARGEST, SMALLEST = float(np.finfo(np.float32).max), float(np.finfo(np.float32).smallest_subnormal)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """``x`` and ``quality`` [T, C] of one sequence from zero state, and what it shows."""

    name: str
    x: Array
    quality: Array


def golden_inputs(dataset: Dataset, rows: NDArray[np.bool_], model: Windowed) -> tuple[Inputs, ...]:
    """All sequences, out of the longest stretch of normal ``rows`` [N]. Equal arguments give equal sequences."""
    if not np.asarray(rows).any():
        raise UsageError("no row of normal operation to make a golden sequence of", where="normal stretch")
    start, stop = longest(np.asarray(rows, np.bool_), dataset.run)
    ticks, short = max(TICKS, WINDOWS * model.window), max(SHORT, min(2 * model.window, MOST_SHORT))
    x, quality = (part[max(start, stop - ticks):stop].copy() for part in step_inputs(dataset))
    random = np.random.default_rng(model.seed)
    operation = _operation(x, quality, max(model.window, 1), random)
    x, quality = x[:short], quality[:short]
    return (operation, *_faults(x, quality, random), _start_up(x, quality), _extremes(x, quality))


def _operation(x: Array, quality: Array, window: int, random: np.random.Generator) -> Inputs:
    """Normal operation with gaps, and a fault that nobody can overlook.

    In the first two thirds single values are lost and one tag is bad for several windows; in the last third the
    liveliest tag ramps away by 12 of its deviations and stays there.
    """
    x, onset = x.copy(), 2 * len(x) // 3
    victim = _liveliest(x, quality)
    others = np.arange(x.shape[1]) != victim
    lost = (random.random(x.shape) < LOST_SHARE) & others
    lost[onset:] = False
    if others.any():
        silent = int(random.choice(np.flatnonzero(others)))
        lost[onset // 2:onset // 2 + 2 * window, silent] = True
    deviation = max(float(x[:, victim].std()), 1e-3 * max(float(np.abs(x[:, victim]).max()), 1e-3))
    ramp = np.minimum(np.arange(1, len(x) - onset + 1) / window, 1.0)
    x[onset:, victim] += (DEVIATIONS * deviation * ramp).astype(np.float32)
    return Inputs("operation", np.where(lost, np.float32(0.0), x), np.where(lost, np.float32(0.0), quality))


def _faults(x: Array, quality: Array, random: np.random.Generator) -> Iterator[Inputs]:
    """The largest fault of every kind that the training injects, one after another on the liveliest tag."""
    victim, onset = _liveliest(x, quality), len(x) // 2
    for fault in kinds(victim):
        altered = injected(x, [fault], onset, random)[:, 0]
        yield Inputs(fault.kind, np.where(quality > 0, altered, np.float32(0.0)).astype(np.float32), quality)


def _start_up(x: Array, quality: Array) -> Inputs:
    """Nothing is there at first, then one tag after another; at the end all are lost at once."""
    ticks, channels = x.shape
    arrival = 2 + np.arange(channels) * max(1, ticks // 2) // channels
    there = (np.arange(ticks)[:, None] >= arrival) & (np.arange(ticks) < ticks - 6)[:, None]
    seen = np.where(there, quality, np.float32(0.0))
    return Inputs("start-up", np.where(seen > 0, x, np.float32(0.0)), seen)


def _extremes(x: Array, quality: Array) -> Inputs:
    """Ends of float32, denormals, signed zeros, NaN and infinities, masked and not, a tick of operation between."""
    odd: tuple[float, ...] = (LARGEST, -LARGEST, SMALLEST, 1e-40, -0.0, 1e30, -1e20, np.nan, np.inf, -np.inf)
    x, quality = x.copy(), quality.copy()
    for place, value in enumerate(odd):
        tick = 4 + 4 * place
        if tick + 1 >= len(x):
            break
        x[tick] = value  # all tags at once, then one, which is masked
        x[tick + 1, place % x.shape[1]] = value
        quality[tick + 1, place % x.shape[1]] = 0.0
    return Inputs("extremes", x, quality)


def _liveliest(x: Array, quality: Array) -> int:
    """The tag that is usable throughout and moves most from tick to tick for its size of movement."""
    if len(x) < 2:  # the row of a table moves nowhere
        return 0
    moves = np.abs(np.diff(x, axis=0)).mean(axis=0) / np.maximum(x.std(axis=0), 1e-12)
    return int(np.argmax(np.where(quality.all(axis=0) & (x.std(axis=0) > 0), moves, -1.0)))
