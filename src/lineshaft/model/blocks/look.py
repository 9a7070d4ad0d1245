"""Look: the window that a forecaster continues, and what of it tells whether the plant is as it was."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.features import full
from lineshaft.model.pipeline import Seen, Wires


class Look:
    """Wires ``past`` [window, K] of ``series``, newest last; ``features`` [2 K]: its newest row and its mean; ``warm``
    [1] once it is full."""

    reads: tuple[str, ...] = ()

    def __init__(self, window: int) -> None:
        self.window = window

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        series = wires["series"]
        past = g.window("past", series, self.window)
        level = g.reshape(g.mean(past, axis=0), series.shape)
        return {"past": past, "features": g.concat([series, level]), "warm": full(g, self.window)}
