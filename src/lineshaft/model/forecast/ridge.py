"""Closed-form ridge regression on windows, one linear map for all tags.

Hoerl and Kennard, Technometrics 12, 1970; that linear maps of normalised windows are hard to beat: Zeng et al., AAAI
2023, and Toner and Darlow, ICML 2024; that equal weights combine forecasts well: Clemen, Int. J. Forecasting 5,
1989. All members are linear in the window, so their mean is ONE matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecaster import Forecaster, Matrix, Plan, Series, Single, mapped
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires

CYCLES, FEW_CYCLES = (7, 14, 21, 30), (4, 2, 1)  # look-backs in seasons; one of the few where history is short
NO_CYCLE = 4  # periods that count as a season where there is none
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)
PAIRS_PER_WEIGHT = 4
MOST_PAIRS = 40_000  # windows of one tag each: more overlap and teach little
MOST_JUDGED = 6_000


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
        self.weights = np.zeros_like(self.weights)
        for length, centred in ((n, c) for n in usable for c in (True, False)):
            share = (self.share if centred else 1.0 - self.share) / len(usable)
            if share:
                self.weights[self.memory - length:] += share * _member(series, self.plan, length, centred)

    def _usable(self, series: Series, cycles: Sequence[int]) -> list[int]:
        """Look-backs with enough windows to learn from."""
        lengths = [c * _cycle(self.plan) for c in cycles]
        return [n for n in lengths if series.count(n, self.plan.reach) >= PAIRS_PER_WEIGHT * n]

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        past = wires["past"]
        return mapped(g, g.slice(past, past.shape[0] - self.memory, past.shape[0]), self.weights)


def _cycle(plan: Plan) -> int:
    return plan.season if plan.season > 1 else NO_CYCLE


def _member(series: Series, plan: Plan, length: int, centred: bool) -> Matrix:
    """One ridge regression as a map [length, H] of the window itself; its penalty has the least error later in time."""
    early, late = series.parted(length)
    penalty = PENALTIES[1]
    if early.count(length, plan.reach) >= 30 and late.count(length, plan.reach) >= 30:
        spectrum = _spectrum(early, plan, length, centred)
        past, future = late.pairs(length, plan, _step(late, plan, length, MOST_JUDGED))
        losses = [_loss(_map(spectrum, penalty, centred), past, future) for penalty in PENALTIES]
        penalty = PENALTIES[int(np.argmin(losses))]
    return _map(_spectrum(series, plan, length, centred), penalty, centred)


def _spectrum(series: Series, plan: Plan, length: int, centred: bool) -> tuple[Matrix, Matrix, Matrix]:
    """Eigenvalues and vectors of the windows' second moments, and the vectors' products with what follows."""
    gram, pull, count = np.zeros((length, length)), np.zeros((length, plan.shape[0])), 0
    for past, future in series.windows(length, plan.reach, _step(series, plan, length, MOST_PAIRS)):
        x, y = past, future[..., plan.places]
        if centred:
            mean = x.mean(axis=-1, keepdims=True)
            x, y = x - mean, y - mean
        x, y = x.reshape(-1, length), y.reshape(-1, plan.shape[0])
        gram, pull, count = gram + x.T @ x, pull + x.T @ y, count + len(x)
    values, vectors = np.linalg.eigh(gram / count)
    return np.maximum(values, 0.0), vectors, vectors.T @ (pull / count)


def _map(spectrum: tuple[Matrix, Matrix, Matrix], penalty: float, centred: bool) -> Matrix:
    values, vectors, pull = spectrum
    weights = vectors @ (pull / (values + penalty)[:, None])
    return weights + (1.0 - weights.sum(axis=0)) / len(weights) if centred else np.asarray(weights)


def _loss(weights: Matrix, past: Single, future: Single) -> float:
    return float(((past @ weights.astype(np.float32) - future) ** 2).mean())


def _step(series: Series, plan: Plan, length: int, most: int) -> int:
    """Every how many rows a pair is taken; never in step with the season."""
    step = max(1, series.count(length, plan.reach) * len(plan.targets) // most)
    while step > 1 and np.gcd(step, plan.season) > 1:
        step += 1
    return step


FORECASTER = Ridge
