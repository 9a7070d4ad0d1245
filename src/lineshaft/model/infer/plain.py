"""Static soft sensors: a head on the inputs as they are now, and on their recent past.

They never see the target while they run. Kadlec, Gabrys and Strandt, Data-driven soft sensors in the process industry,
Comput. Chem. Eng. 33, 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from lineshaft.model.head import heads
from lineshaft.model.pipeline import Block
from lineshaft.model.soft import Plan
from lineshaft.model.supervised import Candidate, headed

FIRST = ("forest", "trees", "blend", "process", "svm", "ridge")  # worth trying before the others
HISTORY = frozenset({"ridge", "pls", "trees", "forest"})  # heads that stand many features


class Plain:
    """Each head for numbers, as it comes; its other settings are variants."""

    name: ClassVar[str] = "plain"
    turn: ClassVar[int] = 3

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]:
        names = sorted(heads("number"), key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
        return [_one(plan, head, front_name, front) for front_name, front in plan.fronts().items()
                for head in names if front_name != "history" or head in HISTORY]


def _one(plan: Plan, head: str, front_name: str, front: Callable[[], tuple[Block, ...]]) -> Candidate:
    return headed(f"{head} {front_name}", front_name, front, heads("number")[head], 1, "number", plan.seed)


LEARNER = Plain
