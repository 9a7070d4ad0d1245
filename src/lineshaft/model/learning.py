"""How a task with targets is learnt: its candidates are judged on folds, the best is learnt anew and calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Protocol

import numpy as np

from lineshaft.core import discovery
from lineshaft.core.answer import VALUE, Answer
from lineshaft.core.errors import LineshaftError, UsageError
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.graph.check import signature
from lineshaft.model.answer import WITH_VALUE, Fitted, Trial
from lineshaft.model.evaluate.reliability import Mark, calibration_error
from lineshaft.model.evaluate.splits import Fold, Rows
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Pipeline
from lineshaft.model.refit import refitted
from lineshaft.model.supervised import Candidate, Matrix, fit, judge
from lineshaft.model.tail import reliability

FAMILY = "lineshaft.model.tasks"


class Learning(Protocol):
    """One task as it is learnt; made with that task's own settings.

    ``held_out`` rows calibrate intervals and limits: they are in no fold. ``candidates`` are in the order in which
    they are worth trying, a naive baseline first, its name starting with "naive". ``finish`` adds the blocks after
    ``value``, so that the graph has every wire of ``answer.WITH_VALUE``.
    """

    task: ClassVar[Task]

    def candidates(self, examples: Examples) -> Sequence[Candidate]: ...

    def held_out(self, examples: Examples) -> Rows: ...

    def folds(self, examples: Examples) -> Sequence[Fold]: ...

    def loss(self, target: Matrix, value: Matrix) -> float: ...

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        """What the places of ``value`` stand for; more than there are where only the data tell how many."""

    def window(self, candidate: Candidate) -> int:
        """Ticks until its windows are full."""

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline: ...

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        """What a person would ask, on the held-out rows."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What held-out rows say of a learnt candidate: figures by name, and the curve of its reliability."""

    figures: Mapping[str, float] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()


@cache
def tasks() -> Mapping[str, Any]:
    """The class of each task with targets, by its name."""
    return {name: discovery.load(FAMILY, name).TASK for name in discovery.names(FAMILY)}


def train(learning: Learning, examples: Examples, execute: Executor, *, learner: str = "auto",
          progress: Progress = silent) -> Fitted:
    """Judge every candidate (or those of one ``learner``), learn the best from all folds' rows, calibrate, describe.

    Raises ``UsageError`` where no candidate can be learnt, with each one's reason.
    """
    held_out, folds = split(learning, examples)
    wanted = [c for c in learning.candidates(examples) if learner in ("auto", c.name.partition(" ")[0])]
    if not wanted:
        raise UsageError(f"no learner of {learning.task} is called {learner!r}", where="learner",
                         do=f"use one of: {', '.join(dict.fromkeys(c.name for c in learning.candidates(examples)))}")
    trials = []
    for number, candidate in enumerate(wanted):
        progress(number, len(wanted), candidate.name)
        trials.append(tried(learning, candidate, examples, folds, execute))
    progress(len(wanted), len(wanted), "learning")
    return completed(learning, wanted, trials, examples, held_out, execute)


def split(learning: Learning, examples: Examples) -> tuple[Rows, list[Fold]]:
    """The rows that calibrate, and the folds without them; a fold of which nothing is left is none."""
    held_out = learning.held_out(examples) & examples.known
    folds = [Fold(f.fit & ~held_out, f.judge & ~held_out) for f in learning.folds(examples)]
    folds = [fold for fold in folds if fold.fit.any() and fold.judge.any()]
    if not folds:
        raise UsageError(f"nothing is left to judge by beside the {int(held_out.sum())} rows that are held out",
                         where="split", do="give a longer history")
    return held_out, folds


def tried(learning: Learning, candidate: Candidate, examples: Examples, folds: Sequence[Fold], execute: Executor
          ) -> Trial:
    """A trial that may have failed: one that can't be learnt says why."""
    try:
        return judge(candidate, examples, folds, learning.loss, execute)
    except (LineshaftError, np.linalg.LinAlgError) as problem:
        return Trial(candidate.name, reason=str(problem))


def completed(learning: Learning, candidates: Sequence[Candidate], trials: Sequence[Trial], examples: Examples,
              held_out: Rows, execute: Executor) -> Fitted:
    """The best of the trials, learnt from every row that is not held out, with its interval, limit and reasons."""
    best = min(range(len(trials)), key=lambda place: trials[place].loss)
    if trials[best].reason:
        raise UsageError("; ".join(f"{t.name}: {t.reason}" for t in trials), where="learner")
    whole = learnt(learning, candidates[best], examples, held_out, execute)
    told = held_out_figures(learning, whole, examples, held_out, execute)
    whole = refitted(learning, candidates[best], whole, examples, execute)
    return described(learning, candidates[best], whole.graph(WITH_VALUE), examples, told, _why(trials, best), trials)


def learnt(learning: Learning, candidate: Candidate, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
    """A candidate learnt from every row that is not held out, with all wires of an answer."""
    own = fit(candidate, examples, examples.known & ~held_out, execute)
    return learning.finish(own, examples, held_out, execute)


def held_out_figures(learning: Learning, whole: Pipeline, examples: Examples, held_out: Rows, execute: Executor
                     ) -> HeldOut:
    """What a learnt candidate does on the rows that were held out."""
    figures = learning.figures(whole, examples, held_out, execute)
    marks = reliability(whole, examples, held_out, execute)
    if marks:
        figures["calibration_error"] = calibration_error(marks)
    return HeldOut(figures, marks)


def described(learning: Learning, candidate: Candidate, graph: bytes, examples: Examples, told: HeldOut, why: str,
              trials: Sequence[Trial]) -> Fitted:
    """The graph of a learnt candidate with its figures and reasons."""
    places = next(port.shape[0] for port in signature(graph).outputs if port.name == VALUE)
    return Fitted(learning.task, candidate.name, graph, learning.answers(examples)[:places], why, tuple(trials),
                  learning.window(candidate), dict(told.figures), reliability=told.marks)


def _why(trials: Sequence[Trial], best: int) -> str:
    """Why this one, against the naive baseline and the others."""
    if len(trials) == 1:
        return f"{trials[best].name}, as asked for"
    others = sorted((t for place, t in enumerate(trials) if place != best), key=lambda t: t.loss)
    told = ", ".join(t.name + (f" {t.loss:.4g}" if not t.reason else f" (left out: {t.reason})") for t in others)
    return f"{trials[best].name} had the least validation loss, {trials[best].loss:.4g} ({told})"
