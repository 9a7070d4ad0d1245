"""Mechanism plus data: the user's equations say most, a head learns what they leave over; both are in the one graph.

Psichogios and Ungar, A hybrid neural network, first principles approach to process modeling, AIChE J. 38, 1992; von
Stosch et al., Comput. Chem. Eng. 60, 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.model.blocks.history import Now
from lineshaft.model.blocks.mechanism import WithMechanism
from lineshaft.model.blocks.relative import Relative
from lineshaft.model.pipeline import Block
from lineshaft.model.soft import Plan
from lineshaft.model.supervised import Candidate

HEADS = ("ridge", "trees", "forest", "process")


class Hybrid:
    """The residual of the mechanism by several heads; the mechanism's value is a feature as well."""

    name: ClassVar[str] = "mechanism"
    turn: ClassVar[int] = 1

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]:
        if plan.equations is None:
            return ()
        return [Candidate(f"mechanism {name}", "now and mechanism", lambda: plan.front(Now(), WithMechanism()),
                          lambda name=name: _made(plan, name)) for name in HEADS]  # type: ignore[misc]


def _made(plan: Plan, name: str) -> Block:
    return Relative(plan.head(name), "mechanism")


LEARNER = Hybrid
