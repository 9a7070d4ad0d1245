"""Concept drift of a task with an answer: its errors against the truth that came later, and since when they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.app import training
from lineshaft.app.goal import MONITOR, learning
from lineshaft.app.project import Project
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.contents import Bundle
from lineshaft.core.clock import format_time
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.store import Historian
from lineshaft.core.task import Task
from lineshaft.feedback.onset import onset
from lineshaft.graph.replay import Replay
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import run_spans, step_inputs

WITHOUT_TRUTH = (MONITOR, Task.SEGMENT.value)
PARTS = 60


@dataclass(frozen=True, slots=True)
class Part:
    """Mean error of some rows next to each other, from ``time`` (UTC ns) on."""

    time: int
    error: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Mean error over ``rows`` rows since training whose truth is known (``of_classes``: the share that is wrong), and
    over the rows that were held out then; ``parts`` of it in order of time. ``begin`` (UTC ns) and its bounds where
    they began to differ, None where they did not."""

    rows: int
    before: float
    now: float
    of_classes: bool
    parts: tuple[Part, ...]
    begin: int | None = None
    low: int | None = None
    high: int | None = None


def truth(project: Project, historian: Historian, taken: Bundle, start: int) -> Truth | None:
    """Of rows from ``start`` on that taught nothing; None for a task whose answer nobody learns to be true or false."""
    manifest = taken.manifest
    if manifest.task in WITHOUT_TRUTH or manifest.task != project.recipe.task:
        return None
    old = training.taught(project, historian, manifest.lineage.history)
    try:
        new = training.taught(project, historian)
    except UsageError:  # nothing recent has a truth
        return None
    made = learning(project.recipe.task, project.recipe.goal, project.place)
    usual = _errors(taken.graph, old)[made.held_out(old) & old.known]
    fresh = new.known & (new.dataset.times >= start) & (new.dataset.times > old.dataset.times.max())
    if not len(usual) or not fresh.any():
        return None
    errors, times = _errors(taken.graph, new)[fresh], new.dataset.times[fresh]
    found = onset(usual, errors)
    bounds = [int(times[min(place, len(times) - 1)]) for place in (found.begin, found.low, found.high)] if found else []
    return Truth(len(errors), float(usual.mean()), float(errors.mean()), manifest.task == Task.DIAGNOSE,
                 _parts(errors, times), *bounds)


def _parts(errors: NDArray[np.float64], times: NDArray[np.int64]) -> tuple[Part, ...]:
    """Equally many rows each."""
    rows = np.array_split(np.arange(len(errors)), min(PARTS, len(errors)))
    return tuple(Part(int(times[some[0]]), float(errors[some].mean())) for some in rows)


def told(found: Truth | None) -> list[str]:
    """A sentence, where there is something to say."""
    if found is None:
        return []
    compared = (f"Against the truth of {found.rows:,} rows since training the mean error is {found.now:.3g}, on "
                f"held-out rows it was {found.before:.3g}")
    return [f"{compared}; no change beyond chance." if found.begin is None
            else f"{compared}; it differs since {format_time(found.begin)}."]


def _errors(graph: bytes, examples: Examples) -> NDArray[np.float64]:
    """Error [N] of each row: mean over the places, or 1 for the wrong class; anything where the truth is unknown."""
    value, target = _value(graph, examples.dataset), examples.target
    if value.shape[1] != target.shape[1]:
        return np.asarray(value.argmax(axis=1) != target[:, 0], np.float64)
    return np.asarray(np.abs(value - np.nan_to_num(target)).mean(axis=1), np.float64)


def _value(graph: bytes, data: Dataset) -> NDArray[np.float64]:
    through, (x, quality) = Replay(graph, execute), step_inputs(data)
    return np.concatenate([through(x[a:b], quality[a:b])["value"] for a, b in run_spans(data.run)]).astype(np.float64)
