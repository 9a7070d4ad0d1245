"""Double entry: every decision that was emitted is in history once, or its loss was counted or could not be helped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec
from tests.faults.simulation.centre import Centre
from tests.faults.simulation.disk import SimDisk
from tests.faults.simulation.engine import LOOP
from tests.faults.simulation.process import Process
from tests.faults.simulation.world import World

from lineshaft.core.alarm import Alarm
from lineshaft.core.decision import Decision
from lineshaft.node.alarms import Transition


class Books:
    """``emitted`` by all lives of the node, in order; ``unsaved`` died with one of them before the disk had them."""

    def __init__(self, world: World, disk: SimDisk) -> None:
        self.world, self._disk = world, disk
        self.emitted: list[Decision] = []
        self.unsaved = self.given_up = 0
        self._lost_disks: list[tuple[str, int]] = []
        self._saved_before = 0

    def opened(self) -> None:
        """A life begins."""
        self._saved_before = self._saved()

    def ended(self, process: Process, *, well: bool) -> None:
        """A life is over; ``well``: it was stopped and the disk was well, so nothing may be missing."""
        saved, dropped = self._saved() - self._saved_before, process.node.buffer.dropped_memory
        unsaved = len(process.emitted) - saved - dropped
        self.emitted += process.emitted
        self.unsaved += unsaved
        self.given_up += dropped
        self.world.check(unsaved >= 0, f"{saved} are on disk and {dropped} were dropped of {len(process.emitted)}")
        self.world.check(not (well and unsaved), f"{unsaved} decisions were lost in a stop")

    def disk_lost(self) -> None:
        """What the centre has not fetched goes with the disk."""
        self._lost_disks.append((self._outbox(), self._saved()))

    def balance(self, centre: Centre, dropped: int) -> None:
        """At the end, when nothing waits; ``dropped`` is what the last disk counts as given up."""
        world = self.world
        given = list(centre.given.values())
        world.check(_in_order(given, self.emitted), "the outbox gave decisions that were not emitted in that order")
        fetched = Counter(outbox for outbox, _ in centre.given)
        on_lost_disks = sum(saved - fetched[outbox] for outbox, saved in self._lost_disks)
        missing = len(self.emitted) - len(given) - self.unsaved - self.given_up - on_lost_disks
        world.check(0 <= missing <= dropped, f"{missing} decisions are missing, {dropped} were counted as dropped")
        kept, wanted = centre.kept(), sorted(given, key=lambda one: one.time)
        if kept != wanted:
            extra, gone = _surplus(kept, wanted), _surplus(wanted, kept)
            world.fail(f"history differs from what the outbox gave: {len(extra)} too many {extra[:1]}, "
                       f"{len(gone)} lost {gone[:1]}")

    def _outbox(self) -> str:
        rows = self._disk.kept("SELECT value FROM count WHERE name = 'name'") if self._saved() else ()
        return f"{rows[0][0]:x}" if rows else ""

    def _saved(self) -> int:
        if not self._disk.kept("SELECT name FROM sqlite_master WHERE name = 'decision'"):
            return 0
        rows = self._disk.kept("SELECT seq FROM sqlite_sequence WHERE name = 'decision'")
        return int(rows[0][0]) if rows else 0


def check_alarms(world: World, disk: SimDisk, book: Sequence[Alarm], done: Sequence[tuple[str, str]]) -> None:
    """After a restart: the states are the durable ones, the journal is one chain and has every action that was done."""
    lines = [msgspec.json.decode(body, type=Transition)
             for (body,) in disk.kept("SELECT body FROM journal ORDER BY sequence")]
    stored = [msgspec.json.decode(body, type=Alarm) for (body,) in disk.kept("SELECT body FROM alarm")]
    for before, after in pairwise(lines):
        world.check(before.after is after.before, f"the journal goes from {before.after} to {after.before}")
    for alarm in stored:
        world.check(alarm in book, f"{alarm} was kept, the node began with {book}")
        world.check(not lines or alarm.state is lines[-1].after,
                    f"{alarm} was kept, the journal ends with {lines[-1:]}")
    world.check(bool(stored) or all(alarm == Alarm(LOOP, alarm.state, False, 0, 0) for alarm in book),
                f"nothing was kept, the node began with {book}")
    people = {line.by for line in lines}
    for action, person in done[-8:]:
        world.check(person in people, f"{action} by {person} was done and is not in the journal")


def _in_order(part: Sequence[Decision], whole: Sequence[Decision]) -> bool:
    rest = iter(whole)
    return all(any(one == other for other in rest) for one in part)


def _surplus(these: Sequence[Decision], those: Sequence[Decision]) -> list[Decision]:
    left = list(those)
    surplus = []
    for one in these:
        if one in left:
            left.remove(one)
        else:
            surplus.append(one)
    return surplus
