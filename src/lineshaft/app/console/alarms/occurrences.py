"""Occurrences: each time that a loop raised its alarm, with what it blamed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lineshaft.app.backtest import Episode, episodes, of_decisions
from lineshaft.app.console.alarms.stretches import COLUMNS, SHORT_NS, Known, Signal, Stretch, signal, stretches, whole
from lineshaft.app.console.context import NotFound
from lineshaft.core.clock import SECOND, format_time
from lineshaft.core.decision_tags import decision_paths, decisions_of
from lineshaft.core.series import Series
from lineshaft.core.store import Historian

MS = 1_000_000
LEAST_GAP_NS = 60 * SECOND
HEAD_TICKS = 300
NEAR_TICKS, MOST_TICKS = 2_000, 20_000
MOST_KEPT = 20_000


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
        self._known: Known = {}
        self._ended: dict[Stretch, Episode] = {}
        self._lock = threading.Lock()

    def over(self, start: int, end: int, now: int) -> Seen:
        """The alarms that stood in ``start <= time < end``, first to last, each whole."""
        path = self._paths["alarm"]
        wide = whole(self._historian, path, start, end, gap_ns=self.gap_ns, now=now)
        found = self._signal(*wide)
        stood = [one for one in stretches(found, self.gap_ns) if one.end >= start and one.start < end]
        inside = found.count if wide == (start, end) else self._signal(start, end).count
        still = [one for one in stood if one.end == found.newest and now - one.end <= self.gap_ns]
        ended = self._remembered([one for one in stood if one not in still])
        fresh = self._explained(still)
        return Seen(tuple(ended[one] if one in ended else replace(fresh[one], open=True) for one in stood), inside)

    def _signal(self, start: int, end: int) -> Signal:
        return signal(self._historian, self._paths["alarm"], start, end, gap_ns=self.gap_ns, period_ns=self.period_ns,
                      known=self._known)

    def at(self, time_ms: int, now: int) -> Episode:
        """The alarm that stood at a moment (UTC ms); ``NotFound`` where none did."""
        start, end = time_ms * MS, (time_ms + 1) * MS
        for one in self.over(start - self.period_ns, end, now).occurrences:
            if one.start < end and one.end + self.period_ns > start:
                return one
        raise NotFound(f"no alarm stood at {format_time(start)}", where=f"loop {self.loop}",
                       do="choose one of the list; a decision reaches history a second after it was made")

    def _remembered(self, ended: Sequence[Stretch]) -> dict[Stretch, Episode]:
        with self._lock:
            told = {one: self._ended[one] for one in ended if one in self._ended}
        new = self._explained([one for one in ended if one not in told])
        with self._lock:
            if len(self._ended) + len(new) > MOST_KEPT:
                self._ended.clear()
            self._ended |= new
        return told | new

    def _explained(self, wanted: Sequence[Stretch]) -> dict[Stretch, Episode]:
        """What each blamed at first, and its highest score; those that lie near each other are read together."""
        found: dict[Stretch, Episode] = {}
        for few in _near(wanted, NEAR_TICKS * self.period_ns, MOST_TICKS * self.period_ns):
            said = self._historian.read([*self._paths.values()], few[0].start, self._head(few[-1]))
            for one in few:
                part = {path: _cut(series, one.start, self._head(one)) for path, series in said.items()}
                begun = episodes(of_decisions(decisions_of(self.loop, self._asset, part)))[0]
                later = self._highest(self._head(one), one.end + 1) if self._head(one) <= one.end else begun.peak
                found[one] = replace(begun, start=one.start, end=one.end, peak=max(begun.peak, later), open=False)
        return found

    def _head(self, one: Stretch) -> int:
        """Where the beginning of an alarm ends."""
        return min(one.end, one.start + HEAD_TICKS * self.period_ns) + 1

    def _highest(self, start: int, end: int) -> float:
        """The greatest score in a time, -inf where there is none."""
        path = self._paths["score"]
        if end - start <= SHORT_NS:
            return float(self._historian.read([path], start, end)[path].value.max(initial=-np.inf))
        found = self._historian.columns([path], start, end, COLUMNS)[path]
        inside = (found.high_time >= start) & (found.high_time < end)
        return float(found.high[inside].max(initial=-np.inf))


def _near(wanted: Sequence[Stretch], near: int, most: int) -> list[list[Stretch]]:
    """In groups whose members begin soon after the one before; no group is longer than ``most``."""
    groups: list[list[Stretch]] = []
    for one in wanted:
        if groups and one.start - groups[-1][-1].end <= near and one.end - groups[-1][0].start <= most:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _cut(series: Series, start: int, end: int) -> Series:
    first, last = np.searchsorted(series.time, [start, end], "left").tolist()
    return Series(series.tag, series.time[first:last], series.value[first:last], series.quality[first:last],
                  None if series.text is None else series.text[first:last])


def lasted(one: Episode, period_ns: int) -> int:
    """How long the alarm stood: its last decision held for a period."""
    return one.end - one.start + period_ns
