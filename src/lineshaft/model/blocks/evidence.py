"""Evidence for each class from how the tags move: one linear dynamic model a class, judged by what it predicts.

Each class has its own model z(t) = a + z(t-1) B + e, with e of its own covariance. The mean log-density of the newest
ticks says which class explains the movement best, also where no level has left its normal range. Fitted by least
squares with the penalty drawing B to the one of all classes together (Hoerl and Kennard, 1970) and the covariance to
the pooled one (Friedman, Regularized discriminant analysis, JASA 84, 1989); e counts as multivariate t, so that a
wild tick can't decide alone (Lange, Little and Taylor, JASA 84, 1989).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.classes import numbers_of
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
SOFTENING = np.logspace(-3, 0, 31)
PARTS = 4
JITTER = 1e-3  # of each tag's own variance: analysers hold their values, so some innovations are zero for long


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Pairs of ticks that follow one another: ``now`` and ``before`` [M, C], their class and their part of history."""

    now: Matrix
    before: Matrix
    kind: NDArray[np.int64]
    part: NDArray[np.int64]
    stretch: NDArray[np.int64]

    def of(self, keep: NDArray[np.bool_]) -> Moves:
        return Moves(self.now[keep], self.before[keep], self.kind[keep], self.part[keep], self.stretch[keep])


