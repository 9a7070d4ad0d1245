"""Moving-window normalisation: inputs and target in units of their own recent past."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires

FEWEST = 20.0  # samples before the target's own past says more than history
FARTHEST = 10.0


class Moving:
    """Wire ``features`` [n]: z less its exponentially weighted mean over ``memory`` ticks, in deviations; wires
    ``told_mean`` and ``told_deviation`` [1] of the target over ``memory`` samples, and ``told_enough`` [1].

    The means begin at the values of all history, which the block learns, and forget them as ticks pass.
    """

    reads: tuple[str, ...] = ("target",)

    def __init__(self, memory: float = 500.0) -> None:
        self.memory = memory
        self.mean, self.deviation = 0.0, 1.0

    def fit(self, seen: Seen) -> None:
        target = np.asarray(seen["target"], np.float64)
        self.mean, self.deviation = float(target.mean()), max(float(target.std()), 1e-9)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z, arrives = wires["z"], wires["arrives"]
        weight = 1.0 / self.memory
        mean, spread = g.state("moving_mean", z.shape), g.state("moving_spread", z.shape)  # over 1: its start
        gap = g.subtract(z, mean)
        g.keep("moving_mean", g.add(mean, g.multiply(gap, weight)))
        square = g.clip(g.square(gap), 0.0, FARTHEST**2)
        g.keep("moving_spread", g.add(spread, g.multiply(g.subtract(g.subtract(square, 1.0), spread), weight)))
        deviation = g.sqrt(g.maximum(g.add(spread, 1.0), 0.01))
        features = g.clip(g.divide(gap, deviation), -FARTHEST, FARTHEST)
        told = g.multiply(g.subtract(wires["arriving"], self.mean), 1.0 / self.deviation)
        level, size, count = self._target(g, told, arrives)
        return {"features": features, "told_mean": g.add(g.multiply(level, self.deviation), self.mean),
                "told_deviation": g.multiply(size, self.deviation), "told_enough": count}

    def _target(self, g: StepBuilder, told: Wire, arrives: Wire) -> tuple[Wire, Wire, Wire]:
        """Mean and deviation of the target before this tick, in its usual units, and whether there is enough."""
        mean, spread, count = (g.state(f"moving_told_{name}", (1,)) for name in ("mean", "spread", "count"))
        weight, gap = 1.0 / self.memory, g.subtract(told, mean)
        g.keep("moving_told_mean", g.where(arrives, g.add(mean, g.multiply(gap, weight)), mean))
        square = g.subtract(g.clip(g.square(gap), 0.0, FARTHEST**2), 1.0)
        g.keep("moving_told_spread", g.where(
            arrives, g.add(spread, g.multiply(g.subtract(square, spread), weight)), spread))
        g.keep("moving_told_count", g.where(arrives, g.minimum(g.add(count, 1.0), FEWEST), count))
        return mean, g.sqrt(g.maximum(g.add(spread, 1.0), 0.01)), g.number(g.at_least(count, FEWEST))
