"""Calibration: where the alarm limit lies, from normal operation that taught the learner nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array, Executor
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.by_mode import ByMode
from lineshaft.model.blocks.decide import Alarm, Evened, Score
from lineshaft.model.blocks.explain import Cause, Confidence
from lineshaft.model.blocks.features import Level, Past, Signal
from lineshaft.model.blocks.late import Late
from lineshaft.model.blocks.smooth import Smooth
from lineshaft.model.learner import Settings, learners
from lineshaft.model.pipeline import Block, Pipeline, Seen, extend, onward, read, replay, run_spans

Rows = NDArray[np.bool_]
Vector = NDArray[np.float64]
FEWEST = 30
LEAST_DEVIATION = 1e-3
SHRINK = 3.0
LEAD = 200  # ticks of context before a block, far beyond any window


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """Normal operation and its roles: ``fit`` teaches, ``held_out`` calibrates; both are masks [N] of dataset rows.

    ``settle`` is how many ticks after a change of mode the score rests, ``late`` how many an energy waits to be judged.
    """

    dataset: Dataset
    fit: Rows
    held_out: Rows
    settle: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A learner with its limit. ``centre`` and ``reach`` are of ln(smoothed energy); the limit is their sum.

    ``by_mode``: each operating mode has a learner of its own.
    """

    name: str
    pipeline: Pipeline
    memory: int
    centre: float
    reach: float
    freedom: float
    by_mode: bool = False


def calibrate(name: str, front: Front, execute: Executor, by_mode: bool = False) -> Calibrated:
    """Fit one learner on the fit rows and set its limit on the held-out ones.

    ln of the smoothed energy is close to normal in normal operation. Its mean is taken on the held-out rows, its
    variance there and inside blocks of the fit rows that were left out in turn (``fold_weight``), since either
    alone sees too little of slow drift. The limit is the Student quantile of the stated rate, with as many
    degrees of freedom as there are independent filter lengths in the data: neighbouring rows say nearly the same.
    Each operating mode has its own mean, as far as there are rows of it.
    """
    normal, settings = front.normal, front.settings
    whole = front.learn(name, normal.fit, by_mode)
    seen, features = front.seen, front.features
    alone = read(front.pipeline, whole.blocks[-1]) <= seen.wires.keys()
    energy, age = front.energy(whole, alone, execute), seen.age
    warm = age >= features.memory - 1
    held_out = _segments(energy, age, normal.held_out & warm, normal.dataset.run)
    if sum(len(e) for e, _ in held_out) < FEWEST:
        raise UsageError(f"only {sum(len(e) for e, _ in held_out)} held-out rows of normal operation are left for the "
                         f"alarm limit, {FEWEST} are the fewest", where="normal stretch", do="give a longer one")
    start = float(np.concatenate([e for e, _ in held_out]).mean())
    logs = [smoothed(e, front.weights, start, execute)[_burn(e, first, front):] for e, first in held_out]
    modes = [int(mode[0]) for mode, _ in _segments(
        seen["mode"].argmax(axis=1), age, normal.held_out & warm, normal.dataset.run)]
    length = max(features.memory, 1.0 / settings.smoothing)
    centres = _centres(logs, modes, seen["mode"].shape[1], length)
    centre = float(centres.mean())
    inside = _fold_variances(name, front, alone, execute, by_mode)
    weight = settings.fold_weight if inside else 0.0
    about = np.concatenate([log - (centres[mode] - centre) for log, mode in zip(logs, modes, strict=True)])
    variance = (1.0 - weight) * float(about.var()) + weight * float(np.mean(inside or [0.0]))
    freedom = float(normal.fit.sum() + normal.held_out.sum()) / length
    reach = max(variance**0.5, LEAST_DEVIATION) * _student(settings.false_alarm_rate, freedom)
    cap = settings.cap * float(np.exp(min(centre + reach, 60.0)))
    tail: tuple[Block, ...] = (
        *((Evened(centres),) if len(centres) > 1 else ()), *((Late(normal.late),) if normal.late else ()),
        Smooth(front.weights[0], start, cap, normal.settle, front.weights[1]), Score(centre, reach),
        Alarm(settings.release, settings.debounce), Cause(settings.smoothing, cap), Confidence())
    done = extend(whole, tail, normal.dataset, normal.held_out & warm, execute)
    return Calibrated(name, done, features.memory, centre, reach, float(freedom), by_mode)


def _centres(logs: Sequence[Vector], modes: Sequence[int], count: int, length: float) -> Vector:
    """The mean of ``logs`` in each mode [count], drawn towards that of all as if ``SHRINK`` more independent filter
    lengths had been seen there: a mode of few held-out rows has that of all, or nearly."""
    pooled, centres = float(np.concatenate(list(logs)).mean()), []
    for mode in range(count):
        own = np.concatenate([np.empty(0), *(log for log, of in zip(logs, modes, strict=True) if of == mode)])
        looks = len(own) / length
        apart = float(own.mean()) - pooled if len(own) else 0.0
        centres.append(pooled + apart * looks / (looks + SHRINK) if count > 1 else pooled)
    return np.array(centres)


