"""First principles in the graph: what the user's equations say of this tick."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.equations import Equations, at
from lineshaft.model.pipeline import Seen, Wires

LARGEST = 1e15


class Mechanism:
    """Wire ``mechanism`` [1]: the equations over the inputs in their own units, filled where they are masked.

    ``inputs`` are the columns that ``z`` holds; ``scale`` is the block that made it, whose mean and deviation take it
    back. Sizes above 1e15 read as that.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, law: Equations, scale: Standardise, inputs: Sequence[int]) -> None:
        self.law, self.scale, self.inputs = law, scale, tuple(inputs)

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: the user knows it."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["z"]

        def tag(column: int) -> Wire:
            place = self.inputs.index(column)
            own = g.multiply(at(z, g, place), self.scale.deviation[0, place:place + 1])
            return g.add(own, self.scale.mean[0, place:place + 1])

        return {"mechanism": g.clip(self.law.emit(g, tag), -LARGEST, LARGEST)}


class WithMechanism:
    """Wire ``features``: what they were, and the mechanism as one more."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": g.concat([wires["features"], wires["mechanism"]])}