class Evidence:
    """Wire ``features`` [V]: the mean log-density of the newest ``window`` ticks under each class's dynamics, softened.

    Softening is one factor that makes the evidence of dependent ticks as sure as it is right on parts of history that
    the models did not see. Reads ``z``.
    """

    reads: tuple[str, ...] = ("z", "target")

    def __init__(self, classes: int, window: int, penalty: float = 0.3, shrinkage: float = 0.1) -> None:
        self.classes, self.window, self.penalty, self.shrinkage = classes, window, penalty, shrinkage
        self.map: Matrix = np.zeros((2, classes))
        self.offset: Matrix = np.zeros((classes, 1))
        self.level: Matrix = np.zeros(classes)
        self.softening = 1.0

    def fit(self, seen: Seen) -> None:
        moves = _moves(seen)
        present = np.unique(moves.kind)
        few = [k for k in present if (moves.kind == k).sum() <= PARTS]
        if few or len(present) < 2:
            raise UsageError("the dynamics of a class need ticks that follow one another, in two classes at least",
                             where="examples", do="give runs of consecutive ticks, or a learner of single rows")
        scale = _movement(moves)
        moves = replace(moves, now=moves.now / scale, before=moves.before / scale)
        self.softening = self._softening(moves, present)
        self._learn(moves, present)
        self.map /= np.tile(scale, 2)[:, None]

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        density = self._density(g, wires["z"])
        ticks = g.ticks("evidence_age", self.window + 1)
        follows = g.number(g.greater(ticks, 1.0))  # the first tick of a run follows none
        newest = g.window("evidence", g.multiply(density, follows), self.window)
        count = g.maximum(g.subtract(ticks, np.ones(1)), 1.0)
        mean = g.divide(g.reshape(g.sum(newest, axis=0), (self.classes,)), count)
        return {"features": g.multiply(mean, self.softening * self.window),
                "warm": g.greater(ticks, np.full(1, self.window + 0.5))}

    def _density(self, g: StepBuilder, z: Wire) -> Wire:
        channels = z.shape[0]
        both = g.concat([z, g.state("z_last", z.shape)])
        g.keep("z_last", z)
        white = g.subtract(g.reshape(g.project(both, self.map), (self.classes, channels)), self.offset)
        distance = g.reshape(g.sum(g.square(white)), (self.classes,))
        freedom = float(channels)
        tail = g.log(g.add(g.multiply(distance, 1.0 / freedom), 1.0))
        return g.subtract(self.level, g.multiply(tail, (freedom + channels) / 2))

    def _learn(self, moves: Moves, present: NDArray[np.int64]) -> None:
        """``map`` [2 C, V C] whitens what a class's model can't predict, all classes by one matrix product."""
        channels = moves.now.shape[1]
        self.map = np.zeros((2 * channels, self.classes * channels))
        self.offset, self.level = np.zeros((self.classes, channels)), np.full(self.classes, -1e6)
        pooled = _slope(moves.now - _means(moves.now, moves.kind), moves.before - _means(moves.before, moves.kind))
        fitted = {k: self._one(moves.of(moves.kind == k), pooled) for k in present}
        common = sum(r.T @ r for _, _, r in fitted.values()) / len(moves.now)
        for k, (slope, start, rest) in fitted.items():
            own = rest.T @ rest / len(rest)
            covariance = (1 - self.shrinkage) * own + self.shrinkage * common
            covariance += np.diag(JITTER * np.diag(covariance) + 1e-9)
            covariance *= (channels - 2) / channels if channels > 2 else 1.0  # the scale of t, not its covariance
            values, vectors = np.linalg.eigh(covariance)
            whiten = vectors * np.maximum(values, 1e-9) ** -0.5
            place = slice(k * channels, (k + 1) * channels)
            self.map[:, place] = np.vstack([whiten, -slope @ whiten])
            self.offset[k], self.level[k] = start @ whiten, -0.5 * np.log(np.maximum(values, 1e-9)).sum()

    def _one(self, moves: Moves, pooled: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Slope [C, C], start [C] and residuals [M, C] of one class."""
        now, before = moves.now - moves.now.mean(axis=0), moves.before - moves.before.mean(axis=0)
        gram = before.T @ before + self.penalty * len(now) * np.eye(now.shape[1])
        slope = pooled + np.linalg.solve(gram, before.T @ (now - before @ pooled))
        return slope, moves.now.mean(axis=0) - moves.before.mean(axis=0) @ slope, now - before @ slope

    def _softening(self, moves: Moves, present: NDArray[np.int64]) -> float:
        """Least log loss over the parts of history, each judged by models learnt from the others."""
        evidence, kinds = [], []
        for part in range(PARTS):
            learnt = moves.of(moves.part != part)
            if not np.isin(present, learnt.kind).all():
                continue
            self._learn(learnt, present)
            judged = moves.of(moves.part == part)
            evidence.append(_moving_mean(self._densities(judged), judged.stretch, self.window)[:, present])
            kinds.append(np.searchsorted(present, judged.kind))
        if not evidence:
            return 1.0 / self.window
        told, kind = np.vstack(evidence) * self.window, np.concatenate(kinds)
        return float(min(SOFTENING, key=lambda factor: _log_loss(told * factor, kind)))

    def _densities(self, moves: Moves) -> Matrix:
        """Log-density [M, V] of ticks while learning; in the graph ``_density`` says the same."""
        channels = moves.now.shape[1]
        white = np.hstack([moves.now, moves.before]) @ self.map
        distance = ((white.reshape(-1, self.classes, channels) - self.offset) ** 2).sum(axis=2)
        return np.asarray(self.level - channels * np.log1p(distance / channels), np.float64)


class Posterior:
    """``value`` [V]: the evidence as probabilities, every class as likely as another beforehand."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: the evidence is softened already."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value": g.softmax(wires["features"])}


def _moves(seen: Seen) -> Moves:
    """Ticks that follow another of their run and class; each unbroken stretch is cut into parts in time."""
    z, kind = np.asarray(seen["z"], np.float64), numbers_of(seen["target"])
    follows = (np.diff(seen.age) == 1) & (np.diff(seen.run) == 0) & (np.diff(kind) == 0)
    places = np.flatnonzero(follows) + 1
    stretch = np.cumsum(~np.concatenate([[False], follows]))[places]
    part = np.zeros(len(places), np.int64)
    for one in np.unique(kind[places]):
        own = np.flatnonzero(kind[places] == one)
        part[own] = np.arange(len(own)) * PARTS // max(len(own), 1)
    return Moves(z[places], z[places - 1], kind[places], part, stretch)


def _movement(moves: Moves) -> Matrix:
    """How far each tag moves in a tick [C]: the median over classes of the deviation of its differences.

    In this unit the penalty means the same for every tag, and a class with wild excursions changes it for none.
    """
    steps = moves.now - moves.before
    found = np.median([steps[moves.kind == k].std(axis=0) for k in np.unique(moves.kind)], axis=0)
    return np.where(found > 1e-6, found, 1.0)


def _means(rows: Matrix, kind: NDArray[np.int64]) -> Matrix:
    """Each row's class mean [M, C]."""
    found = np.zeros_like(rows)
    for one in np.unique(kind):
        found[kind == one] = rows[kind == one].mean(axis=0)
    return found


def _slope(now: Matrix, before: Matrix) -> Matrix:
    gram = before.T @ before + 1e-3 * len(now) * np.eye(now.shape[1])
    return np.asarray(np.linalg.solve(gram, before.T @ now), np.float64)


def _moving_mean(rows: Matrix, stretch: NDArray[np.int64], window: int) -> Matrix:
    """Mean of the newest ``window`` rows of the stretch, fewer at its start."""
    found = np.empty_like(rows)
    for one in np.unique(stretch):
        own = np.flatnonzero(stretch == one)
        total = np.vstack([np.zeros(rows.shape[1]), np.cumsum(rows[own], axis=0)])
        last = np.arange(1, len(own) + 1)
        first = np.maximum(last - window, 0)
        found[own] = (total[last] - total[first]) / (last - first)[:, None]
    return found


def _log_loss(logits: Matrix, kind: NDArray[np.int64]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(kind)), kind]).mean())
