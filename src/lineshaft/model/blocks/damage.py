"""Damage: how far smoothed wear has gone from health, as it is and as its logarithm, and how fast it moves."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.rolling import Windows

LEAST = 0.02  # of the whole way: below it the logarithm is of noise
SMOOTHED = 30


class Damage:
    """Wires ``damage`` [2] and ``damage_slope`` [2] per tick: linear (0 healthy, 1 at failure) and its logarithm.

    Health is the median wear of rows at the cap, failure that of the last ``end`` periods. The slope is by least
    squares over the newest ``SMOOTHED`` ticks.
    """

    reads: tuple[str, ...] = ("smooth_wear", "target")

    def __init__(self, cap: float, end: float) -> None:
        self.cap, self.end = cap, end
        self.healthy, self.failed = 1.0, 0.0

    def fit(self, seen: Seen) -> None:
        wear, life = np.asarray(seen["smooth_wear"], np.float64)[:, 0], np.asarray(seen["target"], np.float64)[:, 0]
        last = life <= max(self.end, float(life.min()))
        young = life >= min(self.cap, float(life.max()))
        self.healthy, self.failed = float(np.median(wear[young])), float(np.median(wear[last]))
        if self.healthy - self.failed < LEAST:
            self.failed = self.healthy - LEAST

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        wear = g.slice(wires["smooth_wear"], 0, 1)
        gone = g.multiply(g.subtract(self.healthy, wear), 1.0 / (self.healthy - self.failed))
        damage = g.concat([gone, g.log(g.maximum(gone, LEAST))])
        slopes = Windows(g, "damage_window", damage, (SMOOTHED,), wires["age"]).slopes()
        return {"damage": damage, "damage_slope": g.reshape(slopes, (2,))}
