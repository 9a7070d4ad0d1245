"""Degradation models: how long damage that grows as it does will take to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.damage import Damage
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Block, Seen, Wires
from lineshaft.model.prognosis import LATE_WEAR, Capped, Settings, front
from lineshaft.model.supervised import Candidate

SLOWEST = 0.1  # of the fleet's rate: nothing lasts for ever


class Rate:
    """The rate of growth: this machine's own, drawn to the fleet's, in one column of ``damage``.

    ``fleet`` is the rate that brings a machine from where it is to its end in the life it has left, in the median of
    history. ``share`` is the part of its own rate in the one that comes true, by least squares over history; with a
    normal prior that is the posterior mean for windows of equal length.
    """

    def __init__(self, column: int) -> None:
        self.column = column
        self.end, self.fleet, self.share = 1.0, 1.0, 0.0

    def fit(self, seen: Seen, cap: float) -> None:
        level, own = (np.asarray(seen[name], np.float64)[:, self.column] for name in ("damage", "damage_slope"))
        life = np.asarray(seen["target"], np.float64)[:, 0]
        self.end = float(np.median(level[life <= max(1.0, life.min())]))
        under = (life > 1) & (life < cap) & (level < self.end)
        if under.any():
            self.fleet = float(np.median((self.end - level[under]) / life[under]))
        wanted = (self.end - level[under]) / life[under] - self.fleet
        more = own[under] - self.fleet
        self.share = float(np.clip(wanted @ more / max(float(more @ more), 1e-12), 0.0, 1.0))

    def emit(self, g: StepBuilder, wires: Wires) -> tuple[Wire, Wire]:
        """The way that is left, and the rate, [1] each."""
        level, own = (g.slice(wires[name], self.column, self.column + 1) for name in ("damage", "damage_slope"))
        mixed = g.add(g.multiply(own, self.share), (1.0 - self.share) * self.fleet)
        return g.maximum(g.subtract(self.end, level), 0.0), g.maximum(mixed, SLOWEST * self.fleet)


def with_damage(name: str, examples: Examples, settings: Settings, head: Callable[[], Block]) -> Candidate:
    """The common front, then damage, then the head."""
    before = front(examples, settings)

    def made() -> Sequence[Block]:
        return (*before(), Damage(settings.cap, LATE_WEAR * settings.cap / 4))

    return Candidate(name, "damage", made, lambda: Capped(head(), settings.cap), {"cap": settings.cap})
