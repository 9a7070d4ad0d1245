"""Decision: what a loop says at one tick, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lineshaft.core.answer import Answer


class Source(StrEnum):
    """Who decided: the bundle, or one of the fallbacks in their declared order."""

    BUNDLE = "bundle"
    LAST_GOOD = "last-good-bundle"
    RULES = "rule-limits"
    SAFE = "safe-state"


@dataclass(frozen=True, slots=True)
class Cause:
    """One tag's share (0..1) of a score; the shares of a decision sum to 1 at most."""

    tag: str
    share: float


@dataclass(frozen=True, slots=True)
class Decision:
    """One loop's word at one tick of one asset.

    ``time`` is the tick's grid time (UTC ns), ``score`` 1.0 at the alarm limit, ``alarm`` after hysteresis and
    debounce, ``causes`` largest share first, ``confidence`` the conformal 1 - p (0..1), ``latency_ns`` from the
    tick's start to the decision, ``masked`` the tags that were bad, stale or missing at this tick, ``bundle``
    the digest that says the whole lineage.

    Where the task has an answer, ``answers`` say what each of ``values`` means, ``low`` and ``high`` are the ends of
    their intervals (empty where the model gives none) and ``known`` is False where it says "I do not know". All are
    empty where rule limits or the safe state decided.
    """

    loop: str
    asset: str
    time: int
    score: float
    alarm: bool
    causes: tuple[Cause, ...] = ()
    confidence: float = 0.0
    latency_ns: int = 0
    missed: bool = False
    source: Source = Source.BUNDLE
    masked: tuple[str, ...] = ()
    bundle: str = ""
    answers: tuple[Answer, ...] = ()
    values: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    known: bool = True
