"""``segment``: which operating mode a plant is in, learnt from its tags alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lineshaft.core.answer import Answer
from lineshaft.core.dataset import Dataset
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.model.blocks.features import Level
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.clusters import MOST_MODES, learners
from lineshaft.model.description import description_length
from lineshaft.model.evaluate.splits import Fold, Rows, by_time
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Block, Pipeline, replay, run_spans
from lineshaft.model.supervised import Candidate, Matrix
from lineshaft.model.tail import finish

ONE = "naive one mode"


@dataclass(frozen=True, slots=True)
class Segment:
    """How modes are learnt.

    ``level`` ticks are averaged; ``modes`` is how many there are (0: found out), ``least`` the membership under which
    the answer is "I do not know"; ``held_out_share`` the last part of every run, which sets the limit of the unknown.
    """

    task: ClassVar[Task] = Task.SEGMENT
    level: int = 10
    modes: int = 0
    least: float = 0.6
    held_out_share: float = 0.2
    seed: int = 0

    def examples(self, dataset: Dataset) -> Examples:
        """The tags themselves are what modes have to describe; a row that lacks one teaches nothing."""
        target = np.where(dataset.good, dataset.values, np.nan)
        return Examples(dataset, target, dataset.run, tuple(tag.path for tag in dataset.tags))

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        channels = len(examples.dataset.tags)

        def front() -> Sequence[Block]:
            return Guard(), Modes(), Standardise(channels), Impute(channels), Level(self.level)

        def made(name: str, learner: str, modes: int) -> Candidate:
            kind = learners()[learner]
            return Candidate(name, "levels", front, lambda: kind(modes, self.seed), {"modes": modes} if modes else {})

        return [made(ONE, "kmeans", 1), *(made(name, name, self.modes) for name in learners())]

    def held_out(self, examples: Examples) -> Rows:
        """The last rows of every run."""
        held = np.zeros(len(examples), np.bool_)
        for start, stop in run_spans(examples.dataset.run):
            held[stop - round((stop - start) * self.held_out_share):stop] = True
        return held

    def folds(self, examples: Examples) -> Sequence[Fold]:
        return by_time(examples, 2, gap=self.level)

    def loss(self, target: Matrix, value: Matrix) -> float:
        return description_length(target, value.argmax(axis=1))

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        return tuple(Answer(f"mode {k + 1}") for k in range(MOST_MODES))

    def window(self, candidate: Candidate) -> int:
        return self.level

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        return finish(pipeline, examples, held_out, execute, kind="mode", least=self.least)

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        seen = replay(pipeline, examples.dataset, ("value", "known"), execute)
        mode = seen["value"].argmax(axis=1)
        share = np.bincount(mode[examples.known], minlength=seen["value"].shape[1]) / max(int(examples.known.sum()), 1)
        return {"modes": float(seen["value"].shape[1]), "known": float(seen["known"][held_out].mean()),
                **{f"share_of_mode_{k + 1}": float(part) for k, part in enumerate(share)}}


TASK = Segment
