"""History through the very loop of the node: what it would have said, tick by tick."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.decision import Cause, Decision
from lineshaft.core.progress import Progress, silent
from lineshaft.core.sample import Samples
from lineshaft.dataset.recording import Recording
from lineshaft.node.loop import Loop, LoopSettings
from lineshaft.node.record import SOURCES, Record, Said
from lineshaft.node.seat import Loaded

REPORT_EVERY = 1000
CAUSES = 8
SETTINGS = LoopSettings(recent=1)


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
    """One loop's words over N ticks, in columns; ``run`` numbers the recordings, ``masked`` counts tags.

    ``said`` are the values of each, empty where nobody asked for them.
    """

    time: NDArray[np.int64]
    run: NDArray[np.int32]
    score: NDArray[np.float64]
    alarm: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    latency_ns: NDArray[np.int64]
    missed: NDArray[np.bool_]
    masked: NDArray[np.int32]
    causes: tuple[tuple[tuple[str, float], ...], ...]
    said: tuple[Said | None, ...] = ()

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Episode:
    """One alarm from ``start`` to ``end`` (UTC ns, both included); causes are means over it, largest first.

    ``ticks`` is how many decisions it covers; ``open`` says that it still stood at the end of its run.
    """

    start: int
    end: int
    run: int
    peak: float
    causes: tuple[Cause, ...]
    confidence: float
    open: bool
    ticks: int


def backtest(loaded: Loaded, recordings: Sequence[Recording], progress: Progress = silent) -> Decisions:
    """Every recording through a loop of its own, from its first row to its last, at the bundle's period.

    Rows must be in order of time; the loop takes each as samples with their own times and qualities, none for a
    cell that is not ``present``. The ticks are the rows of ``dataset.build.from_runs`` over the same recordings.
    """
    period = loaded.manifest.period_ns
    total = sum(_ticks(one, period) for one in recordings)
    records: list[Record] = []
    lengths = []
    for recording in recordings:
        lengths.append(_ticks(recording, period))
        _through(loaded, recording, records, total, progress)
    progress(total, total, "watching")
    return columns(records, np.repeat(np.arange(len(lengths), dtype=np.int32), lengths))


def of_decisions(decisions: Sequence[Decision]) -> Decisions:
    """What a live loop said, as columns of one run."""
    records: list[Record] = [
        (one.time, one.score, one.alarm, one.confidence, one.latency_ns, one.missed, SOURCES.index(one.source),
         one.masked, tuple((cause.tag, cause.share) for cause in one.causes), one.bundle,
         (one.answers, one.values, one.low, one.high, one.known) if one.answers else None) for one in decisions]
    return columns(records, np.zeros(len(records), np.int32))


def episodes(decisions: Decisions, watched: NDArray[np.bool_] | None = None) -> tuple[Episode, ...]:
    """The alarms, first to last; only those that reach into ``watched`` [N] where that is given."""
    edge = np.flatnonzero(np.diff(decisions.alarm.astype(np.int8), prepend=0) != 0)
    switch = np.flatnonzero(np.diff(decisions.run, prepend=-1) != 0)
    cuts = np.unique(np.concatenate([edge, switch, [len(decisions)]])).astype(int)
    return tuple(_episode(decisions, start, stop) for start, stop in pairwise(cuts.tolist())
                 if decisions.alarm[start] and (watched is None or watched[start:stop].any()))


def _episode(decisions: Decisions, start: int, stop: int) -> Episode:
    shares: dict[str, float] = {}
    for causes in decisions.causes[start:stop]:
        for tag, share in causes:
            shares[tag] = shares.get(tag, 0.0) + share / (stop - start)
    blamed = sorted((Cause(tag, share) for tag, share in shares.items()), key=lambda cause: -cause.share)
    last = stop == len(decisions) or decisions.run[stop] != decisions.run[start]
    return Episode(int(decisions.time[start]), int(decisions.time[stop - 1]), int(decisions.run[start]),
                   float(decisions.score[start:stop].max()), tuple(blamed[:CAUSES]),
                   float(decisions.confidence[start:stop].max()), bool(last), stop - start)


def _ticks(recording: Recording, period_ns: int) -> int:
    return int((recording.times[-1] - recording.times[0]) // period_ns) + 1 if len(recording.times) else 0


def _through(loaded: Loaded, recording: Recording, records: list[Record], total: int, progress: Progress) -> None:
    """Append one record a tick."""
    clock, period = ReplayClock(), loaded.manifest.period_ns
    loop = Loop(loaded, clock=clock, settings=SETTINGS)
    samples = _sampler(recording, tuple(tag.path for tag in loaded.manifest.tags))
    ticks = recording.times[:1] + period * np.arange(_ticks(recording, period), dtype=np.int64)
    fed = 0
    for tick, due in zip(ticks.tolist(), np.searchsorted(recording.times, ticks, "right").tolist(), strict=True):
        clock.time = tick
        if due > fed:
            loop.feed(samples(fed, due), tick)
            fed = due
        records.append(loop.tick(tick))
        if len(records) % REPORT_EVERY == 0:
            progress(len(records), total, "watching")


def _sampler(recording: Recording, tags: tuple[str, ...]) -> Callable[[int, int], Samples]:
    """Rows ``start`` to ``stop`` as the samples that the source gave in them."""
    times, values, present = recording.times, recording.values, recording.present
    quality = np.zeros(values.shape, np.uint32) if recording.quality is None else recording.quality
    index = np.arange(len(tags), dtype=np.int32)

    def samples(start: int, stop: int) -> Samples:
        if present is None and stop - start == 1:
            return Samples(tags, index, np.full(len(tags), times[start]), values[start], quality[start])
        there = np.ones((stop - start, len(tags)), np.bool_) if present is None else present[start:stop]
        row, column = np.nonzero(there)
        return Samples(tags, column.astype(np.int32), times[start:stop][row], values[start:stop][row, column],
                       quality[start:stop][row, column])

    return samples


def columns(records: Sequence[Record], run: NDArray[np.int32]) -> Decisions:
    """Records of a loop in columns; ``run`` numbers the recording that each is of."""
    rows = list(zip(*records, strict=True)) if records else [()] * 11
    return Decisions(
        np.array(rows[0], np.int64), run, np.array(rows[1], np.float64), np.array(rows[2], np.bool_),
        np.array(rows[3], np.float64), np.array(rows[4], np.int64), np.array(rows[5], np.bool_),
        np.array([len(masked) for masked in rows[7]], np.int32), tuple(rows[8]), tuple(rows[10]))
