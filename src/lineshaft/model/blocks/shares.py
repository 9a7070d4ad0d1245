"""Cause in a task with an answer: each tag's share in it, or in what makes the row strange."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.known import warm_only
from lineshaft.model.influence import Influence
from lineshaft.model.pipeline import Seen, Wires

SMALLEST = 1e-20


class Shares:
    """Wire ``cause`` [C] of shares that sum to 1, or all 0 where nothing contributes; a masked tag has none.

    In this order: the head's or front's own ``contribution`` [C]; for a row that is strange, the tag's part of the
    squared distance; the head's own ``effect`` [F] of each feature (exact for a linear head), summed over the tag's
    features; else how much the answer changes on average when the tag is held at its typical value, times how far its
    features are from theirs now. The last is a first-order statement and no Shapley value.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, influence: Influence) -> None:
        self.influence = influence

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: the influence was measured on the whole graph."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        if "contribution" in wires:
            own = g.maximum(wires["contribution"], 0.0)
        else:
            strange = g.project(g.maximum(wires["strangeness"], 0.0), self.influence.tags)
            own = g.where(g.greater(wires["strange"], 1.0), strange, self._driving(g, wires))
        shown = g.multiply(own, wires["quality"])
        total = g.sum(shown)
        share = g.where(g.greater(total, SMALLEST), g.divide(shown, g.maximum(total, SMALLEST)), 0.0)
        return {"cause": warm_only(g, wires, share)}

    def _driving(self, g: StepBuilder, wires: Wires) -> Wire:
        if "effect" in wires:
            return g.project(g.absolute(wires["effect"]), self.influence.tags)
        square = g.project(g.square(wires["deviation"]), self.influence.tags)
        return g.multiply(g.sqrt(square), self.influence.answer / np.maximum(self.influence.usual, SMALLEST))
