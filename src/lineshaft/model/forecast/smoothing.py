"""Exponential smoothing: level, damped trend and an additive season as state of the graph.

Holt, ONR Memorandum 52, 1957; Winters, Management Science 6, 1960; the damped trend of Gardner and McKenzie, Management
Science 31, 1985.
"""

from __future__ import annotations

from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecaster import Forecaster, Plan, Series, gathered
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires

Vector = NDArray[np.float64]
LEVELS, TRENDS, SEASONS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95), (0.0, 0.02, 0.1), (0.02, 0.05, 0.15, 0.4)
DAMPING = 0.95
MOST_ROWS = 6000
SETTLING = 3  # cycles


class Smoothing(Forecaster):
    """Each tag by itself; its three weights have the least squared error over the leads on a grid, on the learnt rows.

    Everything starts at zero, the mean of standardised values.
    """

    name: ClassVar[str] = "smoothing"
    cost: ClassVar[int] = 2

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.memory = SETTLING * plan.season
        self.weights: Vector = np.zeros((3, len(plan.targets)))

    def learn(self, series: Series) -> None:
        start, stop = max(series.spans, key=lambda span: span[1] - span[0], default=(0, 0))
        z = np.asarray(series.z[max(start, stop - MOST_ROWS):stop], np.float64)
        if len(z) < self.memory + self.plan.reach + 1:
            raise UsageError(f"{len(z)} rows without a gap are too few to smooth cycles of {self.plan.season}",
                             where="history", do=f"give {self.memory + self.plan.reach + 1} at least")
        seasons = SEASONS if self.plan.season > 1 else (0.0,)
        grid = np.array(list(product(LEVELS, TRENDS, seasons))).T
        self.weights = grid[:, _losses(z, grid, self.plan).argmin(axis=0)]

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        z, season = wires["series"], self.plan.season
        a, b, c = self.weights
        level, trend = g.state("level", z.shape), g.multiply(g.state("trend", z.shape), DAMPING)
        cycle = g.state("cycle", (season, *z.shape))
        oldest = g.reshape(g.slice(cycle, 0, 1), z.shape)
        base = g.add(level, trend)
        new = g.add(base, g.multiply(g.subtract(g.subtract(z, oldest), base), a))
        slope = g.add(trend, g.multiply(g.subtract(g.subtract(new, level), trend), b))
        place = g.add(oldest, g.multiply(g.subtract(g.subtract(z, new), oldest), c))
        newest = g.reshape(place, (1, *z.shape))
        turned = g.concat([g.slice(cycle, 1, season), newest]) if season > 1 else newest
        for name, wire in (("level", new), ("trend", slope), ("cycle", turned)):
            g.keep(name, wire)
        rise = g.multiply(g.reshape(slope, (1, *z.shape)), _damped(self.plan.ahead)[:, None])
        line = g.add(g.reshape(new, (1, *z.shape)), rise)
        return g.add(line, gathered(g, turned, [(lead - 1) % season for lead in self.plan.ahead]))


def _losses(z: Vector, grid: Vector, plan: Plan) -> Vector:
    """Mean squared error [G, K] of every weighting at the first, a middle and the last lead."""
    a, b, c = grid[:, :, None]
    leads = np.unique([plan.ahead[0], plan.ahead[len(plan.ahead) // 2], plan.reach])
    rises = _damped(leads)
    level, trend = (np.zeros((grid.shape[1], z.shape[1])) for _ in range(2))
    cycle = np.zeros((plan.season, *level.shape))
    loss, first = np.zeros_like(level), SETTLING * plan.season
    for t in range(len(z) - plan.reach):
        oldest = cycle[t % plan.season]
        base, slope = level + DAMPING * trend, DAMPING * trend
        new = base + a * (z[t] - oldest - base)
        trend = slope + b * (new - level - slope)
        cycle[t % plan.season] = oldest + c * (z[t] - new - oldest)
        level = new
        if t >= first:
            for lead, rise in zip(leads, rises, strict=True):
                loss += (z[t + lead] - level - rise * trend - cycle[(t + lead) % plan.season]) ** 2
    return loss


def _damped(leads: tuple[int, ...] | NDArray[np.integer]) -> Vector:
    """How many slopes a damped trend has risen at each lead."""
    return np.asarray(DAMPING * (1.0 - DAMPING ** np.asarray(leads)) / (1.0 - DAMPING))


FORECASTER = Smoothing
