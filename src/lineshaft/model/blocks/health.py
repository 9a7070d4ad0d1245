"""A health index that nobody labelled: how far a machine has gone from how machines start, and never back."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.rolling import weighted

LEAST = 1e-3
USUAL = 0.95


class Smoothed:
    """Wire ``features`` [C]: the exponential mean of ``z`` since the start."""

    reads: tuple[str, ...] = ()

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": weighted(g, "health_level", wires["z"], self.weight)}


class Health:
    """Wires ``health`` and ``value`` [1]: 1 as machines start, 0 as far from it as worn ones in history got.

    The logarithm of ``distance``, smoothed; the farthest so far counts, since wear does not heal. 1 is what 95 % of the
    first ``start`` ticks stay within, 0 the median over the runs of history of their farthest. The first ``start``
    ticks of a run can't be worn.
    """

    reads: tuple[str, ...] = ("distance",)

    def __init__(self, start: int, weight: float) -> None:
        self.start, self.weight = start, weight
        self.near, self.far = 0.0, 1.0

    def fit(self, seen: Seen) -> None:
        log = np.log(np.asarray(seen["distance"], np.float64)[:, 0] + LEAST)
        self.near = float(np.quantile(log[seen.age < self.start], USUAL))
        farthest = [float(np.quantile(log[seen.run == run], USUAL)) for run in np.unique(seen.run)]
        self.far = max(float(np.median(farthest)), self.near + LEAST)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        log = g.log(g.add(wires["distance"], LEAST))
        level = weighted(g, "health_mean", g.subtract(log, self.near), self.weight)
        begun = g.number(g.greater(g.ticks("health_age", self.start + 1), float(self.start)))
        worn = g.maximum(g.state("health_worn", (1,)), g.multiply(level, begun))
        g.keep("health_worn", worn)
        health = g.clip(g.subtract(1.0, g.multiply(worn, 1.0 / (self.far - self.near))), 0.0, 1.0)
        return {"health": health, "value": health}
