"""Closed-form ridge regression on windows, one linear map for all tags.

Hoerl and Kennard, Technometrics 12, 1970; that linear maps of normalised windows are hard to beat: Zeng et al., AAAI
2023, and Toner and Darlow, ICML 2024; that the same place of earlier cycles is nearly all that counts: Lin et al.
(SparseTSF), ICML 2024; that equal weights combine forecasts well: Clemen, Int. J. Forecasting 5, 1989. All members are
linear in the window, so their mean is ONE matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecaster import Forecaster, Matrix, Plan, Series, mapped
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires

CYCLES, FEW_CYCLES = (7, 14, 21, 30), (4, 2, 1)  # look-backs in seasons; one of the few where history is short
NO_CYCLE = 4  # periods that count as a season where there is none
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)
PAIRS_PER_WEIGHT = 4
MOST_PAIRS = 40_000  # windows of one tag each: more overlap and teach little
FEWEST = 30
USUAL = 0.1


class Ridge(Forecaster):
    """The mean of ridge regressions over several look-backs, each with the window's mean taken off and without.

    Where the mean is taken off, forecasts keep the newest level; where it is not, they return to the mean of history.
    Which is right changes from year to year, so both count half. With a cycle, weights shrink not towards zero but
    ``towards`` those of a regression that sees nothing but every cycle's mean and its value at the lead's own place.
    ``cycles`` is the longest look-back in seasons, ``centred`` the share of the first kind.
    """

    name: ClassVar[str] = "ridge"

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.most = int(self.settings.get("cycles", CYCLES[-1]))
        self.share = float(self.settings.get("centred", 0.5))
        self.by_cycles = plan.season > 1 and self.settings.get("towards", "cycles") == "cycles"
        self.memory = self.most * _cycle(plan)
        self.weights: Matrix = np.zeros((self.memory, plan.shape[0]))

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        return ({}, {"centred": 1.0}, {"centred": 0.0}, {"towards": "zero"}, {"cycles": 14}, {"cycles": 7})

    def learn(self, series: Series) -> None:
        usable = self._usable(series, [c for c in CYCLES if c <= self.most]) or self._usable(series, FEW_CYCLES)[:1]
        if not usable:
            raise UsageError(f"{series.longest} rows without a gap are too few for windows of {_cycle(self.plan)} and "
                             f"leads up to {self.plan.reach}", where="history", do="give a longer history")
        whole, parts = Moments.of(series, self.plan, usable[-1]), _parts(series, self.plan, usable[-1])
        self.weights = np.zeros_like(self.weights)
        for length, centred in ((n, c) for n in usable for c in (True, False)):
            share = (self.share if centred else 1.0 - self.share) / len(usable)
            if share:
                own = (parts[0].of_last(length, centred), parts[1].of_last(length, centred)) if parts else None
                member = self._member(whole.of_last(length, centred), own)
                line = (1.0 - member.sum(axis=0)) / length if centred else 0.0
                self.weights[self.memory - length:] += share * (member + line)

    def _member(self, whole: Moments, parts: tuple[Moments, Moments] | None) -> Matrix:
        """One regression; each of its penalties has the least error later in time."""
        if not self.by_cycles:
            return _settled(Moments.solved, self.plan, whole, parts)
        penalty = _penalty(Moments.by_cycles, self.plan, parts)
        return _settled(partial(_corrected, first=penalty), self.plan, whole, parts)

    def _usable(self, series: Series, cycles: Sequence[int]) -> list[int]:
        """Look-backs with enough windows to learn from."""
        lengths = [c * _cycle(self.plan) for c in cycles]
        return [n for n in lengths if series.count(n, self.plan.reach) >= PAIRS_PER_WEIGHT * n]

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        past = wires["past"]
        return mapped(g, g.slice(past, past.shape[0] - self.memory, past.shape[0]), self.weights)


def _cycle(plan: Plan) -> int:
    return plan.season if plan.season > 1 else NO_CYCLE


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean second moments of windows [L, L], and of windows with all that follows up to the farthest lead [L, R]: all
    that least squares needs.

    Those of a shorter look-back, and of windows with their mean taken off, follow from them.
    """

    gram: Matrix
    pull: Matrix

    @classmethod
    def of(cls, series: Series, plan: Plan, length: int) -> Moments:
        gram, pull, count = np.zeros((length, length)), np.zeros((length, plan.reach)), 0
        for past, future in series.windows(length, plan.reach, _step(series, plan, length)):
            x, y = past.reshape(-1, length), future.reshape(-1, plan.reach)
            gram, pull, count = gram + x.T @ x, pull + x.T @ y, count + len(x)
        return cls(gram / count, pull / count)

    def of_last(self, length: int, centred: bool) -> Moments:
        """Of the newest ``length`` values, less their mean if ``centred``; what follows is less the same mean then."""
        gram, pull = self.gram[-length:, -length:], self.pull[-length:]
        if not centred:
            return Moments(gram, pull)
        pull = pull - gram.mean(axis=1, keepdims=True)
        gram = gram - gram.mean(axis=0) - gram.mean(axis=1, keepdims=True) + gram.mean()
        return Moments(gram, pull - pull.mean(axis=0))

    def solved(self, penalties: Sequence[float], plan: Plan) -> list[Matrix]:
        """Weights [L, H] of the ridge regression on every value, for each penalty."""
        return _ridge(self.gram, self.pull[:, plan.places], penalties)

    def by_cycles(self, penalties: Sequence[float], plan: Plan) -> list[Matrix]:
        """Weights [L, H] of the ridge regressions on the mean of each cycle, and on how far its value at the lead's own
        place is from that mean; all leads of a cycle share them."""
        season, leads = plan.season, np.arange(plan.reach)
        cycle, place, starts = leads // season, leads % season, np.arange(0, plan.reach, season)
        gram = self.gram.reshape(-1, season, len(self.gram) // season, season)
        pull = self.pull.reshape(len(gram), season, -1)
        levels, level = gram.mean(axis=(1, 3)), pull.mean(axis=1)
        shapes, shape = np.einsum("apbp->ab", gram) / season - levels, pull[:, place, leads] - level
        shape, level = (np.add.reduceat(one, starts, axis=1) / np.bincount(cycle) for one in (shape, level))
        both = zip(_ridge(levels, level, penalties), _ridge(shapes, shape, penalties), strict=True)
        own, at = cycle[plan.places], place[plan.places]
        return [_spread(by_level[:, own], by_shape[:, own], season, at) for by_level, by_shape in both]

    def loss(self, weights: Matrix, plan: Plan) -> float:
        """Squared error of these weights on the same rows, but for a constant."""
        return float((weights * (self.gram @ weights - 2.0 * self.pull[:, plan.places])).sum())


def _ridge(gram: Matrix, pull: Matrix, penalties: Sequence[float]) -> list[Matrix]:
    values, vectors = np.linalg.eigh(gram)
    turned = vectors.T @ pull
    return [np.asarray(vectors @ (turned / (np.maximum(values, 0.0) + one)[:, None])) for one in penalties]


def _spread(by_level: Matrix, by_shape: Matrix, season: int, place: NDArray[np.intp]) -> Matrix:
    """Weights of cycles [n, H] as weights [n * season, H] of the values in them."""
    weights = np.repeat((by_level - by_shape)[:, None] / season, season, axis=1)
    weights[:, place, np.arange(len(place))] += by_shape
    return weights.reshape(-1, len(place))


Solver = Callable[[Moments, Sequence[float], Plan], list[Matrix]]


def _parts(series: Series, plan: Plan, length: int) -> tuple[Moments, Moments] | None:
    """Of earlier rows and of later ones; none where either has too few windows."""
    early, late = series.parted(length)
    if min(early.count(length, plan.reach), late.count(length, plan.reach)) < FEWEST:
        return None
    return Moments.of(early, plan, length), Moments.of(late, plan, length)


def _corrected(moments: Moments, penalties: Sequence[float], plan: Plan, first: float) -> list[Matrix]:
    """Regressions by cycles with this ``first`` penalty, and on top of each what every value explains of the rest."""
    start = moments.by_cycles((first,), plan)[0]
    rest = moments.pull[:, plan.places] - moments.gram @ start
    return [start + more for more in _ridge(moments.gram, rest, penalties)]


def _settled(solver: Solver, plan: Plan, whole: Moments, parts: tuple[Moments, Moments] | None) -> Matrix:
    return solver(whole, (_penalty(solver, plan, parts),), plan)[0]


def _penalty(solver: Solver, plan: Plan, parts: tuple[Moments, Moments] | None) -> float:
    """The one with the least error later in time."""
    if parts is None:
        return USUAL
    early, late = parts
    return PENALTIES[int(np.argmin([late.loss(weights, plan) for weights in solver(early, PENALTIES, plan)]))]


def _step(series: Series, plan: Plan, length: int) -> int:
    """Every how many rows a pair is taken; never in step with the season."""
    step = max(1, series.count(length, plan.reach) * len(plan.targets) // MOST_PAIRS)
    while step > 1 and np.gcd(step, plan.season) > 1:
        step += 1
    return step


FORECASTER = Ridge
