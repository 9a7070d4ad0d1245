"""Prognose: how long a machine will still run, from machines that ran to failure, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from lineshaft.core.answer import Answer
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.model.blocks.lifetime import LifeLeft
from lineshaft.model.evaluate.cuts import at_cuts, held_groups
from lineshaft.model.evaluate.splits import Fold, Rows, by_group
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Pipeline, replay
from lineshaft.model.prognosis import Settings, learners, score_of
from lineshaft.model.supervised import Candidate, Matrix
from lineshaft.model.tail import finish

DEFAULT = Settings()


class Prognose:
    """Remaining life by ``Examples`` whose target [N, 1] is what is left of each machine's life, in periods.

    A group is a machine's life from its start to its failure. The loss is the root mean square error of the life up
    to the cap at random ages of machines that taught nothing.
    """

    task: ClassVar[Task] = Task.PROGNOSE

    def __init__(self, settings: Settings = DEFAULT) -> None:
        self.settings = settings
        self.cap = settings.cap or np.inf

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        settings = self._of(examples)
        found = [c for learner in learners().values() for c in learner.candidates(examples, settings)]
        return sorted(found, key=lambda candidate: not candidate.name.startswith("naive"))

    def held_out(self, examples: Examples) -> Rows:
        return held_groups(examples, self.settings.held_out, self.settings.seed)

    def folds(self, examples: Examples) -> Sequence[Fold]:
        told = self._of(examples)
        return [replace(fold, judge=at_cuts(examples, fold.judge, told.cuts, told.youngest, told.seed))
                for fold in by_group(examples, told.folds, told.seed)]

    def loss(self, target: Matrix, value: Matrix) -> float:
        return float(np.sqrt(np.mean((np.minimum(target, self.cap) - np.minimum(value, self.cap)) ** 2)))

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        return (Answer("remaining life"),)

    def window(self, candidate: Candidate) -> int:
        return self.settings.reach.memory

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        told = self._of(examples)
        rows = at_cuts(examples, held_out, told.cuts, told.youngest, told.seed)
        capped = replace(examples, target=np.minimum(examples.target, told.cap))
        return finish(pipeline, capped, rows, execute, kind="number", coverage=told.coverage,
                      judges=(LifeLeft(told.limit, told.cap),))

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        told = self._of(examples)
        rows = at_cuts(examples, held_out, told.cuts, told.youngest, told.seed)
        said = replay(pipeline, examples.dataset, ("value", "low", "high"), execute).rows(rows)
        target = np.minimum(examples.target[rows], told.cap)
        inside = (said["low"] <= target) & (target <= said["high"])
        return {"held_out_rmse": self.loss(target, np.asarray(said["value"], np.float64)),
                "held_out_score": score_of(target, np.asarray(said["value"], np.float64)) / max(int(rows.sum()), 1),
                "held_out_coverage": float(inside.mean()),
                "held_out_width": float((said["high"] - said["low"]).mean()), "cap": told.cap}

    def _of(self, examples: Examples) -> Settings:
        """The settings for these examples, which are checked on the way."""
        life = examples.target[examples.known]
        if examples.target.shape[1] != 1 or not len(life) or life.min() < 0:
            raise UsageError("the target is no column of remaining lives, in periods, of 0 or more", where="target",
                             do="give histories of machines that ran to failure")
        told = self.settings.of(examples)
        self.cap = told.cap
        return told


TASK = Prognose
