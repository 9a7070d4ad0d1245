"""A bundle over recorded history, through the node's own loop: what it would have said, before it may say anything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.app import edge
from lineshaft.app.backtest import SETTINGS, Decisions, Episode, ReplayClock, columns, episodes
from lineshaft.app.flow import LEAD_PERIODS
from lineshaft.app.project import Project
from lineshaft.app.values import Values, values
from lineshaft.app.values import described as answered
from lineshaft.core.clock import SECOND, format_time
from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent
from lineshaft.core.sample import Samples
from lineshaft.core.store import Historian
from lineshaft.node.loop import Loop
from lineshaft.node.record import Record
from lineshaft.node.seat import Loaded

CHUNK_TICKS = 3600
GAP_STALES = 10
POINTS = 2000
MS = SECOND // 1000


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsed:
    """What ``bundle`` would have said of ``[start, end)`` (UTC ns); where nothing was recorded it says nothing."""

    bundle: str
    start: int
    end: int
    decisions: Decisions
    episodes: tuple[Episode, ...]
    values: Values


class _Untimed(ReplayClock):
    """A rehearsal gives way to all else on the machine: how long a step takes here says nothing of a node."""

    def monotonic(self) -> int:
        return 0


def rehearse(project: Project, historian: Historian, bundle: Path, start: int, end: int,
             progress: Progress = silent) -> Rehearsed:
    """Every tick of the stretch, after some before it in which windows fill; memory holds an hour or so at a time."""
    with tempfile.TemporaryDirectory() as folder:
        place = edge.Place(Path(folder), (project.key.with_suffix(".pub"),), target=project.task.target)
        loaded = edge.load(bundle, place)
    period = loaded.manifest.period_ns
    first = -(-start // period) * period
    ticks = np.arange(first - LEAD_PERIODS * period, end, period, dtype=np.int64)
    if first >= end:
        raise UsageError("the stretch is empty", where=f"{format_time(start)} to {format_time(end)}",
                         do="give an end after its start")
    records, runs = _through(loaded, historian, ticks, progress)
    kept = [place for place, record in enumerate(records) if record[0] >= first]
    found = columns([records[place] for place in kept], np.array([runs[place] for place in kept], np.int32))
    if not len(found):
        raise UsageError("nothing was recorded of the bundle's tags", where=f"{format_time(start)} to "
                         f"{format_time(end)}", do="name a stretch that `lineshaft dataset quality` shows")
    return Rehearsed(loaded.digest, start, end, found, episodes(found), values(found, loaded.manifest.answers))


def _through(loaded: Loaded, historian: Historian, ticks: NDArray[np.int64],
             progress: Progress) -> tuple[list[Record], list[int]]:
    """One record a tick, and the number of the unbroken run it belongs to; each run has a loop of its own."""
    gap = GAP_STALES * loaded.manifest.stale_ns
    clock, records, runs = _Untimed(), list[Record](), list[int]()
    loop, newest, run = Loop(loaded, clock=clock, settings=SETTINGS), int(ticks[0]) - 2 * gap, 0
    for done, part, samples in _chunks(loaded, historian, ticks):
        fed = 0
        for tick, due in zip(part.tolist(), np.searchsorted(samples.time, part, "right").tolist(), strict=True):
            clock.time = tick
            if due > fed:
                if records and int(samples.time[fed]) - newest > gap:
                    loop, run = Loop(loaded, clock=clock, settings=SETTINGS), run + 1
                loop.feed(_slice(samples, fed, due), tick)
                fed, newest = due, int(samples.time[due - 1])
            if tick - newest <= gap:
                records.append(loop.tick(tick))
                runs.append(run)
        progress(done, len(ticks), "rehearsing")
    return records, runs


def _chunks(loaded: Loaded, historian: Historian, ticks: NDArray[np.int64]
            ) -> Iterator[tuple[int, NDArray[np.int64], Samples]]:
    """How many ticks there were so far, some ticks, and the samples that came up to the last of them."""
    tags, period = [tag.path for tag in loaded.manifest.tags], loaded.manifest.period_ns
    for begin in range(0, len(ticks), CHUNK_TICKS):
        part = ticks[begin:begin + CHUNK_TICKS]
        yield begin + len(part), part, _read(historian, tags, int(part[0]) - period + 1, int(part[-1]) + 1)


def _read(historian: Historian, tags: Sequence[str], start: int, end: int) -> Samples:
    """All tags' samples in order of time."""
    found = historian.read(tags, start, end)
    series = [found[tag] for tag in tags]
    time = np.concatenate([one.time for one in series])
    order = np.argsort(time, kind="stable")
    index = np.repeat(np.arange(len(tags), dtype=np.int32), [len(one) for one in series])
    return Samples(tuple(tags), index[order], time[order], np.concatenate([one.value for one in series])[order],
                   np.concatenate([one.quality for one in series])[order])


def _slice(samples: Samples, start: int, stop: int) -> Samples:
    part = slice(start, stop)
    return Samples(samples.tags, samples.index[part], samples.time[part], samples.value[part], samples.quality[part])


def described(found: Rehearsed) -> dict[str, Any]:
    """As plain values, times in UTC ms; of the scores the highest of each of ``POINTS`` stretches."""
    said = found.decisions
    cuts = np.unique(np.linspace(0, len(said), min(POINTS, len(said)) + 1).astype(int))
    score = np.where(np.isfinite(said.score), said.score, 0.0)
    told = {"known": float(found.values.known.mean()), "time": (said.time[cuts[:-1]] // MS).tolist(),
            "answers": answered(found.values, cuts[:-1])} if found.values.answers else None
    return {"bundle": found.bundle, "start": found.start // MS, "end": found.end // MS, "ticks": len(said),
            "alarm_ticks": int(said.alarm.sum()), "masked_ticks": int((said.masked > 0).sum()),
            "episodes": [_episode(one) for one in found.episodes],
            "values": told,
            "scores": {"time": (said.time[cuts[:-1]] // MS).tolist(),
                       "score": np.maximum.reduceat(score, cuts[:-1]).tolist()}}


def _episode(one: Episode) -> dict[str, Any]:
    return {"start": one.start // MS, "end": one.end // MS, "peak": one.peak, "confidence": one.confidence,
            "open": one.open, "ticks": one.ticks,
            "causes": [{"tag": cause.tag, "share": cause.share} for cause in one.causes]}
