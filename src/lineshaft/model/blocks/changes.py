"""Features of change since the target was last known."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires


class Changes:
    """Wire ``features``: z [n] now, its change since the newest sample's moment, that sample's value and its age.

    Without a sample yet the changes are 0.
    """

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z, known = wires["z"], wires["told_any"]
        change = g.multiply(g.subtract(z, wires["told_z"]), known)
        age = g.log(g.add(wires["told_age"], 1.0))
        return {"features": g.concat([z, change, wires["told"], age])}
