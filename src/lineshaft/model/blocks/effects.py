"""Effects: what columns that are known ahead (calendar, orders, planned set-points) add to the forecast tags.

Regression with forecast errors: the effect is taken off the series, the rest is forecast, and the effect at each lead
is put back, so that every forecaster gets covariates by the same few operators.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.autoregressive import Lagged, Stretch, moved, parted
from lineshaft.model.blocks.bridge import columns
from lineshaft.model.blocks.harmonics import MOST
from lineshaft.model.forecaster import Plan, gathered, stretches
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
ORDERS = (0, 1, 2, 4, 6, MOST)  # of the waves of the year
EARLY = 0.6  # of the rows: they teach, the later ones choose the order
FEWEST_YEARS = 1.0  # in the early rows: less than one turn can't be told from a slow change


class Effects:
    """Wires ``series`` [K]: the targets less what the given columns explain of them now; ``effects`` [H, K]: what those
    columns will add at each lead.

    Coefficients come from a regression whose errors last, so that slow changes of level, which have other causes,
    neither hide an effect nor pass for one. How many waves of the year a tag has is chosen by later rows.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.reads: tuple[str, ...] = ("z", "held", "harmonics") if plan.year else ("z", "held")
        self.plain = tuple(c for c in plan.given if c not in (plan.year or ()))
        self.weights: Matrix = np.zeros((len(self.plain) + (2 * MOST if plan.year else 0), len(plan.targets)))

    def fit(self, seen: Seen) -> None:
        parts = [self._sides(seen, a, b) for a, b in stretches(seen) if b - a > 2 * self.plan.reach]
        for k in range(len(self.plan.targets) if parts else 0):
            own = [(np.hstack([given, target[:, k:k + 1]]), known[:, k]) for given, target, known in parts]
            self.weights[:, k] = self._learnt(own)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        plan, used = self.plan, self._used()
        known = g.window("given", g.slice(self._given(g, wires), 0, used), plan.reach + 1)
        ahead = g.project(gathered(g, known, plan.ahead), self.weights[:used])
        now = g.project(g.reshape(gathered(g, known, (0,)), (used,)), self.weights[:used])
        return {"effects": ahead, "series": g.subtract(columns(g, wires["z"], plan.targets), now)}

    def _given(self, g: StepBuilder, wires: Wires) -> Wire:
        """Plain columns, then the waves of the year."""
        plain = [columns(g, wires["z"], self.plain)] if self.plain else []
        return g.concat([*plain, wires["harmonics"]]) if self.plan.year else plain[0]

    def _used(self) -> int:
        """Columns up to the last that any tag has a weight for, at least one."""
        rows = np.flatnonzero(self.weights.any(axis=1))
        return max(len(self.plain), int(rows[-1]) + 1 if len(rows) else 0, 1)

    def _learnt(self, rows: Sequence[Stretch]) -> Matrix:
        whole, width = Lagged.of(rows), self.weights.shape[0]
        if whole.count <= width:
            return np.zeros(width)
        return whole.weights(len(self.plain) + 2 * self._order(rows))

    def _order(self, rows: Sequence[Stretch]) -> int:
        """Of the waves of the year, the one with the least error of later changes over the leads."""
        early, late = parted(rows, EARLY)
        if not self.plan.year or self._years(early) < FEWEST_YEARS:
            return 0
        taught, judged = Lagged.of(early), moved(late, self.plan.ahead)
        lines = [np.append(-taught.weights(len(self.plain) + 2 * order), 1.0) for order in ORDERS]
        return ORDERS[int(np.argmin([line @ judged @ line for line in lines]))]

    def _years(self, rows: Sequence[Stretch]) -> float:
        """Turns of the first wave."""
        first = len(self.plain)
        waves = [x[:, first + 1] + 1j * x[:, first] for x, _ in rows]
        return float(sum(np.angle(w[1:] * w[:-1].conj()).sum() for w in waves) / (2 * np.pi))

    def _sides(self, seen: Seen, start: int, stop: int) -> tuple[Matrix, Matrix, NDArray[np.bool_]]:
        """Given columns as they hold now, targets, and where those were read, of one stretch."""
        reach, targets = self.plan.reach, list(self.plan.targets)
        z = np.asarray(seen["z"][start:stop], np.float64)
        given = z[:, list(self.plain)]
        if self.plan.year:
            given = np.hstack([given, seen["harmonics"][start:stop]])
        known = seen["held"][start + reach:stop][:, targets] == 0
        return given[:-reach], z[reach:][:, targets], known
