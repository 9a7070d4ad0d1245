"""One life of the node's process: the real node on a simulated machine, watched by an oracle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tests.faults.simulation.disk import SimDisk
from tests.faults.simulation.engine import ASSET, TAGS, Shop
from tests.faults.simulation.oracle import Oracle, Seen, lost_link
from tests.faults.simulation.world import MS, Killed, Lock, MachineClock, World

from lineshaft.core.background import Job
from lineshaft.core.decision import Decision
from lineshaft.core.sample import Samples
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.buffer import BufferLimits
from lineshaft.node.fallback import FallbackPolicy
from lineshaft.node.loop import LoopSettings

FOLDER = Path("a folder that nobody makes")
MISSES, GOOD = 2, 5
LIMITS = BufferLimits(rows=30, waiting=12, interval_s=0.2, journal=25)
SETTINGS = NodeSettings(LoopSettings(history=16, recent=32, fallback=FallbackPolicy(MISSES, GOOD)), LIMITS,
                        control_port=None)


class SimJob:
    """Turns on the world's time."""

    def __init__(self, background: SimBackground, nanoseconds: int, turn: Callable[[], None]) -> None:
        self._background, self._every, self._turn = background, nanoseconds, turn
        self._stopped, self._number = False, 0
        self._plan(nanoseconds)

    def wake(self) -> None:
        self._plan(self._background.world.within(0, 5 * MS))

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._turn()

    def _plan(self, delay: int) -> None:
        self._number += 1
        number = self._number
        self._background.world.after(delay, lambda: self._go(number))

    def _go(self, number: int) -> None:
        if self._stopped or number != self._number or not self._background.alive():
            return
        if self._background.world.locks:  # a real thread would wait for the lock as well
            self._plan(5 * MS)
            return
        self._plan(self._every)
        self._turn()


class SimBackground:
    """Satisfies ``core.background.Background``: jobs and pauses on the world's time, for one process."""

    def __init__(self, world: World, alive: Callable[[], bool]) -> None:
        self.world, self.alive = world, alive

    def every(self, seconds: float, turn: Callable[[], None], name: str) -> Job:
        return SimJob(self, round(seconds * 1e9), turn)

    def pause(self, seconds: float) -> None:
        """However long the machine says: it is drawn."""
        if self.world.happens(0.3):
            self._pass(self.world.within(0, self.world.period))

    def wait(self, event: threading.Event, seconds: float) -> bool:
        end = self.world.time + round(seconds * 1e9)
        while not event.is_set() and self.world.time < end and not self.world.broken:
            self._pass(self.world.within(1, self.world.period))
        return event.is_set()

    def lock(self) -> Lock:
        return Lock(self.world)

    def _pass(self, nanoseconds: int) -> None:
        self.world.wait(nanoseconds, self.alive)
        if not self.alive():
            raise Killed


class Process:
    """From start to kill or stop. ``emitted`` has every decision in order; ``fed`` is the true time of the last
    samples; ``raises EnvironmentFailed`` where the disk lets no node start."""

    def __init__(self, world: World, clock: MachineClock, disk: SimDisk, shop: Shop) -> None:
        self.world, self.clock, self.disk, self.lives, self.closing = world, clock, disk, True, False
        self.emitted: list[Decision] = []
        self.started = world.time
        self.fed: int | None = None
        self.decided_at: int | None = None
        self.late_ns = 0
        """How late the processor lets the loop be (a starved one)."""
        loaded = shop.first()()
        self._offset = clock.error
        self._seen: list[Seen] = []
        self.node = Node(loaded, FOLDER, name="node1", asset=ASSET, clock=clock, settings=SETTINGS,
                         background=SimBackground(world, self.alive), opened=lambda _: disk.opened(self.alive))
        self.oracle = Oracle(world, shop.made, loaded.digest, shop.stale_ns, MISSES, GOOD)
        self.node.on_decision.append(self._decided)
        self.node.start()
        self._poll()

    def alive(self) -> bool:
        """Whether it runs."""
        return self.lives

    def kill(self) -> None:
        """At once, wherever it is."""
        self.lives = False
        self.disk.lose_power()

    def close(self) -> None:
        """Stop on purpose, as the end of ``run`` does."""
        self.closing = True
        self.node.close()

    def feed(self, samples: Samples) -> None:
        """Samples arrive."""
        if self.closing:
            return
        now = self._notice_the_clock()
        self.oracle.arrive(samples, now)
        self.node.feed(samples)
        if any(one.tag in TAGS and not lost_link(one) for one in samples):
            self.fed = self.world.time
        self._compare()

    def _poll(self) -> None:
        if not self.lives or self.closing or self.world.broken:
            return
        self._notice_the_clock()
        wait = self.node.poll()
        self._compare()
        self.world.after(max(wait, 1) + self.world.within(0, MS) + self.world.within(0, self.late_ns), self._poll)

    def _notice_the_clock(self) -> int:
        """Tell the oracle of a step that the node is about to notice."""
        by, self._offset = self.clock.error - self._offset, self.clock.error
        now = self.clock.now()
        if by < -max(self.world.period // 2, 50 * MS):
            self.oracle.clock_set_back(now, self.node.grid.coming)
        return now

    def _decided(self, decision: Decision) -> None:
        shadow = self.node.loop.shadow
        self._seen.append(Seen(decision, self.node.loop.bundle.digest, shadow.seat.digest if shadow else "",
                               self.node.grid.missed))

    def _compare(self) -> None:
        seen, self._seen = self._seen, []
        for one in seen:
            self.emitted.append(one.decision)
            self.decided_at = self.world.time
            self.oracle.decided(one)
