"""Recent: the newest wear as it came, for learners that look at the shape of its path."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires


class Recent:
    """Wire ``recent`` [K, length], newest last: the newest of wire ``of`` [K] less 1, which is health.

    So what lies before the start is healthy, not worn out.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, length: int, of: str = "wear") -> None:
        self.length, self.of = length, of

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"recent": g.transpose(g.window("recent_window", g.subtract(wires[self.of], 1.0), self.length), (1, 0))}


class Lagged:
    """Wire ``lagged`` [lags * K + 1]: smoothed wear at a few lags, less 1, and the age."""

    reads: tuple[str, ...] = ()

    def __init__(self, lags: Sequence[int]) -> None:
        self.lags = tuple(lags)

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        wear, length = wires["smooth_wear"], max(self.lags) + 1
        window = g.window("lagged_window", g.subtract(wear, 1.0), length)
        back = [g.reshape(g.slice(window, length - 1 - lag, length - lag), wear.shape) for lag in self.lags]
        return {"lagged": g.concat([*back, wires["age"]])}
