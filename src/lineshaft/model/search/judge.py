"""Judging one job, and learning a candidate whole; equal work comes out equal, wherever it is done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lineshaft.core.errors import LineshaftError, UsageError
from lineshaft.core.foreign import told
from lineshaft.core.step import Executor
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.evaluate.splits import Rows
from lineshaft.model.examples import Examples
from lineshaft.model.learning import HeldOut, Learning, held_out_figures, learnt, split
from lineshaft.model.refit import refitted
from lineshaft.model.search.fronts import Fronts
from lineshaft.model.search.job import Job, Outcome
from lineshaft.model.supervised import Candidate


@dataclass(frozen=True, slots=True)
class Whole:
    """The step graph of a candidate learnt from all rows and its figures, or the ``reason`` why there is none."""

    graph: bytes = b""
    held_out: HeldOut = field(default_factory=HeldOut)
    seconds: float = 0.0
    reason: str = ""


class Judge:
    """Everything that a job needs; made anew in each process from the same learning and examples.

    ``entrants`` are the learning's own candidates in their order, ``candidates`` those and their variants, by name.
    """

    def __init__(self, learning: Learning, examples: Examples, execute: Executor) -> None:
        self.learning, self.examples, self.execute = learning, examples, execute
        self.held_out, self.folds = split(learning, examples)
        self.entrants = tuple(learning.candidates(examples))
        self.candidates = _by_name([*self.entrants, *(v for one in self.entrants for v in one.variants())])
        self._fronts = Fronts(examples, self.folds, execute)

    def __call__(self, job: Job) -> Outcome:
        begun, fronts_s, said_s = time.perf_counter(), self._fronts.learning_s, self._fronts.saying_s
        try:
            with told("learning it"), np.errstate(all="ignore"):
                loss, head_bytes = self._loss(job)
        except LineshaftError as problem:
            return Outcome(seconds=time.perf_counter() - begun, reason=str(problem))
        return Outcome.of(loss, time.perf_counter() - begun, head_bytes, self._fronts.learning_s - fronts_s,
                          self._fronts.saying_s - said_s)

    def whole(self, name: str) -> Whole:
        """The candidate learnt from all rows, with its tail."""
        begun, examples, held_out = time.perf_counter(), self.examples, self.held_out
        try:
            with told("learning it from all rows"), np.errstate(all="ignore"):
                own = learnt(self.learning, self.candidates[name], examples, held_out, self.execute)
                figures = held_out_figures(self.learning, own, examples, held_out, self.execute)
                own = refitted(self.learning, self.candidates[name], own, examples, self.execute)
                return Whole(own.graph(WITH_VALUE), figures, time.perf_counter() - begun)
        except LineshaftError as problem:
            return Whole(seconds=time.perf_counter() - begun, reason=str(problem))

    def _loss(self, job: Job) -> tuple[float, int]:
        fold = self.folds[job.fold]
        value, head_bytes = self._fronts.value(self.candidates[job.name], job.fold, thinned(fold.fit, job.share))
        return self.learning.loss(self.examples.target[fold.judge], value), head_bytes


def thinned(rows: Rows, share: float) -> Rows:
    """About ``share`` of the rows, evenly spread.

    >>> thinned(np.array([True, False, True, True, True]), 0.5).tolist()
    [True, False, False, True, False]
    """
    keep = np.zeros_like(rows)
    keep[np.flatnonzero(rows)[::max(round(1 / share), 1)]] = True
    return keep


def _by_name(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    found = {one.name: one for one in candidates}
    if len(found) < len(candidates):
        names = [one.name for one in candidates]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"two candidates are called {twice!r}", where="candidates", do="give each a name of its own")
    return found
