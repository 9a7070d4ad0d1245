"""Occurrences: each time that a loop raised its alarm, with what it blamed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

from lineshaft.app.backtest import Episode, episodes, of_decisions
from lineshaft.app.console.alarms.stretches import COLUMNS, SHORT_NS, Signal, Stretch, signal, stretches, whole
from lineshaft.app.console.context import NotFound
from lineshaft.core.clock import SECOND, format_time
from lineshaft.core.decision_tags import decision_paths
from lineshaft.core.store import Historian
from lineshaft.feedback.decisions import decisions

MS = 1_000_000
LEAST_GAP_NS = 60 * SECOND
HEAD_TICKS = 600
MOST_KEPT = 20_000
AROUND_NS = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Seen:
    """The alarms of a time, and how many decisions were made in it."""

    occurrences: tuple[Episode, ...]
    count: int


class AlarmHistory:
    """The alarms of one loop on one asset in history. Threads may share one.

    Alarms that have ended change no more and are remembered. Causes and confidence are those of the first
    ``HEAD_TICKS`` decisions: what raised the alarm, not what a fault has spread to a week later.
    """

    def __init__(self, historian: Historian, loop: str, asset: str, period_ns: int) -> None:
        self.loop, self.period_ns = loop, period_ns
        self.gap_ns = max(LEAST_GAP_NS, 10 * period_ns)
        self._historian, self._asset = historian, asset
        self._paths = decision_paths(loop, asset)
        self._ended: dict[Stretch, Episode] = {}
        self._lock = threading.Lock()

    def over(self, start: int, end: int, now: int) -> Seen:
        """The alarms that stood in ``start <= time < end``, first to last, each whole."""
        path = self._paths["alarm"]
        wide = whole(self._historian, path, start, end, gap_ns=self.gap_ns, now=now)
        found = self._signal(*wide)
        stood = [one for one in stretches(found, self.gap_ns) if one.end >= start and one.start < end]
        inside = found.count if wide == (start, end) else self._signal(start, end).count
        return Seen(tuple(self._told(one, one.end == found.newest and now - one.end <= self.gap_ns) for one in stood),
                    inside)

    def _signal(self, start: int, end: int) -> Signal:
        return signal(self._historian, self._paths["alarm"], start, end, gap_ns=self.gap_ns, period_ns=self.period_ns)

    def at(self, time_ms: int, now: int) -> Episode:
        """The alarm that stood at a moment (UTC ms); ``NotFound`` where none did."""
        start, end = time_ms * MS, (time_ms + 1) * MS
        for one in self.over(start - self.period_ns, end, now).occurrences:
            if one.start < end and one.end + self.period_ns > start:
                return one
        raise NotFound(f"no alarm stood at {format_time(start)}", where=f"loop {self.loop}",
                       do="choose one of the list; a decision reaches history a second after it was made")

    def _told(self, one: Stretch, still: bool) -> Episode:
        with self._lock:
            if not still and one in self._ended:
                return self._ended[one]
        found = replace(self._read(one), open=still)
        if not still:
            with self._lock:
                if len(self._ended) >= MOST_KEPT:
                    self._ended.clear()
                self._ended[one] = found
        return found

    def _read(self, one: Stretch) -> Episode:
        head = min(one.end, one.start + HEAD_TICKS * self.period_ns) + 1
        begun = episodes(of_decisions(decisions(self._historian, self.loop, self._asset, one.start, head)))[0]
        peak = max(begun.peak, self._highest(head, one.end + 1))
        return replace(begun, start=one.start, end=one.end, peak=peak)

    def _highest(self, start: int, end: int) -> float:
        """The greatest score in a time, -inf where there is none."""
        path = self._paths["score"]
        if end - start <= SHORT_NS:
            return float(self._historian.read([path], start, end)[path].value.max(initial=-np.inf))
        found = self._historian.columns([path], start, end, COLUMNS)[path]
        inside = (found.high_time >= start) & (found.high_time < end)
        return float(found.high[inside].max(initial=-np.inf))


def lasted(one: Episode, period_ns: int) -> int:
    """How long the alarm stood: its last decision held for a period."""
    return one.end - one.start + period_ns
