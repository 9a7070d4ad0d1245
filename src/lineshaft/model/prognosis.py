"""What a learner of remaining life is, and the settings that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, Protocol

import numpy as np

from lineshaft.core import discovery
from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.conditions import Conditions, columns_of
from lineshaft.model.blocks.guard import Guard
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.blocks.trend import Reach, Trend
from lineshaft.model.blocks.wear import Wear
from lineshaft.model.examples import Examples
from lineshaft.model.head import Settings as HeadSettings
from lineshaft.model.pipeline import Block, Seen, Wires
from lineshaft.model.supervised import Candidate, Matrix

REACH = Reach()
FAMILY = "lineshaft.model.prognose"
CAP_OF_LIFE = 0.63  # of the median life: 125 of the turbofans' 199 cycles, the field's habit
LIMIT_OF_CAP = 0.2
LATE_WEAR = 0.32  # of the cap: where the end of life begins


@dataclass(frozen=True, slots=True)
class Settings:
    """One default for all machines.

    ``cap``, in periods, is where remaining life stops being told apart: the target is min(remaining life, cap), since
    a healthy machine looks the same however long it will live (Heimes, PHM 2008). 0 takes 0.63 of the median life.
    ``limit``, in periods, is the remaining life under which the alarm comes, by the low end of the interval; 0 takes a
    fifth of the cap. ``conditions`` names the tags that set the operating condition; None looks for them. ``cuts`` is
    at how many random ages of each machine candidates are judged and intervals set, as a machine in service is looked
    at; ``held_out`` the share of machines that calibrates. ``networks`` are averaged, each learnt in ``steps`` batches.
    """

    cap: float = 0.0
    limit: float = 0.0
    conditions: tuple[str, ...] | None = None
    reach: Reach = REACH
    coverage: float = 0.9
    held_out: float = 0.15
    folds: int = 3
    cuts: int = 10
    youngest: int = 20
    networks: int = 3
    steps: int = 800
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cap < 0 or self.limit < 0:
            raise UsageError(f"cap {self.cap:g} and limit {self.limit:g} are no times", where="prognose",
                             do="give periods above 0, or 0 for the default")
        if self.cap and self.limit >= self.cap:
            raise UsageError(f"the alarm limit of {self.limit:g} is not below the cap of {self.cap:g}", where="limit",
                             do="give a limit below the cap")

    def of(self, examples: Examples) -> Settings:
        """With the cap and the limit that these examples give."""
        cap = self.cap or max(2.0, round(CAP_OF_LIFE * usual_life(examples)))
        return replace(self, cap=cap, limit=self.limit or LIMIT_OF_CAP * cap)


class Learner(Protocol):
    """A way from tags to remaining life: candidates that are worth trying, in that order."""

    name: ClassVar[str]

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        """None where it does not fit such rows; ``settings`` hold a cap."""


@cache
def learners() -> Mapping[str, type[Learner]]:
    """Every learner there is, by name."""
    return {name: discovery.load(FAMILY, name).LEARNER for name in discovery.names(FAMILY)}


def usual_life(examples: Examples) -> float:
    """Median over the groups of the longest remaining life known, in periods."""
    life, known = examples.target[:, 0], examples.known
    return float(np.median([life[known & (examples.group == g)].max() for g in np.unique(examples.group[known])]))


def front(examples: Examples, settings: Settings) -> Callable[[], Sequence[Block]]:
    """Tags, scaled by operating condition, to wear and its trend: the wires "features", "smooth_wear" and "age"."""
    columns = None
    if settings.conditions is not None:
        columns = columns_of([tag.path for tag in examples.dataset.tags], settings.conditions)
    count, caps = len(examples.dataset.tags), (settings.cap, LATE_WEAR * settings.cap)

    def made() -> Sequence[Block]:
        return Guard(), Conditions(columns), Standardise(count), Wear(caps), Trend(settings.reach)

    return made


class Capped:
    """A head that learns min(remaining life, ``cap``) and says no more than that, and nothing below 0."""

    def __init__(self, head: Block, cap: float) -> None:
        self.head, self.cap = head, cap
        self.reads = head.reads

    def fit(self, seen: Seen) -> None:
        target = np.minimum(np.asarray(seen["target"], np.float64), self.cap)
        self.head.fit(Seen({**seen.wires, "target": target}, seen.run, seen.age))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        said = self.head.emit(g, wires)
        return {**said, "value": g.clip(said["value"], 0.0, self.cap)}


def with_head(name: str, examples: Examples, settings: Settings, head: Callable[[], Block],
              more: Sequence[Block] = (), told: HeadSettings | None = None) -> Candidate:
    """The common front, ``more`` blocks behind it that learn nothing, and a head."""
    before = front(examples, settings)
    front_name = " ".join(["trend", *(type(block).__name__ for block in more)])
    return Candidate(name, front_name, lambda: (*before(), *more), lambda: Capped(head(), settings.cap),
                     {"cap": settings.cap, **(told or {})})


def score_of(target: Matrix, value: Matrix) -> float:
    """The score of the PHM 2008 challenge, summed: late predictions cost more than early ones (Saxena et al.).

    >>> round(score_of(np.array([50.0, 50.0]), np.array([60.0, 40.0])), 3)
    2.876
    """
    late = np.asarray(value - target, np.float64)
    return float(np.where(late < 0, np.exp(-late / 13.0), np.exp(late / 10.0)).sum() - late.size)
