"""When what drifted began to, and whose fault it looks like: the sensor's, the process's, or the model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.feedback.drift import CHANCE
from lineshaft.feedback.onset import Change, Onset, onset, rate_onset
from lineshaft.feedback.sensors import SensorDrift, sensor_drift

Floats = NDArray[np.float64]


class Source(StrEnum):
    """SENSOR: the tag left what the others say of it; PROCESS: it moved and the others agree (or nobody can tell)."""

    SENSOR = "sensor"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Began:
    """A tag's change; times in UTC ns, ``low`` to ``high`` with 95 % confidence, ``begin`` at the window's first row
    where it began before. ``size`` is in deviations of its operating mode."""

    tag: str
    source: Source
    change: Change
    begin: int
    low: int
    high: int
    size: float


@dataclass(frozen=True, slots=True)
class Concept:
    """How often people called decisions wrong in the window; ``begin`` (UTC ns) and its bounds where that became more
    (``size`` > 0) or less frequent, None where it did not."""

    verdicts: int
    wrong: int
    begin: int | None = None
    low: int | None = None
    high: int | None = None
    size: float = 0.0


def began(reference: Dataset, window: Dataset, modes: tuple[NDArray[np.int64], NDArray[np.int64]],
          chance: float = CHANCE) -> tuple[Began, ...]:
    """Every tag that changed in ``window`` against ``reference``; ``modes`` are a mode's number per row of each.

    A tag counts in deviations of its operating mode. Rows in modes that the reference lacks are left out.
    """
    old, new, kept = _by_mode(reference, window, modes)
    sensors = {one.column: one.onset for one in _sensors(old, new, reference.run, chance)}
    times, found = window.times[kept], []
    for column, tag in enumerate(reference.tags):
        here, there = np.isfinite(old[:, column]), np.isfinite(new[:, column])
        changed = sensors.get(column)
        source, at = (Source.SENSOR, _whole(new)) if changed is not None else (Source.PROCESS, there)
        changed = changed or onset(old[here, column], new[there, column], run=reference.run[here],
                                   chance=chance / len(reference.tags))
        if changed is not None:
            found.append(_timed(tag.path, source, changed, times[at]))
    return tuple(found)


def concept(given: Sequence[Feedback], start: int, end: int) -> Concept:
    """From people's verdicts on decisions of ``start <= time < end``, in the order of what they are about."""
    inside = sorted((one for one in given if start <= one.start < end), key=lambda one: one.start)
    wrong = np.array([one.verdict is Verdict.BAD for one in inside], np.bool_)
    changed = rate_onset(wrong)
    if changed is None:
        return Concept(len(inside), int(wrong.sum()))
    begin, low, high = (inside[place].start for place in (changed.begin, changed.low, changed.high))
    return Concept(len(inside), int(wrong.sum()), begin, low, high, changed.size)


def _timed(tag: str, source: Source, found: Onset, times: NDArray[np.int64]) -> Began:
    begin, low, high = (int(times[min(place, len(times) - 1)]) for place in (found.begin, found.low, found.high))
    return Began(tag, source, found.change, begin, low, high, found.size)


def _by_mode(reference: Dataset, window: Dataset, modes: tuple[NDArray[np.int64], NDArray[np.int64]]
             ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Both in deviations of their mode, NaN where not usable, and which rows of the window are in a known mode."""
    kept = np.isin(modes[1], modes[0])
    old, new = _usable(reference), _usable(window.rows(kept))
    for mode in np.unique(modes[0]):
        here, there = modes[0] == mode, modes[1][kept] == mode
        mean, deviation = _moments(old[here])
        old[here], new[there] = (old[here] - mean) / deviation, (new[there] - mean) / deviation
    return old, new, kept


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of each column's known values; 1 where it never moves."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    deviation = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean, np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, 1.0)


def _usable(data: Dataset) -> Floats:
    return np.where(data.good & np.isfinite(data.values), data.values, np.nan)


def _whole(values: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(values).all(axis=1))


def _sensors(old: Floats, new: Floats, run: NDArray[np.int32], chance: float
             ) -> list[SensorDrift]:
    here = _whole(old)
    return sensor_drift(old[here], new[_whole(new)], run=run[here], chance=chance)
