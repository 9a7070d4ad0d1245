"""Feedback: a person's verdict on a decision, and notes on what was done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import ABNORMAL, NORMAL, UNLABELLED


class Verdict(StrEnum):
    """GOOD: the decision was right; BAD: it was wrong (a false alarm, or a fault that was missed)."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict on the decisions of ``loop`` in ``start <= time < end`` (UTC ns).

    ``alarm`` is what the loop had said there; a good alarm or a bad silence label the stretch abnormal,
    a bad alarm or a good silence normal. ``label`` names the kind of fault of an abnormal stretch.
    """

    loop: str
    start: int
    end: int
    verdict: Verdict
    alarm: bool
    by: str = ""
    comment: str = ""
    given: int = 0
    label: str = ""

    @property
    def abnormal(self) -> bool:
        """The label that follows for the stretch.

        >>> Feedback("cell", 0, 1, Verdict.BAD, alarm=True).abnormal
        False
        """
        return self.alarm == (self.verdict is Verdict.GOOD)


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody did about the alarm of ``loop`` that stood at ``about`` (UTC ns), in their own words."""

    loop: str
    about: int
    text: str
    by: str = ""
    given: int = 0


def labels(feedback: Iterable[Feedback], times: NDArray[np.int64], before: NDArray[np.int8] | None = None
           ) -> NDArray[np.int8]:
    """int8 [N]: UNLABELLED, NORMAL or ABNORMAL at each of ``times``; ``before`` is what verdicts overrule.

    Stretches may overlap: moment by moment the verdict given last decides, of two given at one moment the one
    that comes later in ``feedback``. A stretch is half open.

    >>> first = Feedback("cell", 0, 30, Verdict.GOOD, alarm=True, given=1)
    >>> second = Feedback("cell", 20, 40, Verdict.BAD, alarm=True, given=2)
    >>> labels([second, first], np.array([0, 10, 20, 30, 40])).tolist()
    [1, 1, 0, 0, -1]
    """
    found = np.full(len(times), UNLABELLED, np.int8) if before is None else before.copy()
    for one in sorted(feedback, key=lambda verdict: verdict.given):
        found[(times >= one.start) & (times < one.end)] = ABNORMAL if one.abnormal else NORMAL
    return found
