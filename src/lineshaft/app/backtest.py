"""History through the very loop of the node: what it would have said, tick by tick."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.decision import Cause
from lineshaft.core.progress import Progress
from lineshaft.core.progress import silent as quiet
from lineshaft.core.quality import usable
from lineshaft.core.sample import Samples
from lineshaft.dataset.recording import Recording
from lineshaft.node.loop import Loop, LoopSettings
from lineshaft.node.record import Record
from lineshaft.node.seat import Loaded

REPORT_EVERY = 1000


class ReplayClock:
    """Now is the tick that is replayed; durations are real."""

    def __init__(self) -> None:
        self.time = 0

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return time.perf_counter_ns()


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """One loop's words over N ticks, in columns; ``run`` numbers the recordings, ``masked`` counts tags."""

    time: NDArray[np.int64]
    run: NDArray[np.int32]
    score: NDArray[np.float64]
    alarm: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    latency_ns: NDArray[np.int64]
    missed: NDArray[np.bool_]
    masked: NDArray[np.int32]
    causes: tuple[tuple[tuple[str, float], ...], ...]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Episode:
    """One alarm from ``start`` to ``end`` (UTC ns, both included); causes are means over it, largest first."""

    start: int
    end: int
    run: int
    peak: float
    causes: tuple[Cause, ...]
    confidence: float
    open: bool


def backtest(loaded: Loaded, recordings: Sequence[Recording], progress: Progress = quiet, *, silent: bool = False
             ) -> Decisions:
    """Every recording through a loop of its own from its first to its last row, at the bundle's period.

    Rows must be in order of time; the loop sees each as samples with their own times and qualities. ``silent``:
    an empty cell is no sample (a slower tag had nothing to say), else it is one without a value.
    """
    total = sum(_ticks(one, loaded.manifest.period_ns) for one in recordings)
    records: list[Record] = []
    runs: list[int] = []
    for number, recording in enumerate(recordings):
        loaded.engine.reset()
        found = _one(loaded, recording, len(records), total, silent, progress)
        records += found
        runs += [number] * len(found)
    progress(total, total, "watching")
    return columns(records, np.array(runs, np.int32))


def columns(records: Sequence[Record], run: NDArray[np.int32]) -> Decisions:
    """Records as columns."""
    rows = list(zip(*records, strict=True)) if records else [()] * 10
    return Decisions(
        np.array(rows[0], np.int64), run, np.array(rows[1], np.float64), np.array(rows[2], np.bool_),
        np.array(rows[3], np.float64), np.array(rows[4], np.int64), np.array(rows[5], np.bool_),
        np.array([len(masked) for masked in rows[7]], np.int32), tuple(rows[8]))


def episodes(decisions: Decisions) -> tuple[Episode, ...]:
    """The alarms, first to last."""
    edge = np.flatnonzero(np.diff(decisions.alarm.astype(np.int8), prepend=0) != 0)
    switch = np.flatnonzero(np.diff(decisions.run, prepend=-1) != 0)
    cuts = np.unique(np.concatenate([edge, switch, [len(decisions)]])).astype(int)
    found = []
    for start, stop in pairwise(cuts.tolist()):
        if decisions.alarm[start]:
            last = stop == len(decisions) or decisions.run[stop] != decisions.run[start]
            found.append(_episode(decisions, start, stop, bool(last)))
    return tuple(found)


def _episode(decisions: Decisions, start: int, stop: int, last: bool) -> Episode:
    shares: dict[str, float] = {}
    for causes in decisions.causes[start:stop]:
        for tag, share in causes:
            shares[tag] = shares.get(tag, 0.0) + share / (stop - start)
    blamed = tuple(Cause(tag, share) for tag, share in sorted(shares.items(), key=lambda item: -item[1])[:8])
    peak, confidence = float(decisions.score[start:stop].max()), float(decisions.confidence[start:stop].max())
    return Episode(int(decisions.time[start]), int(decisions.time[stop - 1]), int(decisions.run[start]), peak, blamed,
                   confidence, last)


def _ticks(recording: Recording, period_ns: int) -> int:
    return int((recording.times[-1] - recording.times[0]) // period_ns) + 1 if len(recording.times) else 0


def _one(loaded: Loaded, recording: Recording, before: int, total: int, silent: bool, progress: Progress
         ) -> list[Record]:
    clock = ReplayClock()
    loop = Loop(loaded, clock=clock, settings=LoopSettings(recent=1))
    period, times = loaded.manifest.period_ns, recording.times
    row_of = _rows(recording, tuple(tag.path for tag in loaded.manifest.tags), silent)
    records: list[Record] = []
    row = 0
    for number in range(_ticks(recording, period)):
        clock.time = tick = int(times[0]) + number * period
        while row < len(times) and times[row] <= tick:
            loop.feed(row_of(row), tick)
            row += 1
        records.append(loop.tick(tick))
        if number % REPORT_EVERY == 0:
            progress(before + number, total, "watching")
    return records


def _rows(recording: Recording, tags: tuple[str, ...], silent: bool) -> Callable[[int], Samples]:
    """A row as samples."""
    index = np.arange(len(tags), dtype=np.int32)
    quality = recording.quality if recording.quality is not None else np.zeros(recording.values.shape, np.uint32)

    def row(number: int) -> Samples:
        at = np.full(len(tags), recording.times[number])
        values, codes = recording.values[number], quality[number]
        if not silent:
            return Samples(tags, index, at, values, codes)
        said = ~np.isnan(values) | ~usable(codes)
        return Samples(tags, index[said], at[said], values[said], codes[said])

    return row
