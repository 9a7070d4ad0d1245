"""Distillation: a small student that learns a large graph's score from what that graph says of history.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015); the student is solved in closed form,
its hidden layer drawn once (Huang, Zhu and Siew, Neurocomputing 70, 2006). History holds few rows near the limit, so
history with synthetic faults is shown too, and rows weigh more the nearer the teacher's score is to the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Executor
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.check import signature
from lineshaft.graph.fidelity import Gap, Run, gap, say, verdicts
from lineshaft.graph.rewrite import Size, size
from lineshaft.model.learner import standard_scale
from lineshaft.model.synthetic import injected, injections

Matrix = NDArray[np.float64]
WIDTHS = (4, 8, 16, 32, 64, 128)
WEIGHTS = (0.3, 0.1, 0.03)  # of the newest value in the student's running means
CLIP, RIDGE, FAULTS, SEED = 10.0, 1e-3, 40, 0
FAR = 2.0  # distances from the middle of normal to the limit; beyond, one score is as good as another
CLOSE = 4.0  # how much more a row at the limit weighs than one in the middle


@dataclass(frozen=True, slots=True)
class Budget:
    """What a student may cost; ``arithmetic`` as ``graph.arithmetic`` counts it, per asset and step."""

    bytes: int
    arithmetic: int


@dataclass(frozen=True, slots=True, eq=False)
class Student:
    """``score`` and ``alarm`` in the teacher's scale; ``gap`` to the teacher on the validation runs."""

    graph: bytes
    width: int
    size: Size
    gap: Gap


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """The student's features: each tag standardised, its running means, and the squares of what is left over them."""

    mean: Matrix
    scale: Matrix

    def emit(self, g: StepBuilder) -> Wire:
        z = g.clip(g.multiply(g.subtract(g.x, self.mean), 1.0 / self.scale), -CLIP, CLIP)
        z = g.where(g.greater(g.quality, 0.5), z, g.state("held", z.shape))
        g.keep("held", z)
        levels = [g.ewma(f"level_{i}", z, weight) for i, weight in enumerate(WEIGHTS)]
        powers = [g.ewma(f"power_{i}", g.square(z), weight) for i, weight in enumerate(WEIGHTS)]
        return g.concat([z, *levels, *powers])


def distil(teacher: bytes, history: Sequence[Run], validation: Sequence[Run], budget: Budget, execute: Executor, *,
           progress: Progress = silent) -> Student:
    """The most faithful student that keeps the budget.

    ``history`` teaches, ``validation`` chooses the width. Only ``score`` and ``alarm`` are learnt: for causes ask the
    teacher. Raises ``UsageError`` where the teacher gives no score of one value, ``Refused`` where no student fits.
    """
    outputs = {port.name: port.shape for port in signature(teacher).outputs}
    if outputs.get("score") != (1,):
        raise UsageError("the teacher gives no score of one value", where="distil", do="name its result score")
    runs = [*history, *_faulty(history)]
    wanted = say(teacher, runs, execute, tuple(outputs.keys() & {"score", "alarm"}))
    score = np.concatenate([one["score"][:, 0] for one in wanted]).astype(np.float64)
    counts = np.concatenate([run.labels for run in runs]) >= 0
    limit = _limit(score, verdicts(wanted), counts)
    centre = float(np.median(score[counts]))
    target = np.clip(score, centre - FAR * (limit - centre), centre + FAR * (limit - centre))
    front = _front(history)
    features = np.concatenate([one["features"] for one in say(_front_graph(front), runs, execute)]).astype(np.float64)
    weight = counts * (1.0 + CLOSE * np.exp(-((target - limit) / (limit - centre + 1e-12))**2 / 0.1))
    told = say(teacher, validation, execute, tuple(outputs.keys() & {"score", "alarm"}))
    best: Student | None = None
    for number, width in enumerate(WIDTHS):
        progress(number, len(WIDTHS), "distilling")
        graph = _student(front, features, target, weight, limit, width)
        if (cost := size(graph)).bytes > budget.bytes or cost.arithmetic > budget.arithmetic:
            break
        found = Student(graph, width, cost, gap(told, say(graph, validation, execute), validation))
        best = found if best is None or _rank(found) < _rank(best) else best
    if best is None:
        raise Refused(f"the smallest student takes {cost.bytes:,} bytes and {cost.arithmetic:,} operations",
                      where="distil", do="allow more, or compress the graph in another way")
    return best


def _rank(student: Student) -> tuple[float, float]:
    return student.gap.flips + max(map(abs, student.gap.tail)), student.gap.flips


def _limit(score: Matrix, verdict: NDArray[np.int64], counts: NDArray[np.bool_]) -> float:
    """Where the teacher's alarm begins: between the quiet and the alarmed scores, a few stragglers aside."""
    alarmed, quiet = score[counts & (verdict > 0)], score[counts & (verdict == 0)]
    if not len(alarmed) or not len(quiet):
        raise UsageError("the teacher always decides the same", where="distil",
                         do="give history with rows near its limit")
    return float((np.quantile(alarmed, 0.01) + np.quantile(quiet, 0.99)) / 2.0)


def _faulty(history: Sequence[Run]) -> list[Run]:
    """Copies of the longest run, each with a synthetic fault in its last two thirds."""
    random = np.random.default_rng(SEED)
    longest = max(history, key=lambda run: len(run.x))
    x = np.asarray(longest.x, np.float32)
    faults = injections(x.shape[1], random)
    some = [faults[i] for i in random.choice(len(faults), min(FAULTS, len(faults)), replace=False)]
    copies = injected(x, some, len(x) // 3, random)
    return [Run(copies[:, place], longest.quality, np.where(longest.labels < 0, -1, 0).astype(np.int8))
            for place in range(copies.shape[1])]


def _front(history: Sequence[Run]) -> _Front:
    x = np.concatenate([np.asarray(run.x, np.float64) for run in history])
    return _Front(*standard_scale(x))


def _front_graph(front: _Front) -> bytes:
    g = StepBuilder(len(front.mean))
    return g.model({"features": front.emit(g)})


def _student(front: _Front, features: Matrix, target: Matrix, weight: Matrix, limit: float, width: int) -> bytes:
    """The graph with its read-out solved by weighted ridge on the features and the hidden layer."""
    random = np.random.default_rng(SEED)
    hidden = random.normal(size=(features.shape[1], width)) / np.sqrt(features.shape[1])
    bias = random.normal(size=width)
    both = np.hstack([features, np.tanh(features @ hidden + bias), np.ones((len(features), 1))])
    gram = (both * weight[:, None]).T @ both
    gram[np.diag_indices_from(gram)] += RIDGE * weight.sum()
    readout = np.linalg.solve(gram, (both * weight[:, None]).T @ target)
    g = StepBuilder(len(front.mean))
    a = front.emit(g)
    layer = g.tanh(g.add(g.project(a, hidden), bias))
    score = g.add(g.project(g.concat([a, layer]), readout[:-1, None]), np.array([readout[-1]]))
    return g.model({"score": score, "alarm": g.number(g.greater(score, limit))})

