"""Time as UTC nanoseconds, and a clock that tests can turn by hand."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Protocol

from lineshaft.core.errors import UsageError

SECOND = 1_000_000_000

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "min": 60 * SECOND,
          "h": 3_600 * SECOND, "d": 86_400 * SECOND}
_DURATION = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*(ns|us|ms|s|min|m|h|d)\s*")


class Clock(Protocol):
    """Where the node reads time; a test passes a clock of its own."""

    def now(self) -> int:
        """UTC nanoseconds since 1970."""

    def monotonic(self) -> int:
        """Nanoseconds that never step back; for durations only."""


class SystemClock:
    """The machine's clock; its readings are the library's own functions, since the loop calls them each tick."""

    now = staticmethod(time.time_ns)
    monotonic = staticmethod(time.perf_counter_ns)


class ManualClock:
    """A clock that moves only when told; both readings advance together."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def monotonic(self) -> int:
        return self._now

    def advance(self, nanoseconds: int) -> None:
        self._now += nanoseconds


def parse_duration(text: str, *, where: str = "") -> int:
    """Nanoseconds of a written duration.

    >>> parse_duration("250ms"), parse_duration("1.5 h")
    (250000000, 5400000000000)
    """
    match = _DURATION.fullmatch(text)
    if match is None or not 1 <= (nanoseconds := float(match[1]) * _UNITS[match[2]]) < 2**63:
        raise UsageError(f"{text[:80]!r} is not a duration", where=where,
                         do="write a positive number and a unit, such as '100ms', '1s', '5m' or '2h'")
    return round(nanoseconds)


def parse_time(text: str, *, where: str = "") -> int:
    """UTC nanoseconds of an ISO 8601 moment; without a zone it is UTC.

    >>> parse_time("2023-11-14 22:13:20"), parse_time("2023-11-14T23:13:20.5+01:00")
    (1700000000000000000, 1700000000500000000)
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = moment - datetime.fromtimestamp(0, UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{text.strip()!r} is not a time", where=where,
                         do="write it as 2024-03-01T06:00:00Z") from None
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000


def format_duration(nanoseconds: int | float) -> str:
    """The shortest form that a person reads at a glance.

    >>> [format_duration(n) for n in (100_000_000, 1_500_000_000, 60 * SECOND, 5_400 * SECOND, 2_630 * 86_400 * SECOND)]
    ['100 ms', '1.5 s', '1 min', '1.5 h', '2,630 d']
    """
    for unit, size in (("d", _UNITS["d"]), ("h", _UNITS["h"]), ("min", _UNITS["m"]), ("s", SECOND),
                       ("ms", 1_000_000), ("us", 1_000)):
        if abs(nanoseconds) >= size:
            value = nanoseconds / size
            return f"{value:.3g} {unit}" if abs(value) < 999.5 else f"{value:,.0f} {unit}"
    return f"{nanoseconds:.0f} ns"


def format_time(nanoseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds.

    >>> format_time(1_700_000_000_123_456_789)
    '2023-11-14T22:13:20.123Z'
    """
    moment = datetime.fromtimestamp(nanoseconds // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds % SECOND // 1_000_000:03d}Z"
