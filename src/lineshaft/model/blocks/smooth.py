"""Smooth: the energy averaged over time, at rest while windows fill and while the plant changes its mode."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

SMALLEST = 1e-12


class Smooth:
    """Wire ``smooth`` [1]: natural logarithm of the exponentially weighted mean of ``energy``; ``counts`` [1]: whether
    this tick entered it.

    The mean starts at ``start``, the energy of normal operation, and stays as it is while ``warm`` is false or
    fewer than ``settle`` ticks have passed in the mode: a change of mode neither raises an alarm nor ends one. One
    tick counts for at most ``cap``, so that a single wild value can't hold the alarm for long. ``falling`` is the
    weight of an energy below the mean, where it is another.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, weight: float, start: float = 1.0, cap: float = np.inf, settle: int = 0,
                 falling: float | None = None) -> None:
        self.weight, self.start, self.cap, self.settle = weight, start, cap, settle
        self.falling = weight if falling is None else falling

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: ``start`` and ``cap`` come out of the calibration."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        energy = wires["energy"]
        if np.isfinite(self.cap):
            energy = g.minimum(energy, self.cap)
        old = g.state("energy_mean", energy.shape)
        gap = g.subtract(g.subtract(energy, self.start), old)
        weight = self.weight if self.falling == self.weight else g.where(g.less(gap, 0.0), self.falling, self.weight)
        new = g.add(old, g.multiply(gap, weight))
        told: Wires = {}
        if "warm" in wires:
            counts = wires["warm"]
            if self.settle:
                counts = g.both(counts, g.at_least(wires["since_mode"], float(self.settle)))
            new, told = g.where(counts, new, old), {"counts": counts}
        g.keep("energy_mean", new)
        return {"smooth": g.log(g.maximum(g.add(new, self.start), SMALLEST)), **told}
