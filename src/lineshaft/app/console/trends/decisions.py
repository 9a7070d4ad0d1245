"""Decisions over a range: alarms as spans, found by the overview of the alarm tag; texts are read for few of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lineshaft.app.backtest import Decisions, Episode, episodes, of_decisions
from lineshaft.core.columns import Columns
from lineshaft.core.decision import Cause, Decision
from lineshaft.core.decision_tags import decision_paths
from lineshaft.core.store import Historian
from lineshaft.feedback.decisions import decisions

MOST_DETAILED = 60  # newest spans whose causes are read
MOST_EXPLAINED = 300  # decisions of a span, from its start, whose causes are summed
MOST_ROWS = 1_000_000
MOST_READS = 16
_AROUND = 3  # columns apart, so that the columns around two stretches are not the same
_MOST_KEPT = 5_000
PAUSE_PERIODS = 10  # a loop that was silent for so long was stopped: what follows is another span
Window = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DecisionSpan:
    """One alarm from its first to its last decision (UTC ns, both included); ``peak`` is the largest score.

    ``causes`` (largest first) are means over its first decisions, ``masked`` the tags masked in any of those,
    ``source`` who decided most of them; ``explained`` is False where they were not looked up. ``open``: it stands at
    the end of what is known. ``exact`` is False where so much was alarm that only the overview was read.
    """

    start: int
    end: int
    peak: float
    open: bool
    exact: bool = True
    causes: tuple[Cause, ...] = ()
    masked: tuple[str, ...] = ()
    source: str = ""
    bundle: str = ""
    explained: bool = False


class DecisionReader:
    """The spans of one project; what an ended alarm's texts say is remembered."""

    def __init__(self) -> None:
        self._of: Historian | None = None
        self._explained: dict[tuple[str, int, int], DecisionSpan] = {}
        self._lock = threading.Lock()

    def spans(self, historian: Historian, loop: str, asset: str, start: int, end: int,
              columns: int) -> list[DecisionSpan]:
        """Alarms of a loop on an asset that reach into ``start <= time < end``, in order of time."""
        paths = decision_paths(loop, asset)
        seen = historian.columns([paths["alarm"], paths["score"]], start, end, columns)
        alarm = seen[paths["alarm"]]
        windows = _windows(alarm)
        if sum(_rows(alarm, one) for one in windows) > MOST_ROWS:
            found = _roughly(alarm, seen[paths["score"]])
        else:
            found = [span for window in windows for span in _exactly(historian, loop, asset, window)]
        found = [span for span in found if span.end >= start and span.start < end]
        last = int(alarm.last_time.max(initial=0))
        found = [replace(span, open=span.open and span.end >= last) for span in found]
        plain = len(found) - MOST_DETAILED
        return [span if at < plain else self._explain(historian, loop, asset, span) for at, span in enumerate(found)]

    def _explain(self, historian: Historian, loop: str, asset: str, span: DecisionSpan) -> DecisionSpan:
        key = (f"{loop}/{asset}", span.start, span.end)
        with self._lock:
            if self._of is not historian:
                self._of, self._explained = historian, {}
            known = self._explained.get(key)
        if known is None:
            known = _explained(historian, loop, asset, span)
            with self._lock:
                if len(self._explained) >= _MOST_KEPT:
                    self._explained.clear()
                self._explained[key] = known
        return replace(known, open=span.open, exact=span.exact, peak=span.peak)


def _windows(alarm: Columns) -> list[Window]:
    """Stretches of columns with an alarm, with the column before and the one after; the nearest joined to a few."""
    at = np.flatnonzero(alarm.high > 0)
    if not len(at):
        return []
    groups = np.split(at, np.flatnonzero(np.diff(at) > _AROUND) + 1)
    last = len(alarm) - 1
    windows = [(int(alarm.start[max(group[0] - 1, 0)]), int(alarm.start[min(group[-1] + 1, last)]) + alarm.step)
               for group in groups]
    if len(windows) <= MOST_READS:
        return windows
    apart = np.array([after[0] - before[1] for before, after in pairwise(windows)])
    cuts = np.sort(np.argsort(-apart, kind="stable")[:MOST_READS - 1]) + 1
    return [(int(few[0, 0]), int(few[-1, 1])) for few in np.split(np.array(windows), cuts)]


def _rows(alarm: Columns, window: Window) -> int:
    inside = (alarm.start >= window[0]) & (alarm.start < window[1])
    return int(alarm.count[inside].sum())


def _exactly(historian: Historian, loop: str, asset: str, window: Window) -> list[DecisionSpan]:
    """Alarms in a window from its alarm and score samples alone."""
    paths = decision_paths(loop, asset)
    read = historian.read([paths["alarm"], paths["score"]], *window)
    alarm, score = read[paths["alarm"]], read[paths["score"]]
    if not len(alarm) or len(alarm) != len(score):  # a window's edge never parts the two: they come in one append
        return []
    steps = np.diff(alarm.time)
    pause = PAUSE_PERIODS * (int(np.median(steps)) if len(steps) else 0)
    run = np.concatenate([[0], np.cumsum(steps > pause)]).astype(np.int32)
    nothing = np.zeros(len(alarm))
    columns = Decisions(alarm.time, run, score.value, alarm.value > 0, nothing, nothing.astype(np.int64),
                        nothing.astype(np.bool_), nothing.astype(np.int32), ((),) * len(alarm))
    return [_span(one) for one in episodes(columns)]


def _span(one: Episode) -> DecisionSpan:
    return DecisionSpan(one.start, one.end, one.peak, one.open)


def _roughly(alarm: Columns, score: Columns) -> list[DecisionSpan]:
    """Neighbouring columns with an alarm as one span, its end to a column's width."""
    at = np.flatnonzero(alarm.high > 0)
    if not len(at):
        return []
    apart = (np.diff(at) > 1) | (alarm.last[at[:-1]] <= 0) | (alarm.first[at[1:]] <= 0)
    groups = np.split(at, np.flatnonzero(apart) + 1)
    peaks = dict(zip(score.start.tolist(), score.high.tolist(), strict=True))
    return [DecisionSpan(int(alarm.high_time[group[0]]), int(alarm.last_time[group[-1]]),
                         max(peaks.get(start, 0.0) for start in alarm.start[group].tolist()),
                         bool(alarm.last[group[-1]] > 0), exact=False) for group in groups]


def _explained(historian: Historian, loop: str, asset: str, span: DecisionSpan) -> DecisionSpan:
    """What the texts of a span's first decisions say."""
    found = _first_decisions(historian, loop, asset, span)
    said = [one for one in found if one.alarm]
    if not said:
        return span
    (whole, *_) = episodes(of_decisions(said))
    masked: Sequence[str] = sorted({tag for one in said for tag in one.masked})
    source = Counter(one.source.value for one in said).most_common(1)[0][0]
    return replace(span, causes=whole.causes, masked=tuple(masked), source=source, bundle=said[0].bundle,
                   explained=True)


def _first_decisions(historian: Historian, loop: str, asset: str, span: DecisionSpan) -> list[Decision]:
    """About ``MOST_EXPLAINED`` decisions from the span's start, all where it is shorter."""
    path = decision_paths(loop, asset)["alarm"]
    count = sum(one.count.sum() for one in historian.columns([path], span.start, span.end + 1, 1).values())
    share = min(1.0, MOST_EXPLAINED / max(int(count), 1))
    return decisions(historian, loop, asset, span.start, span.start + int((span.end - span.start) * share) + 1)
