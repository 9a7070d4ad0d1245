"""Stretches: when the alarm of a loop stood, from its tag in history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.clock import SECOND
from lineshaft.core.store import Historian

FIRST_STEP_NS = 3600 * SECOND


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A loop's alarm tag over a time: ``time`` int64 [N] UTC ns in order, ``alarm`` bool [N].

    ``count`` is how many decisions there were.
    """

    time: NDArray[np.int64]
    alarm: NDArray[np.bool_]
    count: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The alarm stood from ``start`` to ``end`` (UTC ns, both included)."""

    start: int
    end: int


def stretches(signal: Signal, gap_ns: int) -> list[Stretch]:
    """First to last; what stood before and after a pause of more than ``gap_ns`` between decisions is two.

    >>> signal = Signal(np.array([1, 2, 3, 4, 9]), np.array([False, True, True, False, True]), 5)
    >>> stretches(signal, 3)
    [Stretch(start=2, end=3), Stretch(start=9, end=9)]
    """
    goes_on = signal.alarm[1:] & signal.alarm[:-1] & (np.diff(signal.time) <= gap_ns)
    edge = np.zeros(1 if len(signal.alarm) else 0, np.bool_)
    starts = signal.time[signal.alarm & ~np.concatenate([edge, goes_on])]
    ends = signal.time[signal.alarm & ~np.concatenate([goes_on, edge])]
    return [Stretch(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def signal(historian: Historian, path: str, start: int, end: int) -> Signal:
    """The alarm tag in ``start <= time < end``."""
    found = historian.read([path], start, end)[path]
    return Signal(found.time, found.value != 0, len(found))


def whole(historian: Historian, path: str, start: int, end: int, *, gap_ns: int, now: int) -> tuple[int, int]:
    """The least window around ``start <= time < end`` that cuts through no alarm."""
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