def smoothed(energy: Array, weights: tuple[float, float], start: float, execute: Executor) -> Vector:
    """ln of the smoothed energy [T], by the very block that the graph carries."""
    g = StepBuilder(1)
    wires = Smooth(weights[0], start, falling=weights[1]).emit(g, {"energy": g.x})
    column = energy.reshape(-1, 1).astype(np.float32)
    found = Replay(g.model(wires), execute)(column, np.ones_like(column))
    return np.asarray(found["smooth"][:, 0], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """All of a pipeline but the learner, with what it says of history: all learners and folds see the same."""

    pipeline: Pipeline
    features: Level | Past | Signal
    seen: Seen
    normal: Normal
    settings: Settings

    @property
    def weights(self) -> tuple[float, float]:
        """Of an energy above the mean and of one below it."""
        level = isinstance(self.features, Level)
        return self.settings.smoothing, self.settings.falling if level else self.settings.smoothing

    @classmethod
    def of(cls, kind: str, prefix: Pipeline, normal: Normal, settings: Settings, execute: Executor) -> Front:
        """The front of learners that take features of one kind, over the whole dataset."""
        features = features_of(kind, settings)
        pipeline = extend(prefix, (features,), normal.dataset, normal.fit, execute)
        seen = replay(pipeline, normal.dataset, ("features", "z", "mode", *features.beside), execute)
        return cls(pipeline, features, seen, normal, settings)

    def learn(self, name: str, rows: Rows, by_mode: bool = False) -> Pipeline:
        """With the learner, or one for each mode, fitted on rows whose whole window lies in ``rows``: nothing held out
        leaks in."""
        run, keep = self.normal.dataset.run, rows.copy()
        for back in range(1, self.features.context):
            keep[back:] &= rows[:-back] & (run[back:] == run[:-back])
            keep[:back] = False
        if keep.sum() < FEWEST:
            raise UsageError(f"only {int(keep.sum())} rows of normal operation are left to learn from, {FEWEST} are "
                             "the fewest", where="normal stretch", do="give a longer one")
        make = partial(learners()[name], self.pipeline.channels, self.settings)
        learner = ByMode(make, self.seen["mode"].shape[1], FEWEST) if by_mode else make()
        learner.fit(self.seen.rows(keep))
        return Pipeline(self.pipeline.channels, (*self.pipeline.blocks, learner))

    def energy(self, whole: Pipeline, alone: bool, execute: Executor, rows: slice = slice(None)) -> Array:
        """Energy [n] of some rows by what ``learn`` gave; its learner runs ``alone`` where it reads what was seen."""
        if alone:
            said = onward(whole.blocks[-1:], self.seen.rows(rows), ("energy",), execute)
        else:
            said = replay(whole, self.normal.dataset.rows(rows), ("energy",), execute)
        return said["energy"][:, 0]


def features_of(kind: str, settings: Settings) -> Level | Past | Signal:
    """The block that learners of one kind look at."""
    if kind == "level":
        return Level(settings.window)
    return Past(settings.lags) if kind == "past" else Signal()


def _student(rate: float, freedom: float) -> float:
    """Upper quantile of Student's t to first order in 1 / freedom (Cornish and Fisher)."""
    z = NormalDist().inv_cdf(1.0 - rate)
    return z * (1.0 + (z * z + 1.0) / (4.0 * freedom))


def _segments(energy: Array, age: NDArray[np.int64], rows: Rows, run: NDArray[np.int32]) -> list[tuple[Array, int]]:
    """Unbroken stretches of ``rows``, each with the age of its first row."""
    spans = run_spans((np.cumsum(~rows) * 2 + rows + run * 4 * (len(rows) + 1)).astype(np.int64))
    return [(energy[a:b], int(age[a])) for a, b in spans if rows[a]]


def _burn(energy: Array, first_age: int, front: Front) -> int:
    """Rows to leave out at a cold start or after a change of mode: the smoothing forgets its start only slowly."""
    cold = first_age <= front.features.memory or front.normal.settle > 0
    return min(len(energy) // 4, int(2 / front.settings.smoothing)) if cold else 0


def _fold_variances(name: str, front: Front, alone: bool, execute: Executor, by_mode: bool) -> list[float]:
    """Variance of ln(smoothed energy) inside blocks of the fit rows that the learner had not seen."""
    normal, settings, memory = front.normal, front.settings, front.features.memory
    found = []
    for block in np.array_split(np.flatnonzero(normal.fit), settings.folds):
        left_out = np.zeros(len(normal.fit), np.bool_)
        left_out[block] = True
        if (normal.fit & ~left_out).sum() < FEWEST + memory:
            continue
        fold = front.learn(name, normal.fit & ~left_out, by_mode)
        near = slice(max(int(block[0]) - LEAD, 0), int(block[-1]) + 1)
        parts = _segments(front.energy(fold, alone, execute, near), front.seen.age[near],
                          (left_out & (front.seen.age >= memory - 1))[near], normal.dataset.run[near])
        found += [_variance(e, front.weights, execute) for e, _ in parts if len(e) > memory]
    return found


def _variance(energy: Array, weights: tuple[float, float], execute: Executor) -> float:
    return float(smoothed(energy, weights, float(energy[0]), execute).var())
