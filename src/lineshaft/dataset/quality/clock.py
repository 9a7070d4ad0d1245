"""Checks of the time stamps: duplicates, disorder, clock jumps, gaps, uneven sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.clock import SECOND
from lineshaft.dataset.quality.column import longest
from lineshaft.dataset.quality.finding import Finding, Kind, Severity

HOUR = 3_600 * SECOND
GAP_PERIODS = 5.0
"""A pause of this many typical intervals is a gap where no other limit is given."""
MOST_JUMPS = 100


def typical_period(runs: Sequence[NDArray[np.int64]]) -> int:
    """Median interval between different times (ns); 0 where there are fewer than two."""
    steps = [np.diff(np.sort(time)) for time in runs if len(time) > 1]
    positive = np.concatenate(steps) if steps else np.empty(0, np.int64)
    positive = positive[positive > 0]
    return int(np.median(positive)) if len(positive) else 0


def check_clock(tag: str, runs: Sequence[NDArray[np.int64]], gap_ns: int | None) -> tuple[Finding, ...]:
    """All findings on time stamps; ``runs`` are in order of arrival, ``gap_ns`` the longest normal pause."""
    period = typical_period(runs)
    limit = gap_ns or max(round(GAP_PERIODS * period), 1)
    total = sum(len(time) for time in runs)
    found = [_duplicates(tag, runs, total), *_disorder(tag, runs, total, period), _gaps(tag, runs, limit),
             _jitter(tag, runs, period, limit)]
    return tuple(one for one in found if one is not None)


def _duplicates(tag: str, runs: Sequence[NDArray[np.int64]], total: int) -> Finding | None:
    repeated = [ordered[1:][np.diff(ordered) == 0] for ordered in map(np.sort, runs)]
    times = np.unique(np.concatenate(repeated)) if repeated else np.empty(0, np.int64)
    count = sum(map(len, repeated))
    if not count:
        return None
    return Finding(tag, Kind.DUPLICATE, Severity.WARNING if count > 0.01 * total else Severity.INFO, count,
                   count / total, longest(times, times))


def _disorder(tag: str, runs: Sequence[NDArray[np.int64]], total: int, period: int) -> list[Finding]:
    """Late samples, and apart from them a clock that was set back: it goes on from the earlier time."""
    late, jumps, steps = 0, [], []
    for time in runs:
        back = np.flatnonzero(np.diff(time) < 0)
        behind = time < np.maximum.accumulate(time) if len(time) else np.empty(0, np.bool_)
        for i in back[np.diff(time)[back] < -GAP_PERIODS * max(period, 1)][:MOST_JUMPS].tolist():
            if _goes_on(time, i + 1, period):
                jumps.append((int(time[i + 1]), int(time[i])))
                steps.append(float(time[i] - time[i + 1]))
        late += int(behind.sum())
    found = []
    if late:
        found.append(Finding(tag, Kind.UNSORTED, Severity.WARNING if late > 0.01 * total else Severity.INFO,
                             late, late / total))
    if jumps:
        summer = float(all(abs(step - HOUR) <= 2 * max(period, SECOND) for step in steps))
        found.append(Finding(tag, Kind.CLOCK_JUMP, Severity.WARNING, len(jumps), len(jumps) / total,
                             tuple(sorted(jumps)), {"longest_ns": max(steps), "summer_time": summer}))
    return found


def _goes_on(time: NDArray[np.int64], start: int, period: int) -> bool:
    """Whether the samples after a step back follow each other in order, as a clock does."""
    after = np.diff(time[start:start + 10])
    return len(after) >= 3 and bool(np.all(after >= 0)) and bool(np.median(after) <= GAP_PERIODS * period)


def _gaps(tag: str, runs: Sequence[NDArray[np.int64]], limit: int) -> Finding | None:
    starts, ends, whole = [], [], 0
    for ordered in map(np.sort, runs):
        wide = np.flatnonzero(np.diff(ordered) > limit)
        starts.append(ordered[wide])
        ends.append(ordered[wide + 1])
        whole += int(ordered[-1] - ordered[0]) if len(ordered) else 0
    start, end = (np.concatenate(side) if side else np.empty(0, np.int64) for side in (starts, ends))
    if not len(start):
        return None
    share = float((end - start).sum()) / max(whole, 1)
    return Finding(tag, Kind.GAP, Severity.WARNING if share > 0.01 else Severity.INFO, len(start), share,
                   longest(start, end), {"longest_ns": float((end - start).max()), "limit_ns": float(limit)})


def _jitter(tag: str, runs: Sequence[NDArray[np.int64]], period: int, limit: int) -> Finding | None:
    """Intervals that are neither a gap nor within half a period of the typical one."""
    if not period:
        return None
    steps = np.concatenate([np.diff(np.sort(time)) for time in runs])
    steps = steps[(steps > 0) & (steps <= limit)]
    uneven = np.abs(steps - period) > period / 2
    share = float(uneven.mean()) if len(steps) else 0.0
    if share < 0.05:
        return None
    return Finding(tag, Kind.JITTER, Severity.INFO, int(uneven.sum()), share,
                   figures={"period_ns": float(period), "p99_ns": float(np.quantile(steps, 0.99))})
