"""ARIMA on seasonal differences, as a linear recursion of the graph: ARIMA(p, 0, q)(0, 1, 1) of the season.

Box and Jenkins, Time Series Analysis, 1970. Estimated by the two regressions of Hannan and Rissanen, Biometrika 69,
1982: a long autoregression finds the shocks, and a second one on past values and past shocks finds the coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecaster import Forecaster, Plan, Series, gathered, season_places
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires

Vector = NDArray[np.float64]
PENALTY = 1e-3
LARGEST = 0.98  # of a root: a recursion beyond it would not settle


class Arima(Forecaster):
    """Each tag by itself: values and shocks of the seasonally differenced series (plainly differenced without season).

    ``values`` and ``shocks`` are how many newest of each are looked at; the shock of a season ago comes besides.
    """

    name: ClassVar[str] = "arima"
    cost: ClassVar[int] = 2

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.values, self.shocks = (int(self.settings.get(key, n)) for key, n in (("values", 3), ("shocks", 1)))
        self.memory = plan.season + max(self.values, 1)
        width = max(plan.season, self.shocks)
        self.told = np.zeros((len(plan.targets), self.values + width, plan.shape[0]))
        self.next = np.zeros((len(plan.targets), self.values + width))

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        return ({}, {"values": 1, "shocks": 0}, {"values": 6, "shocks": 2})

    def learn(self, series: Series) -> None:
        season, width = self.plan.season, max(self.plan.season, self.shocks)
        parts = [np.asarray(series.z[a + season:b] - series.z[a:b - season], np.float64)
                 for a, b in series.spans if b - a > 2 * season]
        if sum(len(part) for part in parts) < 10 * width + 50:
            raise UsageError(f"{series.longest} rows are too few for ARIMA with a season of {season}", where="history",
                             do=f"give {12 * width + 50} at least")
        at = np.array(sorted({*range(self.shocks), season - 1}))
        for k in range(len(self.told)):
            ar, ma = _hannan_rissanen([part[:, k] for part in parts], self.values, at)
            shocks = np.zeros(width)
            shocks[at] = ma
            self.told[k], self.next[k] = self._unrolled(_settled(ar), _settled(shocks))

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        past, z = wires["past"], wires["series"]
        length, (leads, tags) = past.shape[0], self.plan.shape
        season, width = self.plan.season, self.told.shape[1] - self.values
        newest = [length - 1 - i for i in range(self.values)]
        moves = g.subtract(gathered(g, past, newest), gathered(g, past, [i - season for i in newest]))
        move = g.reshape(g.slice(moves, 0, 1), z.shape)
        shock = g.reshape(g.subtract(move, g.state("expected_move", z.shape)), (1, tags))
        kept = g.state("shocks", (width, tags))
        shocks = g.concat([shock, g.slice(kept, 0, width - 1)]) if width > 1 else shock
        g.keep("shocks", shocks)
        state = g.concat([moves, shocks])
        g.keep("expected_move", g.reshape(g.sum(g.multiply(state, self.next.T), axis=0), z.shape))
        rows = g.reshape(g.transpose(state, (1, 0)), (tags, 1, state.shape[0]))
        rise = g.op("MatMul", [rows, np.asarray(self.told, np.float32)], (tags, 1, leads))
        base = gathered(g, past, season_places(self.plan, length))
        return g.add(base, g.transpose(g.reshape(rise, (tags, leads)), (1, 0)))

    def _unrolled(self, ar: Vector, ma: Vector) -> tuple[Vector, Vector]:
        """What each newest value and shock adds to the series at each lead [n, H], and to the next difference [n]."""
        count, season = len(ar) + len(ma), self.plan.season
        basis = np.eye(count)
        values, shocks = basis[:len(ar)], basis[len(ar):]
        moves, total = np.empty((self.plan.reach, count)), np.zeros((self.plan.reach, count))
        for h in range(self.plan.reach):
            moves[h] = ar @ values + ma @ shocks
            values = np.vstack([moves[h], values[:-1]]) if len(ar) else values
            shocks = np.vstack([np.zeros(count), shocks[:-1]])
            total[h] = moves[h] + (total[h - season] if h >= season else 0.0)
        return total[self.plan.places].T, moves[0]


def _hannan_rissanen(parts: Sequence[Vector], values: int, shocks: NDArray[np.intp]) -> tuple[Vector, Vector]:
    """Coefficients of the newest ``values`` and of the shocks at these places back (0 is the newest)."""
    order = max(values, int(shocks.max()) + 1)
    long = min(2 * order, 200)
    first = [_lagged(part, long) for part in parts if len(part) > long + order + 1]
    weights = _least_squares(np.vstack([x for x, _ in first]), np.concatenate([y for _, y in first]))
    rows, wanted = [], []
    for part in (p for p in parts if len(p) > long + order + 1):
        x, y = _lagged(part, long)
        innovation = y - x @ weights
        own, follows = _lagged(part[long:], order)
        shock, _ = _lagged(innovation, order)
        rows.append(np.hstack([own[:, :values], shock[:, shocks]]))
        wanted.append(follows)
    found = _least_squares(np.vstack(rows), np.concatenate(wanted))
    return found[:values], found[values:]


def _lagged(x: Vector, lags: int) -> tuple[Vector, Vector]:
    """The ``lags`` values before each one, newest first, and that value."""
    return sliding_window_view(x, lags)[:-1, ::-1], x[lags:]


def _least_squares(x: Vector, y: Vector) -> Vector:
    gram = x.T @ x / len(x)
    scale = max(float(np.trace(gram)) / x.shape[1], 1e-9)
    return np.asarray(np.linalg.solve(gram + PENALTY * scale * np.eye(x.shape[1]), x.T @ y / len(x)))


def _settled(weights: Vector) -> Vector:
    """The same recursion with its roots drawn in where one lies outside of the circle that settles."""
    if not weights.any():
        return weights
    companion = np.diag(np.ones(len(weights) - 1), -1)
    companion[0] = weights
    largest = float(np.abs(np.linalg.eigvals(companion)).max())
    return weights if largest <= LARGEST else weights * (LARGEST / largest) ** np.arange(1, len(weights) + 1)


FORECASTER = Arima
