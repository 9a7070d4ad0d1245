"""Alarm states of ISA-18.2 / IEC 62682, as nouns; the state machine lives in the node."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AlarmState(StrEnum):
    """The states of the standard's transition diagram (ISA-18.2, figure 3)."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned-unacknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as it stands.

    ``since`` is when the condition became true, ``changed`` the newest transition; ``until`` and ``reason``
    belong to shelving and suppression; ``active`` is the raw condition, also while shelved.
    """

    name: str
    state: AlarmState
    active: bool
    since: int
    changed: int
    causes: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""
    until: int | None = None
