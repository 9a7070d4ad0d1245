"""The centre: fetches the node's outbox over a network that fails, keeps it, acknowledges, and dies in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from tests.faults.simulation.engine import ASSET, LOOP
from tests.faults.simulation.process import Process
from tests.faults.simulation.world import Killed, World

from lineshaft.app.collecting import FETCH, collect
from lineshaft.app.flow import deliver
from lineshaft.core.decision import Decision
from lineshaft.core.decision_tags import decision_paths, decisions_of
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.sample import Sample, Samples
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.node.agent import Node
from lineshaft.node.buffer import Entry

NODE = "node1"
EARLIEST, LATEST = -(2**63), 2**63 - 1
_Answer = TypeVar("_Answer")


class SimHistorian(MemoryHistorian):
    """Refuses a share of the batches, half of them after keeping them (as a process killed just then)."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world, self.refuses = world, 0.0
        self._newest: dict[str, Sample] = {}

    def as_of(self, tags: Sequence[str], time: int, *, version: str | None = None) -> Mapping[str, Sample]:
        """The newest of all time without a walk through all of it, which is what a delivery asks for."""
        if time < LATEST:
            return super().as_of(tags, time, version=version)
        return {tag: self._newest[tag] for tag in tags if tag in self._newest}

    def append(self, samples: Samples, *, key: str | None = None) -> bool:
        fails, after = self._world.happens(self.refuses), self._world.happens(0.5)
        if fails and not after:
            raise EnvironmentFailed("the historian's disk is full", where="historian", do="make room")
        kept = super().append(samples, key=key)
        for one in samples:
            known = self._newest.get(one.tag)
            if known is None or one.time >= known.time:
                self._newest[one.tag] = one
        if fails:
            raise EnvironmentFailed("the centre died", where="historian", do="start it again")
        return kept


class Centre:
    """``given`` has each number with its decision as the node gave it and history took it, by the outbox's name."""

    def __init__(self, world: World, node: Callable[[], Process | None]) -> None:
        self.world, self._node = world, node
        self.historian = SimHistorian(world)
        self.given: dict[tuple[str, int], Decision] = {}
        self._old: Sequence[Entry] = ()
        self.calm()
        world.after(world.period, self._go, patient=True)

    def calm(self) -> None:
        """No faults."""
        self.cut, self.unanswered, self.repeats = False, 0.0, 0.0
        self.historian.refuses = 0.0

    def fetch(self) -> bool:
        """All that waits; False when something came in between."""
        try:
            entries = self._ask(lambda node: node.glance(-1, 1, FETCH).entries)
            if self._old and self.world.happens(self.repeats):
                self._delivered(self._old)  # an answer that comes twice, or late: history may have refused it before
            collect(entries, keep=self._keep, acknowledge=self._acknowledge,
                    more=lambda: self._ask(lambda node: node.outbox(limit=FETCH)))
        except (EnvironmentFailed, Refused):
            return False
        return True

    def _acknowledge(self, number: int, outbox: str) -> None:
        self._ask(lambda node: node.acknowledge_outbox(number, outbox))

    def kept(self) -> list[Decision]:
        """The decisions in history, in order of time."""
        paths = list(decision_paths(LOOP, ASSET).values())
        return decisions_of(LOOP, ASSET, self.historian.read(paths, EARLIEST, LATEST))

    def _go(self) -> None:
        self.world.after(self.world.within(self.world.period // 2, 3 * self.world.period), self._go, patient=True)
        self.fetch()

    def _keep(self, entries: Sequence[Entry]) -> int:
        numbers = [one.sequence for one in entries]
        self.world.check(numbers == sorted(set(numbers)), f"the outbox gives {numbers}")
        self._old = entries
        return self._delivered(entries)

    def _delivered(self, entries: Sequence[Entry]) -> int:
        before = self.historian.arrived()
        try:
            number = deliver(entries, self.historian, NODE)
        except EnvironmentFailed:
            if self.historian.arrived() > before:
                self._note(entries)
            raise
        self._note(entries)
        return number

    def _note(self, entries: Sequence[Entry]) -> None:
        for one in entries:
            before = self.given.setdefault((one.outbox, one.sequence), one.decision)
            self.world.check(before == one.decision, f"number {one.sequence} was {before}, and now is {one.decision}")

    def _ask(self, what: Callable[[Node], _Answer]) -> _Answer:
        self._travel()
        process = self._node()
        if process is None or self.cut:
            raise EnvironmentFailed("the node does not answer", where=NODE, do="see whether its process runs")
        try:
            answer = what(process.node)
        except Killed:
            raise EnvironmentFailed("the node died", where=NODE, do="ask the next one") from None
        if self.world.happens(self.unanswered):
            raise EnvironmentFailed("the node's answer was lost", where=NODE, do="ask again")
        self._travel()
        return answer

    def _travel(self) -> None:
        if self.world.happens(0.2):
            try:
                self.world.wait(self.world.within(0, self.world.period), lambda: True)
            except Killed:  # the node was, in what it did meanwhile
                return
