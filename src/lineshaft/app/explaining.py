"""Why a bundle says what it says of a moment of history: shares of the tags, like cases, and what would have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.app import flow
from lineshaft.app.drifting import recipe_of, taught_of
from lineshaft.app.judging import meant
from lineshaft.app.project import Project
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.contents import Bundle
from lineshaft.bundle.inspect import look
from lineshaft.core.clock import format_time
from lineshaft.core.dataset import ABNORMAL, NORMAL, Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import labels
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Array
from lineshaft.core.store import Historian
from lineshaft.feedback.verdicts import verdicts
from lineshaft.graph.replay import Replay
from lineshaft.model.explain.nearest import nearest, views
from lineshaft.model.explain.shapley import BUDGET, Shapley
from lineshaft.model.explain.tags import Stretch, explain
from lineshaft.model.explain.whatif import Change, changed, what_if
from lineshaft.model.pipeline import run_spans, step_inputs

BACKGROUND, SHORTEST = 8, 120
MOST_CELLS = 1_000_000
POINTS = 2000
WORDS = {NORMAL: "normal", ABNORMAL: "a fault"}


@dataclass(frozen=True, slots=True)
class Part:
    """What one tag adds to the output (in the output's own unit) over a usual moment, and what it read."""

    tag: str
    value: float
    read: float | None


@dataclass(frozen=True, slots=True)
class Case:
    """A past moment like this one. ``distance`` is in deviations; ``closer`` the share of the past that is farther.

    ``verdict`` is what people said of it: "normal", "a fault" or nothing.
    """

    time: int
    distance: float
    closer: float
    score: float
    alarm: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class Explained:
    """``said`` is the output at ``time`` (UTC ns), ``usual`` its mean in what the bundle learnt from.

    The parts sum to ``said - usual``; ``exact`` says whether every coalition of tags was asked. ``past_start`` is how
    far back like cases were looked for.
    """

    bundle: str
    time: int
    output: str
    place: int
    said: float
    usual: float
    exact: bool
    parts: tuple[Part, ...]
    cases: tuple[Case, ...]
    past_start: int


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """Scores and alarms [T] over ``time`` [T] as they were and as they would have been."""

    bundle: str
    time: NDArray[np.int64]
    was_score: Array
    would_score: Array
    was_alarm: NDArray[np.bool_]
    would_alarm: NDArray[np.bool_]


def explained(project: Project, historian: Historian, when: str, *, bundle: Path | None = None, output: str = "score",
              place: int | None = None, past_ns: int = 0, cases: int = 5, budget: int = BUDGET,
              progress: Progress = silent) -> Explained:
    """The decision of ``when`` ("last alarm": its highest moment; a time; of a stretch its last tick).

    ``place`` is that of an output of several values, the largest unless said; ``past_ns`` is how far back like cases
    are looked for.
    """
    taken = _opened(project, bundle)
    progress(0, 3, "reading the moment")
    moment = _moment(project, historian, taken, when)
    progress(1, 3, "asking what each tag adds")
    background = _background(project, historian, taken, len(moment))
    found = explain(taken.graph, Stretch(*step_inputs(moment)), background, execute, output=output, budget=budget)
    at = int(np.argmax(found.whole)) if place is None else place
    if not 0 <= at < len(found.whole):
        raise UsageError(f"{output} has {len(found.whole)} places", where="--place", do="count them from 0")
    progress(2, 3, "looking for like cases")
    past, like = _cases(project, historian, taken, moment, past_ns, cases)
    progress(3, 3, "looking for like cases")
    return Explained(taken.digest, int(moment.times[-1]), output, at, float(found.whole[at]), float(found.empty[at]),
                     found.exact, _parts(found, at, moment), like, past)


def asked(project: Project, historian: Historian, when: str, changes: Sequence[Change], *, bundle: Path | None = None
          ) -> WhatIf:
    """What the bundle would have said of the stretch of ``when`` had tags read otherwise in it."""
    taken = _opened(project, bundle)
    start, end = meant(project, historian, when)
    period = taken.manifest.period_ns
    data = _selected(project, historian, taken, start - _span(taken) * period, end)
    inside = (data.times >= start) & (data.times < end)
    if not inside.any():
        raise UsageError("nothing was recorded of the bundle's tags", where=when,
                         do="name a stretch that `lineshaft dataset quality` shows")
    x, quality = step_inputs(data)
    other = changed(x, quality, [tag.path for tag in data.tags], changes, inside)
    pairs = [what_if(taken.graph, x[a:b], quality[a:b], (other[0][a:b], other[1][a:b]), execute)
             for a, b in run_spans(data.run)]
    score, alarm = ([np.concatenate([pair[side][name][:, 0] for pair in pairs])[inside] for side in (0, 1)]
                    for name in ("score", "alarm"))
    return WhatIf(taken.digest, data.times[inside], score[0], score[1], alarm[0] > 0, alarm[1] > 0)


def described(found: WhatIf) -> dict[str, Any]:
    """As plain values, times in UTC ns; of the scores the highest of each of 2,000 stretches."""
    cuts = np.unique(np.linspace(0, len(found.time), min(POINTS, len(found.time)) + 1).astype(int))[:-1]
    return {"bundle": found.bundle, "start": int(found.time[0]), "end": int(found.time[-1]), "ticks": len(found.time),
            **{name: {"peak": float(score.max()), "alarm_ticks": int(alarm.sum()), "first_alarm": _first(found, alarm),
                      "scores": np.maximum.reduceat(score, cuts).tolist()}
               for name, score, alarm in (("was", found.was_score, found.was_alarm),
                                          ("would", found.would_score, found.would_alarm))},
            "times": found.time[cuts].tolist()}


def _first(found: WhatIf, alarm: NDArray[np.bool_]) -> int | None:
    return int(found.time[int(np.argmax(alarm))]) if alarm.any() else None


def _opened(project: Project, path: Path | None) -> Bundle:
    """The bundle named, the one that decides, or the newest."""
    path = path or project.decides() or next(reversed(project.bundles().values()), None)
    if path is None:
        raise UsageError("there is no bundle yet", where=str(project.folder),
                         do="make one with `lineshaft model train`")
    return look(path).bundle


def _span(taken: Bundle) -> int:
    """Ticks until the graph has forgotten that it began from nothing: twice its longest window."""
    longest = max((port.shape[0] for port in taken.manifest.signature.states if len(port.shape) > 1), default=1)
    return max(SHORTEST, 2 * longest)


def _selected(project: Project, historian: Historian, taken: Bundle, start: int, end: int) -> Dataset:
    return flow.select(historian, taken.manifest.tags, recipe_of(project, taken.manifest), start, end)


def _moment(project: Project, historian: Historian, taken: Bundle, when: str) -> Dataset:
    """The unbroken ticks up to the one that is explained."""
    start, end = meant(project, historian, when)
    period = taken.manifest.period_ns
    first = -(-start // period) * period - _span(taken) * period
    data = _selected(project, historian, taken, first, end)
    inside = np.flatnonzero(data.times >= start)
    if not len(inside):
        raise UsageError("nothing was recorded of the bundle's tags", where=when,
                         do="name a moment that `lineshaft dataset quality` shows")
    last = inside[_highest(taken, data)[inside].argmax()] if when.strip().lower().startswith("last") else inside[-1]
    same = np.flatnonzero(data.run[:last + 1] == data.run[last])
    return data.rows(same[-_span(taken):])


def _highest(taken: Bundle, data: Dataset) -> Array:
    """Score [T] at each tick."""
    return _said(taken.graph, data)["score"][:, 0]


def _said(graph: bytes, data: Dataset) -> dict[str, Array]:
    """Outputs [T, ...] over all runs, each from zero state."""
    through, (x, quality) = Replay(graph, execute), step_inputs(data)
    parts = [through(x[a:b], quality[a:b]) for a, b in run_spans(data.run)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _background(project: Project, historian: Historian, taken: Bundle, ticks: int) -> Stretch:
    """Stretches of what the bundle learnt from, spread over all of it."""
    manifest = taken.manifest
    data, normal = taught_of(project, historian, manifest)
    age = np.concatenate([np.arange(b - a) for a, b in run_spans(data.run)])
    ends = np.flatnonzero(normal & (age >= ticks - 1))
    if not len(ends):
        raise UsageError(f"no unbroken stretch of {ticks} ticks taught the bundle", where="background",
                         do="name another bundle with --bundle")
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, BACKGROUND).astype(int))]
    x, quality = step_inputs(data)
    rows = ends[:, None] + np.arange(1 - ticks, 1)
    return Stretch(x[rows], quality[rows])


