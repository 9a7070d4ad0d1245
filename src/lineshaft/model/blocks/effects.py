"""Effects: what columns that are known ahead (calendar, orders, planned set-points) add to the forecast tags.

Regression with forecast errors: the effect is taken off the series, the rest is forecast, and the effect at each lead
is put back, so that every forecaster gets covariates by the same few operators.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.bridge import columns
from lineshaft.model.forecaster import Plan, gathered
from lineshaft.model.pipeline import Seen, Wires, run_spans

Matrix = NDArray[np.float64]
PENALTY = 1e-2


class Effects:
    """Wires ``series`` [K]: the targets less what the given columns explain of them now; ``effects`` [H, K]: what those
    columns will add at each lead.

    The coefficients come from both sides less their moving mean over one season, so that slow changes of level, which
    have other causes, neither hide an effect nor pass for one.
    """

    reads: tuple[str, ...] = ("z", "held")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.weights: Matrix = np.zeros((len(plan.given), len(plan.targets)))

    def fit(self, seen: Seen) -> None:
        sides = [self._sides(seen, a, b) for a, b in run_spans(seen.run) if b - a > 2 * self.plan.reach]
        if not sides:
            return
        given, target, known = (np.concatenate(part) for part in zip(*sides, strict=True))
        for k in range(target.shape[1]):
            c, y = given[known[:, k]], target[known[:, k], k]
            if len(y) > c.shape[1]:
                gram = c.T @ c / len(c) + PENALTY * np.eye(c.shape[1])
                self.weights[:, k] = np.linalg.solve(gram, c.T @ y / len(c))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        plan = self.plan
        known = g.window("given", columns(g, wires["z"], plan.given), plan.reach + 1)
        ahead = g.project(gathered(g, known, plan.ahead), self.weights)
        now = g.project(g.reshape(gathered(g, known, (0,)), (len(plan.given),)), self.weights)
        return {"effects": ahead, "series": g.subtract(columns(g, wires["z"], plan.targets), now)}

    def _sides(self, seen: Seen, start: int, stop: int) -> tuple[Matrix, Matrix, NDArray[np.bool_]]:
        """Given columns as they hold now, targets, and where those were read, of one run."""
        reach, width = self.plan.reach, self.plan.season | 1
        z = np.asarray(seen["z"][start:stop], np.float64)
        known = seen["held"][start + reach:stop][:, list(self.plan.targets)] == 0
        given, target = z[:-reach][:, list(self.plan.given)], z[reach:][:, list(self.plan.targets)]
        return _detrended(given, width), _detrended(target, width), known


def _detrended(x: Matrix, width: int) -> Matrix:
    """Less the centred moving mean; unchanged but for its mean where there is no cycle to average over."""
    width = max(width, 3)
    if len(x) < width:
        return np.asarray(x - x.mean(axis=0))
    kernel = np.ones(width)
    count = np.convolve(np.ones(len(x)), kernel, "same")
    return x - np.stack([np.convolve(column, kernel, "same") / count for column in x.T], axis=1)
