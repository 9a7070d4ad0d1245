"""Closed-form ridge regression on windows, one linear map for all tags.

Hoerl and Kennard, Technometrics 12, 1970; that linear maps of normalised windows are hard to beat: Zeng et al., AAAI
2023, and Toner and Darlow, ICML 2024; that equal weights combine forecasts well: Clemen, Int. J. Forecasting 5,
1989. All members are linear in the window, so their mean is ONE matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

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
    Which is right changes from year to year, so both count half.
    ``cycles`` is the longest look-back in seasons, ``centred`` the share of the first kind.
    """

    name: ClassVar[str] = "ridge"

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.most = int(self.settings.get("cycles", CYCLES[-1]))
        self.share = float(self.settings.get("centred", 0.5))
        self.memory = self.most * _cycle(plan)
        self.weights: Matrix = np.zeros((self.memory, plan.shape[0]))

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        return ({}, {"centred": 1.0}, {"centred": 0.0}, {"cycles": 14}, {"cycles": 7})

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
                early, late = (part.of_last(length, centred) for part in parts) if parts else (None, None)
                member = _member(whole.of_last(length, centred), early, late)
                line = (1.0 - member.sum(axis=0)) / length if centred else 0.0
                self.weights[self.memory - length:] += share * (member + line)

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
    """Mean second moments of windows [L, L], and of windows with what follows [L, H]: all that least squares needs.

    Those of a shorter look-back, and of windows with their mean taken off, follow from them.
    """

    gram: Matrix
    pull: Matrix

    @classmethod
    def of(cls, series: Series, plan: Plan, length: int) -> Moments:
        gram, pull, count = np.zeros((length, length)), np.zeros((length, plan.shape[0])), 0
        for past, future in series.windows(length, plan.reach, _step(series, plan, length)):
            x, y = past.reshape(-1, length), future[..., plan.places].reshape(-1, plan.shape[0])
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

    def solved(self, penalties: Sequence[float]) -> list[Matrix]:
        """The ridge regression of each penalty."""
        values, vectors = np.linalg.eigh(self.gram)
        turned = vectors.T @ self.pull
        return [np.asarray(vectors @ (turned / (np.maximum(values, 0.0) + one)[:, None])) for one in penalties]

    def loss(self, weights: Matrix) -> float:
        """Squared error of these weights on the same rows, but for a constant."""
        return float((weights * (self.gram @ weights - 2.0 * self.pull)).sum())


def _parts(series: Series, plan: Plan, length: int) -> tuple[Moments, Moments] | None:
    """Of earlier rows and of later ones; none where either has too few windows."""
    early, late = series.parted(length)
    if min(early.count(length, plan.reach), late.count(length, plan.reach)) < FEWEST:
        return None
    return Moments.of(early, plan, length), Moments.of(late, plan, length)


def _member(whole: Moments, early: Moments | None, late: Moments | None) -> Matrix:
    """One ridge regression; its penalty has the least error later in time."""
    penalty = USUAL
    if early is not None and late is not None:
        penalty = PENALTIES[int(np.argmin([late.loss(weights) for weights in early.solved(PENALTIES)]))]
    return whole.solved((penalty,))[0]


def _step(series: Series, plan: Plan, length: int) -> int:
    """Every how many rows a pair is taken; never in step with the season."""
    step = max(1, series.count(length, plan.reach) * len(plan.targets) // MOST_PAIRS)
    while step > 1 and np.gcd(step, plan.season) > 1:
        step += 1
    return step


FORECASTER = Ridge
