"""The unit of a search: one candidate judged on one fold."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """A candidate by name, the fold that judges it, and the ``share`` of that fold's rows that teach its head."""

    name: str
    fold: int
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The loss of a job (less is better) and what it took; ``reason`` says why there is none.

    ``head_bytes`` is the size of the head's own graph, 0 where it is not known; ``front_seconds`` of its ``seconds``
    went into a front that other candidates share (none where it was there already), ``said_seconds`` into running
    what was learnt over the rows that judge.

    >>> Outcome.of(float("nan"), 1.0).reason
    'its loss is not a number'
    """

    loss: float = math.inf
    seconds: float = 0.0
    reason: str = ""
    head_bytes: int = 0
    front_seconds: float = 0.0
    said_seconds: float = 0.0

    @classmethod
    def of(cls, loss: float, seconds: float, head_bytes: int = 0, front_seconds: float = 0.0,
           said_seconds: float = 0.0) -> Outcome:
        """A loss that is no finite number is none."""
        if not math.isfinite(loss):
            return cls(seconds=seconds, reason="its loss is not a number")
        return cls(float(loss), seconds, "", head_bytes, front_seconds, said_seconds)
