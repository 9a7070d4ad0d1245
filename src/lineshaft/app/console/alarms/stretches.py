"""Stretches: when the alarm of a loop stood, from its tag in history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.clock import SECOND
from lineshaft.core.columns import Columns
from lineshaft.core.store import Historian

FIRST_STEP_NS = 3600 * SECOND
SHORT_NS = 12 * 3600 * SECOND
COLUMNS = 1500
NEAR, MOST = 10_000, 200_000  # decisions: to read so many more takes as long as one more question
MOST_KNOWN = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A loop's alarm tag over a time, as runs in order: from ``first`` to ``last`` (UTC ns [N], both included) every
    decision said ``alarm`` [N]. What is one run to a person may be several here.

    ``count`` is how many decisions there were.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    alarm: NDArray[np.bool_]
    count: int

    @property
    def newest(self) -> int:
        """Time of the newest decision; 0 where there is none."""
        return int(self.last[-1]) if len(self.last) else 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """The alarm stood from ``start`` to ``end`` (UTC ns, both included)."""

    start: int
    end: int


def stretches(signal: Signal, gap_ns: int) -> list[Stretch]:
    """First to last; what stood before and after a pause of more than ``gap_ns`` between decisions is two.

    >>> times = np.array([1, 2, 3, 4, 9])
    >>> stretches(Signal(times, times, np.array([False, True, True, False, True]), 5), 3)
    [Stretch(start=2, end=3), Stretch(start=9, end=9)]
    """
    goes_on = signal.alarm[1:] & signal.alarm[:-1] & (signal.first[1:] - signal.last[:-1] <= gap_ns)
    edge = np.zeros(min(1, len(signal.alarm)), np.bool_)
    starts = signal.first[signal.alarm & ~np.concatenate([edge, goes_on])]
    ends = signal.last[signal.alarm & ~np.concatenate([goes_on, edge])]
    return [Stretch(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


Known = dict[tuple[int, int, int], Signal]
"""Parts of a signal that were read before, by their start, end and number of decisions: with the same number they
hold the same, since history only grows."""


def signal(historian: Historian, path: str, start: int, end: int, *, gap_ns: int, period_ns: int,
           known: Known | None = None) -> Signal:
    """The alarm tag in ``start <= time < end``.

    Over a long time samples are read only where the overview says that the alarm came, went or paused, and only
    where ``known`` has not got them.
    """
    known = {} if known is None else known
    if end - start <= SHORT_NS:
        return _read(historian, path, start, end)
    columns = historian.columns([path], start, end, COLUMNS)[path]
    plain = _plain(columns, start, end, gap_ns, period_ns)
    parts = []
    for first, last in _joined(columns.start[~plain], columns.step, period_ns):
        inside = (columns.start >= first) & (columns.start < last)
        plain &= ~inside
        key = (max(start, first), min(end, last), int(columns.count[inside].sum()))
        if key not in known:
            if len(known) >= MOST_KNOWN:
                known.clear()
            known[key] = _read(historian, path, key[0], key[1])
        parts.append(known[key])
    parts.append(Signal(columns.first_time[plain], columns.last_time[plain], columns.high[plain] != 0,
                        int(columns.count[plain].sum())))
    return _in_order(parts)


def _read(historian: Historian, path: str, start: int, end: int) -> Signal:
    found = historian.read([path], start, end)[path]
    return Signal(found.time, found.time, found.value != 0, len(found))


def _plain(columns: Columns, start: int, end: int, gap_ns: int, period_ns: int) -> NDArray[np.bool_]:
    """Columns that lie inside, say one thing, and, where that is an alarm, say it without a pause."""
    inside = (columns.start >= start) & (columns.start + columns.step <= end)
    lasted = columns.last_time - columns.first_time
    gapless = lasted - (columns.count - 1) * period_ns <= gap_ns
    plain: NDArray[np.bool_] = inside & (columns.low == columns.high) & ((columns.high == 0) | gapless)
    return plain


def _joined(starts: NDArray[np.int64], step: int, period_ns: int) -> list[tuple[int, int]]:
    """Columns as windows; near ones together, as long as that costs less than to ask once more."""
    windows: list[tuple[int, int]] = []
    for start in starts.tolist():
        if windows and start - windows[-1][1] <= NEAR * period_ns and start + step - windows[-1][0] <= MOST * period_ns:
            windows[-1] = (windows[-1][0], start + step)
        else:
            windows.append((start, start + step))
    return windows


def _in_order(parts: list[Signal]) -> Signal:
    first = np.concatenate([part.first for part in parts])
    order = np.argsort(first, kind="stable")
    return Signal(first[order], np.concatenate([part.last for part in parts])[order],
                  np.concatenate([part.alarm for part in parts])[order], sum(part.count for part in parts))


def whole(historian: Historian, path: str, start: int, end: int, *, gap_ns: int, now: int) -> tuple[int, int]:
    """The window around ``start <= time < end`` that cuts through no alarm."""
    step = FIRST_STEP_NS
    while _stood(historian, path, start, gap_ns):
        start, step = start - step, step * 4
    step = FIRST_STEP_NS
    while end <= now and _stood(historian, path, end, gap_ns):
        end, step = end + step, step * 4
    return start, end


def _stood(historian: Historian, path: str, time: int, gap_ns: int) -> bool:
    """Whether the alarm stood just before ``time``."""
    found = historian.as_of([path], time - 1).get(path)
    return found is not None and found.value != 0 and found.time >= time - gap_ns
