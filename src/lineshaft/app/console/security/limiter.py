"""Login attempts: a few at once, then each failure doubles the wait."""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

from lineshaft.app.console.security.errors import MustWait
from lineshaft.core.clock import SECOND, Clock


@dataclass(frozen=True, slots=True)
class Patience:
    """``free`` failures cost nothing; then the wait doubles from ``first_ns`` to ``most_ns``.

    Failures are forgotten ``forget_ns`` after the last one.
    """

    free: int
    first_ns: int = 2 * SECOND
    most_ns: int = 300 * SECOND
    forget_ns: int = 3_600 * SECOND

    def wait(self, failures: int) -> int:
        """Nanoseconds to wait after so many failures.

        >>> [Patience(2).wait(failures) // SECOND for failures in (1, 2, 3, 4, 99)]
        [0, 2, 4, 8, 300]
        """
        if failures < self.free:
            return 0
        return min(self.first_ns << min(failures - self.free, 40), self.most_ns)


@dataclass(slots=True)
class _Count:
    failures: int
    last: int
    until: int


_Key = tuple[str, ...]
# A stranger who guesses at one name from one address waits soon; so does one address that tries many names. That many
# addresses guess at one name is slowed later, or anybody could keep a colleague out by failing on purpose.
PATIENCE = {"both": Patience(5), "address": Patience(20), "name": Patience(50)}


class Limiter:
    """Counts in memory, ``most`` keys at most: the longest untouched go first."""

    def __init__(self, clock: Clock, *, patience: dict[str, Patience] | None = None, most: int = 10_000) -> None:
        self._clock, self._most = clock, most
        self._patience = patience or PATIENCE
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._counts)

    def begin(self, name: str, address: str) -> None:
        """One attempt, counted as failed until ``succeeded``, so that many at once gain nothing.

        Raises ``MustWait``; an attempt that must wait is not counted, or nobody impatient would ever come in.
        """
        keys = self._keys(name, address)
        with self._lock:
            now = self._clock.monotonic()
            until = max((self._counts[key].until for key in keys if key in self._counts), default=0)
            if until > now:
                raise MustWait("too many failed attempts", where="login", seconds=math.ceil((until - now) / SECOND))
            for key in keys:
                self._fail(key, now)

    def succeeded(self, name: str, address: str) -> None:
        """Name and pair start anew; the address keeps what it failed at other names."""
        both, by_address, by_name = self._keys(name, address)
        with self._lock:
            for key in (both, by_name):
                self._counts.pop(key, None)
            self._undo(by_address)

    def withdrawn(self, name: str, address: str) -> None:
        """Nothing was tried after all."""
        with self._lock:
            for key in self._keys(name, address):
                self._undo(key)

    def _undo(self, key: _Key) -> None:
        count = self._counts.get(key)
        if count is not None:
            count.failures, count.until = count.failures - 1, 0

    def _fail(self, key: _Key, now: int) -> None:
        patience = self._patience[key[0]]
        count = self._counts.get(key)
        if count is None or now - count.last > patience.forget_ns:
            count = self._counts[key] = _Count(0, now, 0)
        count.failures, count.last = count.failures + 1, now
        count.until = now + patience.wait(count.failures)
        self._counts.move_to_end(key)
        while len(self._counts) > self._most:
            self._counts.popitem(last=False)

    @staticmethod
    def _keys(name: str, address: str) -> tuple[_Key, _Key, _Key]:
        who, place = name.strip().casefold()[:64], network(address)
        return ("both", who, place), ("address", place), ("name", who)


def network(address: str) -> str:
    """What one subscriber has: an IPv4 address, or the /64 of an IPv6 one.

    >>> network("10.0.0.7"), network("2001:db8::1:2"), network("::ffff:10.0.0.7")
    ('10.0.0.7', '2001:db8::/64', '10.0.0.7')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
