"""Late: energies wait until it is known whether they belong to a change of mode."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires


class Late:
    """Wires ``energy``, ``contribution`` and ``warm`` of ``ticks`` ago.

    A mode that signals tell is noticed only when they are there. Until then the move looks like a fault; judged this
    much later, it is known to be none. ``warm`` is off for the first ``ticks``.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: how late a change is noticed is measured on normal operation."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        warm = self._before(g, "late_warm", g.number(wires["warm"]))
        return {"energy": self._before(g, "late_energy", wires["energy"]),
                "contribution": self._before(g, "late_contribution", wires["contribution"]),
                "warm": g.greater(warm, 0.5)}

    def _before(self, g: StepBuilder, name: str, now: Wire) -> Wire:
        kept = g.window(name, now, self.ticks + 1)
        return g.reshape(g.slice(kept, 0, 1), now.shape)
