"""Series onto a period grid, as-of: a row at time t knows what was measured at or before t, nothing later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.clock import format_duration
from lineshaft.core.dataset import UNLABELLED, Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import usable
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag

NEVER = np.iinfo(np.int64).min
MOST_ROWS = 200_000_000
"""More rows than this come from a wrong period or a wrong clock, and would fill the memory."""


def grid(start: int, end: int, period_ns: int) -> NDArray[np.int64]:
    """``start``, ``start + period``, ... before ``end``.

    >>> grid(0, 25, 10).tolist()
    [0, 10, 20]
    >>> len(grid(0, 4_382 * 86_400_000_000_000 + 1, 86_400_000_000_000))
    4383
    """
    if period_ns <= 0:
        raise UsageError(f"a period of {period_ns} ns is not positive", do="give a period such as '1s'")
    rows = max(-(-(end - start) // period_ns), 0)
    _check_rows(rows, period_ns)
    # Not arange(start, end, period): it counts in floats, and a year of nanoseconds loses its last row there.
    return start + period_ns * np.arange(rows, dtype=np.int64)


def grid_near(time: NDArray[np.int64], period_ns: int, gap_ns: int) -> NDArray[np.int64]:
    """The grid from the first to the last of the sorted ``time``, without the rows that a gap would cut.

    So a single sample with a wrong year costs nothing.

    >>> grid_near(np.array([0, 10, 10_000, 10_010]), 10, 25).tolist()
    [0, 10, 20, 30, 10000, 10010]
    """
    begin, end = int(time[0]), int(time[-1])
    wide = np.flatnonzero(np.diff(time) > gap_ns)
    first = -(-(time[np.concatenate([[0], wide + 1])] - begin) // period_ns)
    last = (np.append(time[wide] + gap_ns, end) - begin) // period_ns
    _check_rows(int((last - first + 1).sum()), period_ns)
    pieces = [np.arange(a, b + 1, dtype=np.int64) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    return begin + period_ns * np.concatenate(pieces)


def _check_rows(rows: int, period_ns: int) -> None:
    if rows > MOST_ROWS:
        raise UsageError(f"{rows:,} rows of {format_duration(period_ns)} are too many",
                         do="choose a longer period or a shorter stretch, or look for a wrong time stamp")


def arrival_order(time: NDArray[np.int64]) -> NDArray[np.intp] | slice:
    """What sorts by time and keeps equal times in order of arrival; a slice where nothing has to move."""
    if len(time) < 2 or bool(np.all(time[1:] >= time[:-1])):
        return slice(None)
    return np.argsort(time, kind="stable")


def newest_at(time: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.intp]:
    """Place of the newest entry of the sorted ``time`` at or before each of ``times``; -1 where there is none.

    Among equal times it is the last, which is the one that arrived last.

    >>> newest_at(np.array([10, 20, 20]), np.array([5, 10, 19, 20, 99])).tolist()
    [-1, 0, 0, 2, 2]
    """
    return np.searchsorted(time, times, side="right") - 1


def is_number(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a value can enter a graph, whose numbers are float32: not NaN, not beyond its range.

    >>> is_number(np.array([1.0, np.nan, np.inf, 1e300])).tolist()
    [True, False, False, False]
    """
    inside: NDArray[np.bool_] = np.abs(values) <= np.finfo(np.float32).max
    return inside


def align(series: Mapping[str, Series], tags: Sequence[Tag], times: NDArray[np.int64], *, period_ns: int,
          stale_ns: int | None = None, gap_ns: int | None = None) -> Dataset:
    """Rows at ``times`` (sorted), one column a tag; input may be unsorted and may repeat times.

    A value is masked (``good`` False, the value kept as found) when its StatusCode is bad, when it is no number
    that a graph can take, or when it is older than ``stale_ns`` (None: it holds for ever, right for tags that
    report on change only). Where NO tag has spoken for longer than ``gap_ns`` the rows are left out and the
    next row starts a new run (None: one run). Tags without a series are missing throughout.
    """
    rows = len(times)
    values = np.full((rows, len(tags)), np.nan)
    good = np.zeros((rows, len(tags)), np.bool_)
    newest = np.full(rows, NEVER)
    for column, tag in enumerate(tags):
        if (one := series.get(tag.path)) is not None and len(one):
            seen = _column(one, times, stale_ns, values[:, column], good[:, column])
            np.maximum(newest, seen, out=newest)
    data = Dataset(tuple(tags), period_ns, times, values, good, np.full(rows, UNLABELLED, np.int8),
                   np.zeros(rows, np.int32))
    return data if gap_ns is None else cut_gaps(data, newest, gap_ns)


def _column(one: Series, times: NDArray[np.int64], stale_ns: int | None, values: NDArray[np.float64],
            good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Fill one column in place; gives the source time behind each row."""
    order = arrival_order(one.time)
    time = one.time[order]
    place = newest_at(time, times)
    known = place >= 0
    found = one.value[order][place]
    seen = np.where(known, time[place], NEVER)
    np.copyto(values, found, where=known)
    np.copyto(good, known & usable(one.quality[order][place]) & is_number(found))
    if stale_ns is not None:
        good &= fresh(times, seen, stale_ns)
    return seen


def fresh(times: NDArray[np.int64], seen: NDArray[np.int64], limit_ns: int) -> NDArray[np.bool_]:
    """True where the newest sample is at most ``limit_ns`` old (and there is one)."""
    heard: NDArray[np.bool_] = seen != NEVER
    age = times - np.where(heard, seen, times)
    young: NDArray[np.bool_] = age <= limit_ns
    return heard & young


def cut_gaps(data: Dataset, newest: NDArray[np.int64], gap_ns: int) -> Dataset:
    """Leave out rows whose ``newest`` sample of any tag is older than ``gap_ns``; a new run after each cut."""
    kept = data.rows(fresh(data.times, newest, gap_ns))
    kept.run[1:] = np.cumsum(np.diff(kept.times) > data.period_ns)
    return kept
