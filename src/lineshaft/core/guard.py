"""The guard before every write to the plant: off by default, then limits, rate and interlock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lineshaft.core.clock import SECOND
from lineshaft.core.errors import Refused


@dataclass(frozen=True, slots=True)
class WriteLimit:
    """What may be written to one tag: a range, a greatest change per second, a least time between writes."""

    low: float
    high: float
    rate_per_s: float = math.inf
    interval_ns: int = 0


def _no_interlock(_: str) -> str | None:
    return None


@dataclass(slots=True)
class WriteGuard:
    """Says yes by returning and no by ``Refused``. Without limits for a tag, the answer is no.

    ``interlock(tag)`` returns the reason why a write is blocked now, or None.

    >>> guard = WriteGuard({"cell/valve": WriteLimit(0.0, 100.0, rate_per_s=10.0)})
    >>> guard.check("cell/valve", 50.0, now=0)
    >>> guard.check("cell/valve", 90.0, now=SECOND)
    Traceback (most recent call last):
    ...
    lineshaft.core.errors.Refused: cell/valve: a change of 40 in 1 s is faster than 10 a second; ...
    """

    limits: Mapping[str, WriteLimit] = field(default_factory=dict)
    interlock: Callable[[str], str | None] = _no_interlock
    _last: dict[str, tuple[int, float]] = field(default_factory=dict)

    def check(self, tag: str, value: float, now: int) -> None:
        """Raise ``Refused`` unless this write is allowed at ``now`` (UTC ns); an allowed one is remembered."""
        limit = self.limits.get(tag)
        if limit is None:
            raise Refused("writing to the plant is off for this tag", where=tag,
                          do="open the connector with a WriteGuard that has limits for it, if a write is wanted")
        if not limit.low <= value <= limit.high:  # also catches NaN
            raise Refused(f"{value:g} is outside the allowed {limit.low:g}..{limit.high:g}", where=tag,
                          do="write a value inside the limits")
        if reason := self.interlock(tag):
            raise Refused(f"interlocked: {reason}", where=tag, do="clear the interlock first")
        if tag in self._last:
            self._check_rate(tag, limit, value, now)
        self._last[tag] = (now, value)

    def _check_rate(self, tag: str, limit: WriteLimit, value: float, now: int) -> None:
        then, before = self._last[tag]
        elapsed = max(now - then, 0)
        if elapsed < limit.interval_ns:
            raise Refused(f"last written {elapsed / SECOND:g} s ago, allowed every "
                          f"{limit.interval_ns / SECOND:g} s", where=tag, do="wait and write again")
        if abs(value - before) > limit.rate_per_s * elapsed / SECOND:
            raise Refused(f"a change of {abs(value - before):g} in {elapsed / SECOND:g} s is faster than "
                          f"{limit.rate_per_s:g} a second", where=tag, do="take smaller steps")
