"""A static head corrected by recursive least squares with forgetting (Plackett, Biometrika 37, 1950; Qin, Recursive PLS
algorithms for adaptive data modeling, Comput. Chem. Eng. 22, 1998)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from lineshaft.model.blocks.early import Early
from lineshaft.model.blocks.history import Now
from lineshaft.model.blocks.recursive import Recursive
from lineshaft.model.pipeline import Block
from lineshaft.model.soft import Plan
from lineshaft.model.supervised import Candidate

HEADS = ("ridge", "forest")
DEFAULT, OTHERS = 0.99, (0.97, 0.998)


class LeastSquares:
    """Two heads; how fast they forget is a setting."""

    name: ClassVar[str] = "recursive"
    turn: ClassVar[int] = 5

    @classmethod
    def candidates(cls, plan: Plan) -> Sequence[Candidate]:
        if plan.target is None:
            return ()
        return [replace(_one(plan, name, DEFAULT), variants=lambda name=name: tuple(  # type: ignore[misc]
            _one(plan, name, forgetting) for forgetting in OTHERS)) for name in HEADS]


def _one(plan: Plan, name: str, forgetting: float) -> Candidate:
    def front() -> tuple[Block, ...]:
        return plan.front(Now(), Early(partial(plan.head, name)))

    told = "" if forgetting == DEFAULT else f", forgetting {forgetting}"
    return Candidate(f"recursive {name}{told}", f"now, early {name}", front,
                     lambda: Recursive(plan.head(name), plan.delay, forgetting), {"forgetting": forgetting})


LEARNER = LeastSquares
