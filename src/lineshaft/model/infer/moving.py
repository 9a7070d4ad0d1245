"""Moving-window normalisation: inputs and target relative to what is usual lately, so that a shift passes through.

After the moving-window models of Kadlec, Grbic and Gabrys, Review of adaptation mechanisms for data-driven soft
sensors, Comput. Chem. Eng. 35, 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.model.blocks.moving import Moving
from lineshaft.model.blocks.relative import Relative
from lineshaft.model.pipeline import Block
from lineshaft.model.soft import Plan
from lineshaft.model.supervised import Candidate

HEADS = ("ridge", "trees")
MEMORIES = (500.0, 100.0)


class MovingWindow:
    """Head of inputs relative to their moving mean, for the target relative to its own."""

    name: ClassVar[str] = "moving"
    turn: ClassVar[int] = 6

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]:
        if plan.target is None:
            return ()
        return [_one(plan, head, memory) for head in HEADS for memory in MEMORIES]


def _one(plan: Plan, head: str, memory: float) -> Candidate:
    def made() -> Block:
        return Relative(plan.head(head), "told_mean", "told_deviation")

    name = f"moving {memory:.0f}"
    return Candidate(f"{name} {head}", name, lambda: plan.front(Moving(memory)), made)


LEARNER = MovingWindow
