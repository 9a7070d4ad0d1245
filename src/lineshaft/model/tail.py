"""What every task with an answer ends in: its interval, whether it is known, why, and how strange the row is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.blocks.classes import ClassSet, Temperature
from lineshaft.model.blocks.decide import Alarm
from lineshaft.model.blocks.distance import Distance
from lineshaft.model.blocks.explain import Confidence
from lineshaft.model.blocks.interval import Difficulty, Interval, QuantileInterval
from lineshaft.model.blocks.known import Known, Strangeness, TaskAlarm
from lineshaft.model.blocks.membership import Membership
from lineshaft.model.blocks.shares import Shares
from lineshaft.model.classes import numbers_of
from lineshaft.model.conformal import halves
from lineshaft.model.evaluate.reliability import Mark, of_classes, of_intervals
from lineshaft.model.evaluate.splits import Rows
from lineshaft.model.examples import Examples
from lineshaft.model.head import Kind
from lineshaft.model.influence import influence
from lineshaft.model.pipeline import Block, Pipeline, extend, replay

RELEASE = 0.85


def finish(pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor, *,
           kind: Kind | Literal["mode"],
           coverage: float = 0.9, rate: float = 0.01, least: float = 0.5, debounce: int = 1,
           judges: Sequence[Block] = ()) -> Pipeline:
    """A pipeline that gives ``features`` and ``value`` with every wire of ``answer.WITH_VALUE``.

    ``held_out`` rows [N] taught it nothing; they set the interval at ``coverage`` (a head that gives ``value_low`` and
    ``value_high`` has these calibrated instead), the temperature of probabilities, and the limit that ``rate`` of rows
    like them pass. For classes ``known`` also needs a single class of probability ``least``, for modes a membership of
    that much. Where the blocks give
    ``warm`` (a condition [1]), nothing is known and nothing alarms before it holds.

    ``judges`` are a task's own blocks behind ``known`` that may give ``task_score`` [1] (1 at its limit) and
    ``task_alarm`` [1]; without them the score is the distance in units of its limit.
    """
    held_out = held_out & examples.known
    if not held_out.any():
        raise UsageError("no held-out row has a known target, so nothing can set an interval or a limit",
                         where="held-out rows", do="hold a part of the history out")
    pipeline = extend(pipeline, (Distance(),), examples.dataset, examples.known & ~held_out, execute)
    measured = influence(pipeline, examples.dataset, examples.known & ~held_out, execute)
    examples, held_out = runs_with(examples, held_out)
    shaping, sizing = _roles(examples, held_out, kind)

    def learnt(whole: Pipeline, blocks: Sequence[Block], rows: Rows) -> Pipeline:
        given: dict[str, NDArray[Any]] = {"target": examples.target, "group": examples.group}
        return extend(whole, blocks, examples.dataset, rows, execute, given)

    if kind == "class":
        pipeline = learnt(learnt(pipeline, (Temperature(),), shaping), (ClassSet(coverage, least),), sizing)
    elif kind == "mode":
        pipeline = learnt(pipeline, (Membership(least),), held_out)
    elif _quantiles(pipeline):
        pipeline = learnt(pipeline, (QuantileInterval(coverage),), held_out)
    else:
        pipeline = learnt(learnt(pipeline, (Difficulty(),), shaping), (Interval(coverage),), sizing)
    last = (Known(rate), *judges, Strangeness(), Alarm(RELEASE, debounce), TaskAlarm(), Shares(measured), Confidence())
    return learnt(pipeline, last, held_out)


def _quantiles(pipeline: Pipeline) -> bool:
    """Whether the blocks give quantiles of their own."""
    try:
        pipeline.graph(("value_low", "value_high"))
    except UsageError:
        return False
    return True


def runs_with(examples: Examples, held_out: Rows) -> tuple[Examples, Rows]:
    """Only the runs that hold rows of interest, each up to its last one: the others need not pass again."""
    last = np.full(int(examples.dataset.run.max()) + 1, -1, np.int64)
    places = np.flatnonzero(held_out)
    np.maximum.at(last, examples.dataset.run[places], places)
    keep = np.arange(len(examples)) <= last[examples.dataset.run]
    return examples.rows(keep), held_out[keep]


def _roles(examples: Examples, held_out: Rows, kind: str) -> tuple[Rows, Rows]:
    """Held-out rows that shape the interval, and those that set its size."""
    shaping, sizing = np.zeros(len(held_out), np.bool_), np.zeros(len(held_out), np.bool_)
    target = examples.target[held_out, 0] if kind == "class" else None
    shaping[held_out], sizing[held_out] = halves(examples.group[held_out], target)
    return shaping, sizing


def reliability(whole: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> tuple[Mark, ...]:
    """The curve of a finished pipeline, on the half of the held-out rows that did not set what is judged.

    Of classes the half that the temperature has not seen, of numbers the half that has not set the widths. Empty where
    the held-out looks were too few to halve, and for answers that have neither.
    """
    kind = next((kind for kind, block in (("class", ClassSet), ("number", Interval))
                 if any(isinstance(one, block) for one in whole.blocks)), "")
    examples, held_out = runs_with(examples, held_out & examples.known)
    if not kind:
        return ()
    seen = replay(whole, examples.dataset, WITH_VALUE[:3], execute)
    return curve(kind, examples, held_out, {name: np.asarray(seen[name], np.float64) for name in WITH_VALUE[:3]})


def curve(kind: str, examples: Examples, held_out: Rows, said: Mapping[str, NDArray[np.float64]]) -> tuple[Mark, ...]:
    """The curve of what was ``said`` (``value``, ``low`` and ``high`` [N, V]) of "class" or of "number"."""
    shaping, sizing = _roles(examples, held_out, kind)
    if (shaping & sizing).any():
        return ()
    if kind == "class":
        return of_classes(said["value"][sizing], numbers_of(examples.target[sizing]))
    error = np.abs(examples.target - said["value"]) / np.maximum((said["high"] - said["low"]) / 2, 1e-12)
    return of_intervals(error[sizing], error[shaping], examples.group[sizing], examples.group[shaping])
