"""One world from its seed: trouble, then quiet, then everything must be well and all books balance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tests.faults.simulation.books import Books, check_alarms
from tests.faults.simulation.centre import Centre
from tests.faults.simulation.chaos import Surroundings, plan
from tests.faults.simulation.disk import SimDisk
from tests.faults.simulation.engine import Shop
from tests.faults.simulation.people import People
from tests.faults.simulation.plant import Plant
from tests.faults.simulation.process import Process
from tests.faults.simulation.watcher import Watcher
from tests.faults.simulation.world import MS, MachineClock, World

from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.health import Health
from lineshaft.core.sample import Samples

PERIODS_NS = (100 * MS, 250 * MS, 500 * MS, SECOND)
TROUBLE, QUIET = 24, 30
JUMP_TOLD_NS = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Result:
    """``broken``: the invariants that did not hold (none: it survived); ``recovery_ns`` from the last fault's end."""

    seed: int
    faults: int
    broken: tuple[str, ...]
    recovery_ns: int
    story: tuple[str, ...]


class Simulation:
    """The node's process, its machine, the plant, the centre and people, all drawn from one seed."""

    def __init__(self, seed: int, *, told: bool = False) -> None:
        self.world = world = World(seed, 0, told=told)
        world.period = world.chance.choice(PERIODS_NS)
        self.clock, self.disk = MachineClock(world), SimDisk(world)
        self.shop = Shop(world, world.period, world.within(3, 6) * world.period, world.period // 10)
        self.process: Process | None = None
        self.books = Books(world, self.disk)
        self.plant = Plant(world, self._deliver)
        self.centre = Centre(world, lambda: self.process)
        self.people = People(world, self.shop, lambda: self.process)
        self.watcher = Watcher(world, lambda: self.process)
        self._start()

    def run(self) -> Result:
        """From the first event to the balance."""
        world = self.world
        at = Surroundings(world, self.clock, self.disk, self.plant, self.centre, lambda: self.process,
                          partial(self._end, well=False), self._stop, self._lose_disk)
        faults = plan(at, TROUBLE)
        world.run(TROUBLE * world.period)
        self.people.busy = False
        recovered = self._recover()
        if not world.broken:
            self._finish()
        return Result(world.seed, faults, tuple(world.broken), recovered, tuple(world.story))

    # -- the life of the process

    def _start(self) -> None:
        if self.process is not None or self.world.broken:
            return
        try:
            process = Process(self.world, self.clock, self.disk, self.shop)
        except EnvironmentFailed as error:
            self.world.say(f"no start: {error}")
            self.world.check(bool(self.disk.fault), f"the node does not start on a disk that is well: {error}")
            self.world.after(self.world.period, self._start)
            return
        self.world.say("the node starts")
        check_alarms(self.world, self.disk, process.node.alarm_list(), self.people.done)
        self.books.opened()
        self.process = process

    def _deliver(self, samples: Samples) -> None:
        if self.process is not None:
            self.process.feed(samples)

    def _end(self, *, well: bool) -> None:
        """The process is gone; somebody starts another."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        self.world.say("the node stops" if well else "the node is killed")
        self.books.ended(process, well=well and not self.disk.fault)
        self.world.after(self.world.within(1, 3 * self.world.period), self._start)

    def _stop(self) -> None:
        process = self.process
        if process is None or self.world.locks or self.world.depth:
            return
        process.close()
        if process is self.process:  # it may have been killed while it wrote
            self._end(well=True)

    def _lose_disk(self) -> None:
        self._end(well=False)
        self.books.disk_lost()
        self.people.done.clear()
        self.disk.replace()

    # -- the end

    def _recover(self) -> int:
        """True time from the end of all faults until the node is active, within ``QUIET`` periods."""
        world, begun, end = self.world, self.world.time, self.world.time + QUIET * self.world.period
        while world.time < end and not world.broken and not self._well():
            world.run(world.time + world.period // 2)
        if not world.broken and not self._well():
            world.fail(f"{QUIET} periods after the last fault: {self.process and self.process.node.health()}")
        return world.time - begun

    def _well(self) -> bool:
        if self.process is None:
            return False
        report = self.process.node.health()
        only_told = all("clock was set" in reason for reason in report.reasons)
        return report.state is Health.ACTIVE or (report.state is Health.DEGRADED and only_told)

    def _finish(self) -> None:
        """A new bundle is taken, alarms say what the loop says, the outbox empties, a stop loses nothing."""
        world = self.world
        if world.happens(0.1) and self.process is not None and self.process.node.grid.jumps:
            world.run(world.time + JUMP_TOLD_NS + world.period)
            world.check(self.process.node.health().state is Health.ACTIVE,
                        f"a minute after the clock was set: {self.process.node.health()}")
        process = self.process
        if process is None or world.broken:
            return
        taken = self.people.bring(process, self.shop.sound(), fit=True)
        world.check(taken, "a sound bundle is refused when all is well")
        world.run(world.time + SECOND)
        while process.decided_at is not None and world.time - process.decided_at < 20 * MS and not world.broken:
            world.run(world.time + 20 * MS)  # a decision of just now has not been told yet
        alarm, = process.node.alarm_list()
        world.check(alarm.active == process.emitted[-1].alarm, f"{alarm}, the loop says {process.emitted[-1].alarm}")
        process.close()
        self._balance(process)

    def _balance(self, process: Process) -> None:
        self.plant.cut = True
        self.centre.calm()
        self.world.check(self.centre.fetch(), "the outbox cannot be fetched")
        dropped = process.node.buffer.dropped - process.node.buffer.dropped_memory
        process.kill()
        self.books.ended(process, well=True)
        if not self.world.broken:
            self.books.balance(self.centre, dropped)


def simulate(seed: int, *, told: bool = False) -> Result:
    """The world of this seed."""
    return Simulation(seed, told=told).run()
