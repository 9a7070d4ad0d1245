"""Learning from examples, for every task that has targets: candidates are fitted, judged on folds, and compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.answer import VALUE
from lineshaft.core.step import Executor
from lineshaft.model.answer import Trial
from lineshaft.model.evaluate.interval import over_seeds
from lineshaft.model.evaluate.splits import Fold, Rows
from lineshaft.model.examples import Examples
from lineshaft.model.head import Head, Kind, Setting, Settings
from lineshaft.model.pipeline import Block, Pipeline, extend, replay

Matrix = NDArray[np.float64]
Loss = Callable[[Matrix, Matrix], float]
"""(target [N, K], value [N, V]) -> less is better."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One way to learn a task.

    ``front`` makes the unfitted blocks up to the wire "features" (candidates that share ``front_name`` share what the
    graph says of history), ``head`` the one after it, which gives "value"; ``settings`` is what a table shows.
    ``variants`` are the same with other settings of the head, in the order in which they are worth trying: a search
    asks for them only where the candidate itself did well.
    """

    name: str
    front_name: str
    front: Callable[[], Sequence[Block]]
    head: Callable[[], Block]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    variants: Callable[[], Sequence[Candidate]] = tuple


def headed(name: str, front_name: str, front: Callable[[], Sequence[Block]], head: type[Head], outputs: int, kind: Kind,
           seed: int = 0, choices: Sequence[Settings] | None = None) -> Candidate:
    """A candidate with a head as it comes, whose variants are the head's other ``choices`` (the task's, where given).

    >>> from lineshaft.model.heads.ridge import Ridge
    >>> one = headed("ridge levels", "levels", tuple, Ridge, 1, "number")
    >>> [variant.name for variant in one.variants()]
    ['ridge levels, penalty 0.01', 'ridge levels, penalty 1.0']
    """
    first, *others = choices or head.choices(kind)

    def made(settings: Settings) -> Candidate:
        told = "".join(f", {key} {value}" for key, value in settings.items() if first.get(key) != value)
        return Candidate(name + told, front_name, front, lambda: head(outputs, kind, settings, seed), settings)

    return replace(made(first), variants=lambda: tuple(made(settings) for settings in others))


def fit(candidate: Candidate, examples: Examples, rows: Rows, execute: Executor) -> Pipeline:
    """Front and head learnt from the rows [N] alone; other rows pass only so that windows are warm."""
    given: dict[str, NDArray[Any]] = {"target": examples.target, "group": examples.group}
    blocks = (*candidate.front(), candidate.head())
    return extend(Pipeline(len(examples.dataset.tags), ()), blocks, examples.dataset, rows, execute, given)


def predict(pipeline: Pipeline, examples: Examples, execute: Executor) -> Matrix:
    """``value`` [N, V] over the whole dataset, by the graph."""
    return np.asarray(replay(pipeline, examples.dataset, (VALUE,), execute)[VALUE], np.float64)


def judge(candidate: Candidate, examples: Examples, folds: Sequence[Fold], loss: Loss, execute: Executor) -> Trial:
    """The candidate's loss on every fold, learnt without it."""
    begun, losses = time.perf_counter(), []
    for fold in folds:
        value = predict(fit(candidate, examples, fold.fit, execute), examples, execute)
        losses.append(loss(examples.target[fold.judge], value[fold.judge]))
    low, high = over_seeds(losses)
    return Trial(candidate.name, float(np.mean(losses)), low, high, tuple(losses), time.perf_counter() - begun)
