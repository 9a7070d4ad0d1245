"""A small honest task that stands in for those of ``model/tasks``: least squares on the newest levels, and a mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lineshaft.core.answer import Answer
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.features import Level
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.evaluate.splits import Fold, Rows, by_time
from lineshaft.model.examples import Examples
from lineshaft.model.heads.ridge import Ridge
from lineshaft.model.pipeline import Block, Pipeline, Seen, Wires, replay
from lineshaft.model.supervised import Candidate, Matrix, predict
from lineshaft.model.tail import finish


class Mean:
    """The mean of the target, whatever the tags say."""

    reads: tuple[str, ...] = ("features", "target")

    def __init__(self) -> None:
        self.mean = np.zeros(1)

    def fit(self, seen: Seen) -> None:
        self.mean = np.asarray(seen["target"], np.float64).mean(axis=0)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        none = np.zeros((wires["features"].shape[0], len(self.mean)))
        return {"value": g.add(g.project(wires["features"], none), self.mean)}


@dataclass(frozen=True, slots=True)
class Soft:
    """``look_back`` ticks of level; ``share`` of the history is held out, its last."""

    look_back: int = 5
    coverage: float = 0.9
    share: float = 0.3

    task: ClassVar[Task] = Task.INFER

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        channels = len(examples.dataset.tags)

        def front() -> Sequence[Block]:
            return Guard(), Modes(()), Standardise(channels, [0.0] * channels), Impute(channels), Level(self.look_back)

        return (Candidate("naive mean", "level", front, Mean),
                Candidate("ridge", "level", front, lambda: Ridge(examples.target.shape[1], "number")))

    def held_out(self, examples: Examples) -> Rows:
        rows = np.zeros(len(examples), np.bool_)
        rows[round(len(examples) * (1 - self.share)):] = True
        return rows

    def folds(self, examples: Examples) -> Sequence[Fold]:
        return by_time(examples, 2)

    def loss(self, target: Matrix, value: Matrix) -> float:
        return float(((target - value) ** 2).mean())

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        return tuple(Answer(name, "mg/m3") for name in examples.names)

    def window(self, candidate: Candidate) -> int:
        return self.look_back

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        return finish(pipeline, examples, held_out, execute, kind="number", coverage=self.coverage)

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        said = replay(pipeline, examples.dataset, ("low", "high"), execute).rows(held_out)
        target, value = examples.target[held_out], predict(pipeline, examples, execute)[held_out]
        inside = (said["low"] <= target) & (target <= said["high"])
        return {"held_out_rmse": float(np.sqrt(self.loss(target, value))), "held_out_coverage": float(inside.mean())}


TASK = Soft
