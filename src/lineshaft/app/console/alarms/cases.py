"""Cases: past alarms that blamed the same tags, what people said about them, and what was done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.app.backtest import Episode
from lineshaft.core.decision import Cause
from lineshaft.core.feedback import Feedback, Note
from lineshaft.node.alarms import SYSTEM, Transition

MOST, LEAST_SIMILAR = 5, 0.5
CLASS = 0.05
AFTER_NS = 3600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one alarm besides the alarm: the verdict that stands, notes, acts of people, in order."""

    verdict: Feedback | None = None
    notes: tuple[Note, ...] = ()
    acts: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A past alarm; ``similarity`` (0..1) is the cosine between its causes' shares and those of the one at hand."""

    occurrence: Episode
    similarity: float
    told: Told


@dataclass(frozen=True, slots=True)
class Records:
    """Everything people said and did about one loop's alarms."""

    verdicts: Sequence[Feedback]
    notes: Sequence[Note]
    journal: Sequence[Transition]

    def of(self, one: Episode, until: int | None = None) -> Told:
        """About one alarm; acts count up to an hour after its end, and no longer than ``until``, the next alarm."""
        said = [each for each in self.verdicts if each.alarm and each.start <= one.end and each.end > one.start]
        end = one.end + AFTER_NS if until is None else min(one.end + AFTER_NS, until - 1)
        return Told(
            max(said, key=lambda each: each.given, default=None),
            tuple(each for each in self.notes if one.start <= each.about <= one.end),
            tuple(each for each in self.journal if each.by != SYSTEM and one.start <= each.time <= end))


def similarity(one: Sequence[Cause], other: Sequence[Cause]) -> float:
    """Cosine of two sets of shares: 1 for the same tags in the same proportion, 0 for no tag in common.

    >>> similarity([Cause("flow", 0.6), Cause("speed", 0.2)], [Cause("flow", 0.3), Cause("speed", 0.1)])
    1.0
    """
    left, right = ({cause.tag: cause.share for cause in causes} for causes in (one, other))
    size = math.hypot(*left.values()) * math.hypot(*right.values())
    along = sum(share * right.get(tag, 0.0) for tag, share in left.items())
    return min(1.0, round(along / size, 9)) if size > 0 else 0.0


def nearest(target: Episode, known: Sequence[Episode], records: Records, most: int = MOST) -> list[Case]:
    """The most similar others that began before it, at least ``LEAST_SIMILAR``.

    Among those about as similar, what somebody said or noted something about comes first, then the newer: ten
    cases that nobody said a word about help less than one that somebody did.
    """
    alike = [(similarity(target.causes, one.causes), place) for place, one in enumerate(known)
             if one.start < target.start]
    cases = [Case(known[place], close, records.of(known[place], _next(known, place))) for close, place in alike
             if close >= LEAST_SIMILAR]
    return sorted(cases, key=lambda case: (-math.ceil(case.similarity / CLASS), not _helps(case.told),
                                           -case.occurrence.start))[:most]


def _next(known: Sequence[Episode], place: int) -> int | None:
    return known[place + 1].start if place + 1 < len(known) else None


def _helps(told: Told) -> bool:
    return told.verdict is not None or bool(told.notes)
