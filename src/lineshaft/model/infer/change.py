"""The change since the newest sample of the target, from the change of the inputs: slow drift cancels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.model.blocks.changes import Changes
from lineshaft.model.blocks.relative import Relative
from lineshaft.model.pipeline import Block
from lineshaft.model.soft import Plan
from lineshaft.model.supervised import Candidate

HEADS = ("ridge", "trees", "forest")


class Change:
    """Last told value + a head of (inputs, their change since then, that value, its age); ridge before any sample."""

    name: ClassVar[str] = "change"
    turn: ClassVar[int] = 4

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]:
        if plan.target is None:
            return ()
        return [Candidate(f"change {name}", "change", lambda: plan.front(Changes()),
                          lambda name=name: _made(plan, name)) for name in HEADS]  # type: ignore[misc]


def _made(plan: Plan, name: str) -> Block:
    return Relative(plan.head(name), "told", ready="told_any", otherwise=plan.head("ridge"))


LEARNER = Change
