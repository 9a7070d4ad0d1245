"""What every soft sensor has to beat: the mean of the target, and its newest sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.history import Now
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.soft import Plan
from lineshaft.model.supervised import Candidate


class Naive:
    """The baselines; the second one where samples of the target come through x."""

    name: ClassVar[str] = "naive"
    turn: ClassVar[int] = 0

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]:
        mean = Candidate("naive mean", "now", lambda: plan.front(Now()), Mean)
        if plan.target is None:
            return (mean,)
        return mean, Candidate("naive last sample", "now", lambda: plan.front(Now()), lambda: Mean("told"))


class Mean:
    """Wire ``value`` [1]: the target's mean; or the wire ``last`` [1] as soon as there was a sample."""

    def __init__(self, last: str = "") -> None:
        self.last, self.mean = last, 0.0
        self.reads: tuple[str, ...] = ("target",)

    def fit(self, seen: Seen) -> None:
        self.mean = float(np.mean(seen["target"]))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        value = g.add(g.multiply(g.slice(wires["features"], 0, 1), 0.0), self.mean)
        return {"value": g.where(g.greater(wires["told_any"], 0.5), wires[self.last], value) if self.last else value}


LEARNER = Naive
