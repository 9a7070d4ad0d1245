"""Exponential degradation: the logarithm of damage is a line, followed to the level at which machines failed.

Gebraeel, Lawley, Li and Ryan, "Residual-life distributions from component degradation signals: a Bayesian approach",
IIE Transactions 37, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.degradation import Rate, with_damage
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.prognosis import Settings
from lineshaft.model.supervised import Candidate


class Line:
    """Wire ``value`` [1]: (ln of damage at the end - ln of damage) / growth per tick."""

    reads: tuple[str, ...] = ("damage", "damage_slope", "target")

    def __init__(self, cap: float) -> None:
        self.cap, self.rate = cap, Rate(1)

    def fit(self, seen: Seen) -> None:
        self.rate.fit(seen, self.cap)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        way, rate = self.rate.emit(g, wires)
        return {"value": g.divide(way, rate)}


class Exponential:
    """Growth in proportion to damage."""

    name: ClassVar[str] = "exponential"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (with_damage("exponential", examples, settings, lambda: Line(settings.cap)),)


LEARNER = Exponential
