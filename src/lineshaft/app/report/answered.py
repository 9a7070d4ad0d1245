"""What a task with an answer said of rows that it had not learnt from, as plain data for the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.answer import Answer
from lineshaft.core.task import Task
from lineshaft.model.evaluate.reliability import Mark
from lineshaft.model.search.board import Board

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a tag matters: what the ``loss`` becomes where the tag is taken from another time, and ``share`` of all
    such losses (0..1; 0 where it does not become worse)."""

    tag: str
    loss: float
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """M held-out rows in order of run and time, with ``answers`` [V].

    ``times`` int64 [M] UTC ns, ``run`` int32 [M]; ``measured`` [M, V] (of classes [M, 1], their number; of modes
    [M, 0], which nobody measures), NaN where unknown; ``value``, ``low`` and ``high`` [M, V]; ``known`` bool [M].
    ``naive`` is what the baseline said of the same rows, None where none could be learnt. Losses are the task's own,
    less is better. ``known_rows`` are all rows whose truth is known, those that taught it too.
    """

    task: Task
    answers: tuple[Answer, ...]
    learner: str
    period_ns: int
    known_rows: int
    times: NDArray[np.int64]
    run: NDArray[np.int32]
    measured: Floats
    value: Floats
    low: Floats
    high: Floats
    known: NDArray[np.bool_]
    loss: float
    naive: Floats | None = None
    naive_name: str = ""
    naive_loss: float = float("nan")
    marks: tuple[Mark, ...] = ()
    weights: tuple[Weight, ...] = ()
    board: Board | None = None

    @property
    def of_classes(self) -> bool:
        return self.task == Task.DIAGNOSE

    @property
    def of_modes(self) -> bool:
        return self.task == Task.SEGMENT
