"""Ridge with quantiles: how far off it may be at each lead, more where the tag has moved more over the last two cycles.

Quantile regression by its pinball loss (Koenker and Bassett, Econometrica 46, 1978), on errors of rows that taught the
forecast nothing; the conformal step behind it moves the quantiles until they hold on held-out rows.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecast.ridge import Ridge
from lineshaft.model.forecaster import Matrix, Plan, Series, Single
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires

LOW, HIGH = 0.05, 0.95
ROUNDS, SMALLEST = 20, 1e-3
MOST_JUDGED = 3000
FEWEST = 60


class Quantile(Ridge):
    """Wires ``value_low`` and ``value_high`` besides: the forecast plus a line of the tag's ``movement``."""

    name: ClassVar[str] = "quantile"
    cost: ClassVar[int] = 5

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.lines: Matrix = np.zeros((2, 2, plan.shape[0]))

    def learn(self, series: Series) -> None:
        early, late = series.parted(self.memory)
        if late.count(self.memory, self.plan.reach) * len(self.plan.targets) < FEWEST:
            early = late = series
        super().learn(early)
        step = max(1, late.count(self.memory, self.plan.reach) * len(self.plan.targets) // MOST_JUDGED)
        past, future = late.pairs(self.memory, self.plan, step)
        error = (future - past @ self.weights.astype(np.float32)).reshape(-1, len(self.plan.ahead))
        movement = _movement(past, self.plan.season).reshape(-1, 1)
        self.lines = np.stack([_line(movement, np.asarray(error, np.float64), level) for level in (LOW, HIGH)])
        super().learn(series)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        found, (leads, tags) = super().emit(g, wires), self.plan.shape
        past, season = wires["past"], self.plan.season
        length = past.shape[0]
        moved = g.absolute(g.subtract(g.slice(past, length - season, length),
                                      g.slice(past, length - 2 * season, length - season)))
        movement = g.mean(moved, axis=0)
        value = g.reshape(found["value"], (leads, tags))
        for name, (constant, slope) in zip(("value_low", "value_high"), self.lines, strict=True):
            shift = g.add(g.multiply(movement, slope[:, None]), constant[:, None])
            found[name] = g.reshape(self._shifted(g, value, shift), (leads * tags,))
        return found

    def _shifted(self, g: StepBuilder, value: Wire, shift: Wire) -> Wire:
        return g.add(value, g.multiply(shift, self.deviation))


def _movement(past: Single, season: int) -> Matrix:
    """Mean absolute change from one cycle to the next [n, K], over the newest."""
    newest, before = past[..., -season:], past[..., -2 * season:-season]
    return np.asarray(np.abs(newest - before).mean(axis=-1))


def _line(x: Matrix, errors: Matrix, level: float) -> NDArray[np.float64]:
    """Constant and slope [2, H] of the quantile of each column, by reweighted least squares."""
    ones = np.hstack([np.ones_like(x), x])
    found = np.stack([np.quantile(errors, level, axis=0), np.zeros(errors.shape[1])])
    for _ in range(ROUNDS):
        rest = errors - ones @ found
        weight = np.where(rest >= 0, level, 1.0 - level) / np.maximum(np.abs(rest), SMALLEST)
        gram = np.einsum("ni,nh,nj->hij", ones, weight, ones) + 1e-6 * np.eye(2)
        pull = np.einsum("ni,nh->hi", ones, weight * errors)
        found = np.linalg.solve(gram, pull[..., None])[..., 0].T
    return np.asarray(found)


FORECASTER = Quantile
