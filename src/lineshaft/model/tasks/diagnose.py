"""Diagnose: which fault it is, from labelled history; an unknown fault is answered by "I do not know"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.answer import Answer
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Executor
from lineshaft.core.task import Task
from lineshaft.model.classes import numbers_of
from lineshaft.model.diagnosis import Settings, learners
from lineshaft.model.evaluate.splits import Fold, Rows
from lineshaft.model.evaluate.stretches import by_stretch, middle_share
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Pipeline
from lineshaft.model.supervised import Candidate, Matrix, predict
from lineshaft.model.tail import finish

DEFAULT = Settings()


class Diagnose:
    """Fault classes by ``Examples`` whose target is the number of the class and whose names are the classes.

    The loss is 1 - mean recall, so that a rare fault counts as much as normal operation.
    """

    task: ClassVar[Task] = Task.DIAGNOSE

    def __init__(self, settings: Settings = DEFAULT) -> None:
        self.settings = settings

    def candidates(self, examples: Examples) -> Sequence[Candidate]:
        _checked(examples)
        found = [learner.candidates(examples, self.settings) for learner in learners().values()]
        flat = [candidate for some in found for candidate in some]
        return sorted(flat, key=lambda candidate: not candidate.name.startswith("naive"))

    def held_out(self, examples: Examples) -> Rows:
        return middle_share(examples, self.settings.held_out)

    def folds(self, examples: Examples) -> Sequence[Fold]:
        target = np.where(self.held_out(examples)[:, None], np.nan, examples.target)
        learnt = replace(examples, target=target)
        return by_stretch(learnt, self.settings.folds, self.settings.memory - 1, self.settings.seed)

    def loss(self, target: Matrix, value: Matrix) -> float:
        return 1.0 - mean_recall(numbers_of(target), value.argmax(axis=1))

    def answers(self, examples: Examples) -> tuple[Answer, ...]:
        return tuple(Answer(name) for name in examples.names)

    def window(self, candidate: Candidate) -> int:
        return int(candidate.settings.get("window", 1))

    def finish(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> Pipeline:
        return finish(pipeline, examples, held_out, execute, kind="class")

    def figures(self, pipeline: Pipeline, examples: Examples, held_out: Rows, execute: Executor) -> dict[str, float]:
        value = predict(pipeline, examples, execute)[held_out]
        kind = numbers_of(examples.target[held_out])
        return {"held_out_recall_mean": mean_recall(kind, value.argmax(axis=1)),
                "held_out_macro_f1": macro_f1(kind, value.argmax(axis=1))}


def mean_recall(kind: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Mean over the classes that occur of the share found (balanced accuracy).

    >>> mean_recall(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])).__round__(3)
    0.833
    """
    return float(np.mean([(said[kind == k] == k).mean() for k in np.unique(kind)]))


def macro_f1(kind: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Mean over the classes that occur of the harmonic mean of precision and recall.

    >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])).__round__(3)
    0.733
    """
    return float(np.mean([2 * ((kind == k) & (said == k)).sum() / ((kind == k).sum() + (said == k).sum())
                          for k in np.unique(kind)]))


def _checked(examples: Examples) -> None:
    """Classes are whole numbers that have a name, two of them at least."""
    kind = examples.target[examples.known, 0]
    if examples.target.shape[1] != 1 or (kind != np.round(kind)).any() or (len(kind) and (
            kind.min() < 0 or kind.max() >= len(examples.names))):
        raise UsageError(f"the target is no number of a class from 0 to {len(examples.names) - 1}", where="target",
                         do="give one column with the number of the class")
    if len(np.unique(kind)) < 2:
        raise UsageError("examples of one class alone can't be told apart from anything", where="target",
                         do="give labelled rows of two classes at least, normal operation being one")




TASK = Diagnose
