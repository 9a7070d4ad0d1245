"""A line as a chart draws it: points in time, and where it must break."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.columns import Columns
from lineshaft.core.quality import usable
from lineshaft.core.series import Series

GOOD, UNCERTAIN, BAD = 0, 1, 2
_POINTS = ("first", "low", "high", "last")
Times = NDArray[np.int64]
Values = NDArray[np.float64]
Severities = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """``time`` UTC ns, ``value`` NaN where the line breaks, ``quality`` 0 good, 1 uncertain, 2 bad.

    ``within`` says that more samples lie between a point and the one before: it is no silence.
    """

    time: Times
    value: Values
    quality: Severities
    within: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class QualitySpan:
    """``kind`` is "uncertain", "bad" or "stale" (silent for longer than a tag may be), ``end`` not included."""

    start: int
    end: int
    kind: str


def severities(quality: NDArray[np.uint32]) -> Severities:
    """Of every StatusCode; the reserved pattern counts as bad."""
    found: Severities = np.minimum(quality >> np.uint32(30), BAD).astype(np.int8)
    return found


def of_series(series: Series) -> Line:
    """Every sample; no value where it is bad or no number."""
    drawn = usable(series.quality) & np.isfinite(series.value)
    return Line(series.time, np.where(drawn, series.value, np.nan), severities(series.quality),
                np.zeros(len(series), np.bool_))


def of_columns(columns: Columns) -> Line:
    """The four points of each column in order of time, each sample once.

    In a column where some samples are bad its points are marked uncertain: they themselves are usable. A column
    of nothing usable is a point without a value at each of its ends.
    """
    time = np.stack([getattr(columns, f"{point}_time") for point in _POINTS], 1)
    value = np.stack([getattr(columns, point) for point in _POINTS], 1)
    empty = np.isnan(columns.first)
    time[empty, :2], time[empty, 2:] = columns.start[empty, None], columns.start[empty, None] + columns.step - 1
    order = np.argsort(time, axis=1, kind="stable")
    time, value = np.take_along_axis(time, order, 1), np.take_along_axis(value, order, 1)
    fresh = np.ones(time.shape, np.bool_)
    fresh[:, 1:] = (time[:, 1:] != time[:, :-1]) | ((value[:, 1:] != value[:, :-1]) & ~empty[:, None])
    worst = severities(columns.quality)
    shown = np.where(empty, worst, np.minimum(worst, UNCERTAIN))
    within = np.ones(time.shape, np.bool_)
    within[:, 0] = False
    return Line(time[fresh], value[fresh], np.repeat(shown[:, None], 4, 1)[fresh], within[fresh])


def broken(line: Line, longest: int | None) -> Line:
    """With a point without a value in every silence longer than ``longest`` ns, so that no line crosses it."""
    if longest is None or len(line) < 2:
        return line
    at = np.flatnonzero((np.diff(line.time) > longest) & ~line.within[1:]) + 1
    return Line(np.insert(line.time, at, line.time[at - 1] + longest), np.insert(line.value, at, np.nan),
                np.insert(line.quality, at, line.quality[at - 1]), np.insert(line.within, at, False))


def spans_of_samples(series: Series, period: int) -> list[QualitySpan]:
    """Stretches of bad or uncertain samples; each lasts until the next sample, the last one for a period."""
    found = severities(series.quality)
    ends = np.append(series.time[1:], series.time[-1:] + period)
    return _spans(found, series.time, ends)


def spans_of_columns(columns: Columns) -> list[QualitySpan]:
    """Columns that hold bad or uncertain samples, at least one."""
    return _spans(severities(columns.quality), columns.start, columns.start + columns.step)


def _spans(found: Severities, starts: Times, ends: Times) -> list[QualitySpan]:
    """Neighbours of one severity that touch, as one."""
    if not len(found):
        return []
    fresh = (np.diff(found) != 0) | (starts[1:] > ends[:-1])
    cuts = [0, *(np.flatnonzero(fresh) + 1).tolist(), len(found)]
    return [QualitySpan(int(starts[first]), int(ends[stop - 1]), "bad" if found[first] == BAD else "uncertain")
            for first, stop in pairwise(cuts) if found[first] != GOOD]


def silences(first: Times, last: Times, longest: int | None, until: int) -> list[QualitySpan]:
    """Where a tag said nothing for longer than it may, up to ``until``: between a ``last`` and the next ``first``."""
    if longest is None or not len(first):
        return []
    following = np.append(first[1:], max(until, int(last[-1])))
    at = np.flatnonzero(following - last > longest)
    return [QualitySpan(int(last[n]) + longest, int(following[n]), "stale") for n in at]


def heard(columns: Columns) -> tuple[Times, Times]:
    """First and last moment of each column at which its tag spoke; a whole column where bad samples hide that."""
    hidden = (columns.bad > 0) | np.isnan(columns.first)
    return (np.where(hidden, columns.start, columns.first_time),
            np.where(hidden, columns.start + columns.step - 1, columns.last_time))
