"""Membership of modes: nobody knows the true one, so its interval is what the filter itself says."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires


class Membership:
    """Wires ``low`` and ``high`` [V], both ``value``; ``sure`` [1] is 1 where one mode holds at least ``least``."""

    reads: tuple[str, ...] = ()

    def __init__(self, least: float) -> None:
        self.least = least

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: there is no truth to compare with."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        value = wires["value"]
        return {"low": value, "high": value, "sure": g.number(g.at_least(g.largest(value), self.least))}