def _parts(found: Shapley, place: int, moment: Dataset) -> tuple[Part, ...]:
    """Largest first."""
    read = np.where(moment.good[-1], moment.values[-1], np.nan)
    parts = [Part(tag.path, float(value), None if np.isnan(now) else float(now))
             for tag, value, now in zip(moment.tags, found.values[:, place], read, strict=True)]
    return tuple(sorted(parts, key=lambda part: -abs(part.value)))


def _cases(project: Project, historian: Historian, taken: Bundle, moment: Dataset, past_ns: int, count: int
           ) -> tuple[int, tuple[Case, ...]]:
    """How far back was looked, and the moments most like this one, before the ticks that explain it."""
    end, period = int(moment.times[0]), taken.manifest.period_ns
    start = end - min(past_ns, MOST_CELLS // len(moment.tags) * period)
    if not count or start >= end:
        return end, ()
    past = _selected(project, historian, taken, start, end)
    if not len(past):
        return start, ()
    x, quality = step_inputs(past)
    seen = np.concatenate([views(taken.graph, x[a:b], quality[a:b], execute) for a, b in run_spans(past.run)])
    now = views(taken.graph, *step_inputs(moment), execute)[-1]
    said = _said(taken.graph, past)
    told = labels(verdicts(historian, taken.manifest.loop), past.times)
    near = nearest(seen, now, count, apart=_span(taken))
    return start, tuple(Case(int(past.times[one.row]), one.distance, one.closer, float(said["score"][one.row, 0]),
                             bool(said["alarm"][one.row, 0] > 0), WORDS.get(int(told[one.row]), "")) for one in near)


def sentence(found: Explained) -> str:
    """What was said, in words."""
    how = "exactly" if found.exact else "as estimated"
    return (f"{format_time(found.time)}: {found.output} {found.said:.3g}, usually {found.usual:.3g}; "
            f"the tags add, {how}:")
