"""A small task for the search: two fronts, two heads, a naive baseline, and candidates that misbehave."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from lineshaft.core.answer import Answer
from lineshaft.core.dataset import Dataset
from lineshaft.core.step import Executor
from lineshaft.core.tag import Tag
from lineshaft.core.task import Task
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.evaluate.splits import Fold, Rows, by_time
from lineshaft.model.examples import Examples
from lineshaft.model.head import heads
from lineshaft.model.pipeline import Block, Pipeline, Seen, Wires
from lineshaft.model.supervised import Candidate, Matrix, headed

ROWS, TAGS = 600, 4


def examples(rows: int = ROWS, seed: int = 0) -> Examples:
    """One number that is linear in the means of three ticks, with some noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, TAGS))
    slow = np.stack([np.convolve(column, np.ones(3) / 3)[:rows] for column in x.T], axis=1)
    target = (slow @ [2.0, -1.0, 0.5, 0.0] + 0.1 * random.normal(size=rows))[:, None]
    return Examples(Dataset.of(x, tuple(Tag(f"t{i}") for i in range(TAGS))), target, np.zeros(rows, np.int32), ("y",))


class Mean:
    """Means of the newest ticks as features; 1 is the tags themselves."""

    reads: tuple[str, ...] = ()

    def __init__(self, length: int) -> None:
        self.length = length

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        past = wires["x"] if self.length == 1 else g.window("past", wires["x"], self.length)
        return {"features": g.reshape(g.mean(g.reshape(past, (self.length, TAGS)), axis=0), (TAGS,))}


class Constant:
    """The mean target: the naive baseline."""

    reads: tuple[str, ...] = ("features", "target")

    def __init__(self) -> None:
        self.level = 0.0

    def fit(self, seen: Seen) -> None:
        self.level = float(seen["target"].mean())

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value": g.add(g.multiply(g.slice(wires["features"], 0, 1), 0.0), self.level)}


class Bad(Constant):
    """Raises, never ends, says NaN, or ends its process."""

    def __init__(self, kind: str, note: str = "") -> None:
        super().__init__()
        self.kind, self.note = kind, note

    def fit(self, seen: Seen) -> None:
        if self.kind == "raises":
            raise ArithmeticError("a division that nobody thought of")
        if self.kind == "hangs":
            time.sleep(600)
        if self.kind == "dies":
            os._exit(9)
        if self.kind == "dies once" and not Path(self.note).exists():
            Path(self.note).write_text("been here", "utf-8")
            os._exit(9)
        super().fit(seen)
        self.level = float("nan") if self.kind == "nan" else self.level


class Ends:
    """What every graph says besides its value; a tail just large enough for a test."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        one = g.add(g.multiply(wires["value"], 0.0), 1.0)
        nothing = g.multiply(wires["value"], 0.0)
        return {"low": g.subtract(wires["value"], 1.0), "high": g.add(wires["value"], 1.0), "known": one,
                "score": nothing, "alarm": nothing, "confidence": one, "cause": g.multiply(wires["x"], 0.0)}


@dataclass(frozen=True)
class Small:
    """``bad`` kinds of candidates come after the good ones; ``note`` is a file that one of them writes.

    Each loss takes ``slow_s`` seconds more.
    """

    bad: tuple[str, ...] = ()
    note: str = ""
    slow_s: float = 0.0
    learners: tuple[str, ...] = ("ridge",)
    task: ClassVar[Task] = Task.INFER

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        def front(length: int) -> tuple[Block, ...]:
            return (Mean(length),)

        naive = Candidate("naive mean", "now", lambda: front(1), Constant)
        good = [headed(f"{name} {told}", told, lambda length=length: front(length),  # type: ignore[misc]
                       heads("number")[name], 1, "number")
                for told, length in (("three", 3), ("now", 1)) for name in self.learners]
        bad = [Candidate(f"bad {kind}", "now", lambda: front(1), lambda kind=kind: Bad(kind, self.note))  # type: ignore[misc]
               for kind in self.bad]
        return [naive, *good, *bad]

    def held_out(self, examples: Examples) -> Rows:
        return np.arange(len(examples)) >= 0.8 * len(examples)

    def folds(self, examples: Examples) -> Sequence[Fold]:
        given = examples.target.copy()
        given[self.held_out(examples)] = np.nan
        return by_time(replace(examples, target=given), 4)

    def loss(self, target: Matrix, value: Matrix) -> float:
        time.sleep(self.slow_s)
        return float(((target - value) ** 2).mean())

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        return (Answer("y"),)

    def window(self, candidate: Candidate) -> int:
        return 3

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        return Pipeline(pipeline.channels, (*pipeline.blocks, Ends()))

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        return {"held_out_rows": float(held_out.sum()), "wires": float(len(WITH_VALUE))}
