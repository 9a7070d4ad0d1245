"""What a loop said over a long stretch, as columns; texts are read only where an alarm stood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.backtest import Decisions
from lineshaft.core.clock import format_duration
from lineshaft.core.decision_tags import decision_paths
from lineshaft.core.errors import UsageError
from lineshaft.core.series import Series
from lineshaft.core.store import Historian

MOST = 2_000_000
MOST_EXPLAINED, MOST_READS = 50_000, 200
Causes = tuple[tuple[str, float], ...]


def said(historian: Historian, loop: str, asset: str, start: int, end: int, deadline_ns: int) -> Decisions:
    """All decisions of ``start <= time < end``. Causes are known where an alarm stood, of the first
    ``MOST_EXPLAINED`` such decisions.
    """
    paths = decision_paths(loop, asset)
    numbers = [paths[name] for name in ("score", "alarm", "confidence", "latency")]
    _require_few(historian, paths["score"], start, end)
    read = historian.read(numbers, start, end)
    score, alarm, confidence, latency = (read[path] for path in numbers)
    if any(len(one) != len(score) for one in (alarm, confidence, latency)):
        raise UsageError("the parts of its decisions do not match", where=f"loop {loop}",
                         do="write decisions with decision_samples only")
    stood = alarm.value > 0
    causes: list[Causes] = [()] * len(score)
    for first, last in _windows(stood):
        part = historian.read([paths["causes"]], int(score.time[first]), int(score.time[last]) + 1)[paths["causes"]]
        for at, found in _causes(part, score.time):
            causes[at] = found
    took = latency.value.astype(np.int64)
    return Decisions(score.time, np.zeros(len(score), np.int32), score.value, stood, confidence.value, took,
                     took > deadline_ns if deadline_ns else np.zeros(len(score), np.bool_),
                     np.zeros(len(score), np.int32), tuple(causes))


def bundle_of(historian: Historian, loop: str, asset: str, end: int) -> str:
    """Digest of the bundle that decided last before ``end``; empty where none did."""
    path = decision_paths(loop, asset)["causes"]
    newest = historian.as_of([path], end).get(path)
    try:
        return str(json.loads(newest.text or "")["bundle"]) if newest else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _require_few(historian: Historian, path: str, start: int, end: int) -> None:
    count = int(historian.columns([path], start, end, 1)[path].count.sum())
    if count > MOST:
        raise UsageError(f"{count:,} decisions are more than one report can hold", where="end",
                         do=f"choose {format_duration((end - start) * MOST / count)} at most")


def _windows(stood: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last row of the alarms, the nearest joined to few reads; no more rows than are explained."""
    edge = np.flatnonzero(np.diff(np.concatenate([[False], stood, [False]]).astype(np.int8)))
    first, last = edge[::2], edge[1::2] - 1
    if len(first) > MOST_READS:
        apart = np.array([b - a for a, b in pairwise(first.tolist())])
        cuts = np.sort(np.argsort(-apart, kind="stable")[:MOST_READS - 1])
        first, last = first[np.concatenate([[0], cuts + 1])], last[np.concatenate([cuts, [len(last) - 1]])]
    left = MOST_EXPLAINED
    for begin, stop in zip(first.tolist(), last.tolist(), strict=True):
        if left <= 0:
            return
        yield begin, min(stop, begin + left - 1)
        left -= stop - begin + 1


def _causes(part: Series, times: NDArray[np.int64]) -> Iterator[tuple[int, Causes]]:
    """Row and causes of each text."""
    places = np.searchsorted(times, part.time)
    for at, time, text in zip(places.tolist(), part.time.tolist(), part.text or (), strict=False):
        if at < len(times) and times[at] == time:
            try:
                yield at, tuple((str(tag), float(share)) for tag, share in json.loads(text or "")["causes"])
            except (ValueError, KeyError, TypeError):
                continue
