"""Just-in-time soft sensors: a static head corrected by its errors at recent, similar samples of the target.

Cheng and Chiu, A new data-based methodology for nonlinear process modeling, Chem. Eng. Sci. 59, 2004 (just-in-time);
with its widest kernel the bias update of Mu et al., J. Process Control 16, 2006.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from lineshaft.model.blocks.early import Early
from lineshaft.model.blocks.history import Now
from lineshaft.model.blocks.recent import Recent
from lineshaft.model.pipeline import Block
from lineshaft.model.soft import Plan
from lineshaft.model.supervised import Candidate

HEADS = ("ridge", "trees", "forest", "process", "blend")


class JustInTime:
    """Several heads, each with the correction that the later rows of its history ask for."""

    name: ClassVar[str] = "recent"
    turn: ClassVar[int] = 2

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]:
        return [] if plan.target is None else [_one(plan, name) for name in HEADS]


def _one(plan: Plan, name: str) -> Candidate:
    def front() -> tuple[Block, ...]:
        return plan.front(Now(), Early(partial(plan.head, name)))

    return Candidate(f"recent {name}", f"now, early {name}", front, lambda: Recent(plan.head(name), plan.delay))


LEARNER = JustInTime
