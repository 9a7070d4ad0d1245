"""Simulated time and the order of everything: events on one heap, run nested while a piece of code waits."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lineshaft.core.clock import SECOND

START = 1_700_000_000 * SECOND
MS = SECOND // 1000
DEEPEST = 2
_KEPT_LINES = 400


class Killed(BaseException):
    """The process whose code this is was killed: unwinds its frames, caught by no ``except Exception``."""


class World:
    """``time`` is true time since the start in ns; ``fail`` notes a broken invariant and ends the world.

    Who waits (a pause, a slow disk) runs the world meanwhile, nested. An event marked ``patient`` belongs to somebody
    who is already waiting further out, or who would wait for a held lock: it comes when that wait is over.
    """

    def __init__(self, seed: int, period_ns: int, *, told: bool = False) -> None:
        self.seed, self.period = seed, period_ns
        self.chance = random.Random(f"world {seed}")
        self.time = 0
        self.depth = self.locks = 0
        self.broken: list[str] = []
        self.story: list[str] = []
        self._told = told
        self._events: list[tuple[int, int, Callable[[], None], bool]] = []
        self._count = 0

    # -- what happens

    def after(self, delay_ns: int, act: Callable[[], None], *, patient: bool = False) -> None:
        """Do it ``delay_ns`` from now."""
        self._count += 1
        heapq.heappush(self._events, (self.time + delay_ns, self._count, act, patient))

    def run(self, until: int, alive: Callable[[], bool] = lambda: True) -> None:
        """All events up to ``until``, for as long as ``alive`` and nothing is broken."""
        put_off = []
        while self._events and self._events[0][0] <= until and not self.broken and alive():
            event = heapq.heappop(self._events)
            if event[3] and (self.depth or self.locks):
                put_off.append(event)
                continue
            self.time = max(self.time, event[0])
            self._do(event[2])
        for event in put_off:
            heapq.heappush(self._events, event)
        self.time = max(self.time, until) if alive() else self.time

    def _do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Killed:
            if self.depth:
                raise
        except Exception as error:  # noqa: BLE001 (nothing that the node raises at its edges is expected here)
            self.fail(f"{type(error).__name__}: {error}")

    def wait(self, nanoseconds: int, alive: Callable[[], bool]) -> None:
        """The world goes on meanwhile, unless somebody waits in somebody's wait in somebody's wait."""
        if self.depth >= DEEPEST:
            return
        self.depth += 1
        try:
            self.run(self.time + nanoseconds, alive)
        finally:
            self.depth -= 1

    def spend(self, nanoseconds: int) -> None:
        """Time passes inside one piece of code, and nothing else happens."""
        self.time += nanoseconds

    # -- what is told

    def fail(self, what: str) -> None:
        """An invariant does not hold."""
        self.say(f"BROKEN: {what}")
        self.broken.append(what)

    def check(self, holds: bool, what: str) -> None:
        """Notes ``what`` unless it holds."""
        if not holds:
            self.fail(what)

    def say(self, what: str) -> None:
        """A line of the story."""
        if self._told:
            self.story.append(f"{self.time / self.period:8.2f}  {what}")

    # -- chance

    def within(self, least: int, most: int) -> int:
        """A whole number from a range, both ends included."""
        return least + int(self.chance.random() * (most - least + 1))

    def happens(self, share: float) -> bool:
        """True in that share of the cases."""
        return self.chance.random() < share


class MachineClock:
    """The clock of one machine: true time and an error that faults change; ``monotonic`` has no error."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.error = 0

    def now(self) -> int:
        return START + self._world.time + self.error

    def monotonic(self) -> int:
        return self._world.time


class Lock:
    """Fails the world when it is wanted while it is held: on one thread that would be for ever."""

    def __init__(self, world: World) -> None:
        self._world, self._held = world, False

    @contextmanager
    def hold(self) -> Iterator[None]:
        if self._held:
            self._world.fail("somebody who must not wait waits for a lock that a slow disk holds")
            raise Killed
        self._held = True
        self._world.locks += 1
        try:
            yield
        finally:
            self._held = False
            self._world.locks -= 1

    def __enter__(self) -> None:
        self._now = self.hold()
        self._now.__enter__()

    def __exit__(self, *about: object) -> None:
        self._now.__exit__(None, None, None)
