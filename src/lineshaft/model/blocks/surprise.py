"""Surprise: how far the newest values are from what was forecast of them, in units of the forecast's own interval."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.bridge import columns
from lineshaft.model.forecaster import Plan
from lineshaft.model.pipeline import Seen, Wires

SMALLEST = 1e-12


class Surprise:
    """Wires ``surprise`` [K]: |value - forecast| over half the width of the interval that was given for now, ``first
    lead`` periods ago; 0 for a masked tag and until there was a forecast. ``contribution`` [C]: its square by tag.

    The forecast lies in the graph's state, so a rise that was forecast is no surprise.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: the interval has its width from held-out rows."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        plan, count = self.plan, len(self.plan.targets)
        low, high = (g.slice(wires[name], 0, count) for name in ("low", "high"))
        warm = g.multiply(g.number(wires["warm"]), np.ones(count, np.float32))
        told = self._earlier(g, g.concat([low, high, warm]))
        before, after, ready = (g.slice(told, i * count, (i + 1) * count) for i in range(3))
        x, quality = (columns(g, wires[name], plan.targets) for name in ("x", "quality"))
        middle, half = g.multiply(g.add(before, after), 0.5), g.multiply(g.subtract(after, before), 0.5)
        size = g.divide(g.absolute(g.subtract(x, middle)), g.maximum(half, SMALLEST))
        usable = g.both(g.greater(quality, 0.5), g.greater(ready, 0.5))
        surprise = g.where(usable, g.minimum(size, 1e6), 0.0)
        return {"surprise": surprise, "contribution": self._by_tag(g, g.square(surprise))}

    def _earlier(self, g: StepBuilder, wire: Wire) -> Wire:
        """What was said of now, the first lead ago."""
        lead = self.plan.ahead[0]
        old = g.state("forecasts", (lead, *wire.shape))
        newest = g.reshape(wire, (1, *wire.shape))
        g.keep("forecasts", g.concat([g.slice(old, 1, lead), newest]) if lead > 1 else newest)
        return g.reshape(g.slice(old, 0, 1), wire.shape)

    def _by_tag(self, g: StepBuilder, wire: Wire) -> Wire:
        place = np.zeros((len(self.plan.targets), self.plan.channels), np.float32)
        place[np.arange(len(self.plan.targets)), list(self.plan.targets)] = 1.0
        return g.project(wire, place)


class SurpriseLimit:
    """Wire ``task_score`` [1]: the largest surprise of the tags, 1 where ``rate`` of the held-out rows lie above."""

    reads: tuple[str, ...] = ("surprise",)

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.limit = 1.0

    def fit(self, seen: Seen) -> None:
        largest = np.asarray(seen["surprise"], np.float64).max(axis=1)
        rank = min(int(np.ceil((1.0 - self.rate) * (len(largest) + 1))), len(largest))
        self.limit = max(float(np.sort(largest)[rank - 1]), 1e-3)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"task_score": g.multiply(g.largest(wires["surprise"]), 1.0 / self.limit)}
