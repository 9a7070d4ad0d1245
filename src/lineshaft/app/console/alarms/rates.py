"""Rates: what EEMUA 191 and ISA-18.2 ask about an alarm system, from when its alarms came and went.

Times are UTC ns; onsets are in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.backtest import Episode
from lineshaft.core.clock import SECOND

HOUR, TEN_MINUTES, MINUTE, DAY = 3600 * SECOND, 600 * SECOND, 60 * SECOND, 86_400 * SECOND
FLOOD_MORE_THAN, FLOOD_OVER_BELOW = 10, 5
CHATTER = 3
MOST_BARS, TOP = 200, 10
NO_TAG = ""
Onsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Burst:
    """``alarms`` came between ``start`` and ``end``."""

    start: int
    end: int
    alarms: int


@dataclass(frozen=True, slots=True)
class Blamed:
    """How many alarms had this tag as their first cause, and for how long they stood together."""

    tag: str
    alarms: int
    stood_ns: int


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A figure beside what the standards call acceptable and, at most, manageable for one operator.

    ``value`` is None where too little was watched to say.
    """

    name: str
    value: float | None
    acceptable: float
    manageable: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The alarms that came in ``start <= onset < end``, of which ``watched_ns`` had decisions."""

    start: int
    end: int
    watched_ns: int
    step: int
    counts: tuple[int, ...]
    alarms: int
    stood_ns: int
    floods: tuple[Burst, ...]
    chattering: tuple[Burst, ...]
    stale: tuple[Episode, ...]
    top: tuple[Blamed, ...]
    benchmarks: tuple[Benchmark, ...]


def figures(found: Sequence[Episode], start: int, end: int, watched_ns: int, period_ns: int) -> Figures:
    """All of it; an alarm that came before ``start`` counts only as one that stood."""
    came = [one for one in found if start <= one.start < end]
    onsets = np.array([one.start for one in came], np.int64)
    step = HOUR if end - start <= MOST_BARS * HOUR else DAY
    flooded, noisy = floods(onsets), chattering(onsets)
    old = tuple(one for one in found if one.end - one.start > DAY)
    stood = sum(max(0, min(one.end + period_ns, end) - max(one.start, start)) for one in found)
    long = watched_ns >= HOUR  # a mean over minutes says nothing
    measured = (
        Benchmark("per_hour", len(came) * HOUR / watched_ns if long else None, 6, 12),
        Benchmark("most_in_ten_minutes", float(most_within(onsets, TEN_MINUTES)) if watched_ns else None, 10, 10),
        Benchmark("flood_share", sum(one.end - one.start for one in flooded) / watched_ns if long else None, 0.01,
                  0.05),
        Benchmark("chattering", float(len(noisy)) if watched_ns else None, 0, 0),
        Benchmark("stale", float(len(old)) if watched_ns else None, 0, 5))
    return Figures(start, end, watched_ns, step, per_step(onsets, start, end, step), len(came), stood, flooded, noisy,
                   old, top(came, period_ns), measured)


def per_step(onsets: Onsets, start: int, end: int, step: int) -> tuple[int, ...]:
    """How many came in each ``step`` from ``start``; the last may be cut short by ``end``.

    >>> per_step(np.array([0, 5, 12, 29]), 0, 30, 10)
    (2, 1, 1)
    """
    if end <= start:
        return ()
    inside = onsets[(onsets >= start) & (onsets < end)]
    return tuple(np.bincount((inside - start) // step, minlength=-(-(end - start) // step)).tolist())


def most_within(onsets: Onsets, width: int) -> int:
    """The most that came within any ``width``.

    >>> most_within(np.array([0, 9, 10, 11]), 10)
    3
    """
    if not len(onsets):
        return 0
    return int((np.searchsorted(onsets, onsets + width, "left") - np.arange(len(onsets))).max())


def floods(onsets: Onsets) -> tuple[Burst, ...]:
    """More than ten in ten minutes until fewer than five in ten minutes (ISA-18.2, EEMUA 191)."""
    found, first = [], 0
    while first + FLOOD_MORE_THAN < len(onsets):
        if onsets[first + FLOOD_MORE_THAN] - onsets[first] >= TEN_MINUTES:
            first += 1
            continue
        last = first + FLOOD_MORE_THAN
        while last + 1 < len(onsets) and onsets[last + 1] < _calm(onsets, last):
            last += 1
        found.append(Burst(int(onsets[first]), int(_calm(onsets, last)), last - first + 1))
        first = last + 1
    return tuple(found)


def _calm(onsets: Onsets, last: int) -> int:
    """When fewer than five lie within the last ten minutes, if none comes after ``last``."""
    return int(onsets[last - FLOOD_OVER_BELOW + 1]) + TEN_MINUTES


def chattering(onsets: Onsets) -> tuple[Burst, ...]:
    """Where one alarm came three times or more within a minute (ISA-18.2); what overlaps is one."""
    found: list[Burst] = []
    for first in range(len(onsets) - CHATTER + 1):
        start, end = int(onsets[first]), int(onsets[first + CHATTER - 1])
        if end - start > MINUTE:
            continue
        if found and start <= found[-1].end:
            start = found.pop().start
        found.append(Burst(start, end, int(((onsets >= start) & (onsets <= end)).sum())))
    return tuple(found)


def top(found: Sequence[Episode], period_ns: int, most: int = TOP) -> tuple[Blamed, ...]:
    """The tags that were the first cause most often."""
    return _counted(found, period_ns, lambda one: one.causes[0].tag if one.causes else NO_TAG)[:most]


def _counted(found: Sequence[Episode], period_ns: int, name: Callable[[Episode], str]) -> tuple[Blamed, ...]:
    counts: dict[str, list[int]] = {}
    for one in found:
        mine = counts.setdefault(name(one), [0, 0])
        mine[0] += 1
        mine[1] += one.end - one.start + period_ns
    rows = [Blamed(tag, alarms, stood) for tag, (alarms, stood) in counts.items()]
    return tuple(sorted(rows, key=lambda row: (-row.alarms, -row.stood_ns, row.tag)))
