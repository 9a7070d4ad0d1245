"""Features of tags over time: now, some ticks ago, and means over the newest ticks."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.told import before
from lineshaft.model.pipeline import Seen, Wires


class Now:
    """Wire ``features`` [C]: the standardised tags of this tick."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": wires["z"]}


class History:
    """Wire ``features``: z now, z minus z of ``lags`` ticks ago, and z minus its mean over the newest ``windows``."""

    reads: tuple[str, ...] = ()

    def __init__(self, lags: Sequence[int] = (), windows: Sequence[int] = ()) -> None:
        self.lags, self.windows = tuple(lags), tuple(windows)

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["z"]
        parts = [z, *(g.subtract(z, before(g, f"lag_{lag}", z, lag)) for lag in self.lags)]
        for ticks in self.windows:
            mean = g.reshape(g.mean(g.window(f"mean_{ticks}", z, ticks), axis=0), z.shape)
            parts.append(g.subtract(z, mean))
        return {"features": g.concat(parts) if len(parts) > 1 else z}
