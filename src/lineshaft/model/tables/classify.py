"""Classification of independent rows: every head for classes on every front, judged on stratified parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from lineshaft.core.answer import Answer
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import numbers_of
from lineshaft.model.evaluate.splits import Fold, Rows, stratified
from lineshaft.model.examples import Examples
from lineshaft.model.head import Settings, heads
from lineshaft.model.heads.trees import QUICK
from lineshaft.model.pipeline import Pipeline, Seen, Wires
from lineshaft.model.supervised import Candidate, Matrix, headed, predict
from lineshaft.model.tables.fronts import fronts
from lineshaft.model.tail import finish
from lineshaft.model.tasks.diagnose import macro_f1, mean_recall

HELD_OUT = 0.1
BLEND: Settings = {"first": "quick trees", "second": "random forest"}
CHOICES: Mapping[str, Sequence[Settings]] = {
    "trees": (QUICK, {**QUICK, "leaves": 7}, {**QUICK, "least": 5}),
    "blend": (BLEND, {**BLEND, "second": "forest"}, {**BLEND, "share": 0.7})}
"""Settings of a table's own; other heads have theirs."""
ORDER = ("blend", "trees", "forest", "logistic", "svm", "network", "neighbours", "bayes")


@dataclass(frozen=True, slots=True)
class Classify:
    """A table whose target is the number of a class; the loss is 1 - macro-F1, so that rare classes count.

    Its rows must be independent (each a run of its own): with rows that follow one another in time, use ``diagnose``.
    """

    parts: int = 3
    seed: int = 0

    task: ClassVar[Task] = Task.DIAGNOSE

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        found, ways = heads("class"), fronts(len(examples.dataset.tags), "class", self.seed)
        count = len(examples.names)
        naive = Candidate("naive share", "columns", ways["columns"], lambda: Share(count))
        names = sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
        return [naive, *(headed(f"{head} {front}", front, ways[front], found[head], count, "class", self.seed,
                                CHOICES.get(head))
                         for head in names for front in ways)]

    def held_out(self, examples: Examples) -> Rows:
        return stratified(examples, round(1 / HELD_OUT), self.seed + 1)[0].judge

    def folds(self, examples: Examples) -> Sequence[Fold]:
        left = replace(examples, target=np.where(self.held_out(examples)[:, None], np.nan, examples.target))
        return stratified(left, self.parts, self.seed)

    def loss(self, target: Matrix, value: Matrix) -> float:
        return 1.0 - macro_f1(numbers_of(target), value.argmax(axis=1))

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        return tuple(Answer(name) for name in examples.names)

    def refits(self, examples: Examples) -> bool:
        return True

    def window(self, candidate: Candidate) -> int:
        return 1

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        return finish(pipeline, examples, held_out, execute, kind="class")

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        said = predict(pipeline, examples, execute)[held_out].argmax(axis=1)
        kind = numbers_of(examples.target[held_out])
        return {"macro_f1": macro_f1(kind, said), "recall_mean": mean_recall(kind, said)}


class Share:
    """Wire ``value`` [V]: each class's share of the rows."""

    reads: tuple[str, ...] = ("target",)

    def __init__(self, classes: int) -> None:
        self.share = np.full(classes, 1.0 / classes)

    def fit(self, seen: Seen) -> None:
        self.share = np.bincount(numbers_of(seen["target"]), minlength=len(self.share)) / len(seen)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value": g.add(g.multiply(g.slice(wires["features"], 0, 1), 0.0), self.share)}
