"""Feedback: a person's verdict on a decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """GOOD: the decision was right; BAD: it was wrong (a false alarm, or a fault that was missed)."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict on the decisions of ``loop`` in ``start <= time < end`` (UTC ns).

    ``alarm`` is what the loop had said there; a good alarm or a bad silence label the stretch abnormal,
    a bad alarm or a good silence normal.
    """

    loop: str
    start: int
    end: int
    verdict: Verdict
    alarm: bool
    by: str = ""
    comment: str = ""
    given: int = 0

    @property
    def abnormal(self) -> bool:
        """The label that follows for the stretch.

        >>> Feedback("cell", 0, 1, Verdict.BAD, alarm=True).abnormal
        False
        """
        return self.alarm == (self.verdict is Verdict.GOOD)
