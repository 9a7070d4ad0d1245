"""The wall clock of a real node is set, by hand or for a leap second; summer time begins and ends around it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from tests.faults.case import Injection, Outcome, case
from tests.faults.faked import WallClock
from tests.faults.small import PERIOD_NS, SmallNode, small_node
from tests.processes import Process, until

from lineshaft.core.clock import SECOND
from lineshaft.node.health import HealthReport

HOLD_S, TOLD_S = 1.5, 1.0
PERIOD_S = PERIOD_NS / SECOND
WRITTEN_NS = SECOND // 10
"""A slot may be decided a period before it is due, and a clock is read on while it is being set."""
SAYS = "the node's clock was set"
ZONE = "Europe/Berlin"
SECONDS = ((2.0, 10.0), (60.0, 300.0), (1800.0, 3600.0))
TURNS = {"summer time begins": (datetime(2026, 3, 29, 1, tzinfo=UTC), 0.0),
         "summer time ends": (datetime(2026, 10, 25, 1, tzinfo=UTC), 0.0),
         "a leap second": (datetime(2017, 1, 1, tzinfo=UTC), -1.0)}
"""A moment (UTC), and by how many seconds a machine sets its clock then: a leap second is the last one once more."""


@dataclass(slots=True)
class Shown:
    """What a clock showed: spans of UTC ns, the last one open, and how often it was set back."""

    clock: WallClock
    spans: list[tuple[int, int]] = field(default_factory=list)
    back: int = 0
    _begun: int = 0

    def begin(self) -> None:
        self._begun = self.clock.now()

    def set(self, by_s: float) -> None:
        """By so many seconds forward, or back."""
        self.spans.append((self._begun, self.clock.now()))
        self.clock.set(self.clock.offset_s + by_s)
        self._begun = self.clock.now()
        self.back += by_s < 0

    def untrue(self, times: Sequence[int], period_ns: int = PERIOD_NS) -> list[str]:
        """Decisions of times that were never shown, or that go back more often than the clock was set back."""
        spans = [*self.spans, (self._begun, self.clock.now())]
        off = [(at, min(max(a - at, at - b) for a, b in spans) / SECOND) for at in times]
        late = [(at, by) for at, by in off if by > (period_ns + WRITTEN_NS) / SECOND]
        back = sum(b <= a for a, b in pairwise(times))
        return [f"{len(late)} decisions of times that the clock never showed: {late[:3]}"] * bool(late) + [
            f"time went back {back} times, the clock {self.back}"] * (back > self.back)


@case(1, 2, 3, 4, 7, times=8, quick=2)
def clock_of_a_node_is_set(at: Injection) -> Outcome:
    """The clock of a running node is set by 2 s to an hour, forward and back, and right again in the end; its plant
    has the same clock or one of its own."""
    apart = bool(at.seed % 2)
    with _node(at.folder, WallClock(at.folder / "clock"), apart=apart) as (node, shown):
        steps = [at.chance.choice((-1, 1)) * at.chance.uniform(*at.chance.choice(SECONDS)) for _ in range(3)]
        lies, took = [], []
        for by_s in (*steps, -sum(steps)):
            if by_s:
                begun = time.monotonic()
                lies += _stepped(node, shown, by_s, apart=apart)
                took.append(time.monotonic() - begun)
        return _ended(node, shown, lies, took)


@case(1, 2, 3, 4, 7, times=len(TURNS), quick=len(TURNS))
def the_clock_of_a_node_turns(at: Injection) -> Outcome:
    """The last second of a day comes twice (a leap second); or summer time begins or ends where the machine's zone has
    it, and nothing may come of that."""
    moment, by_s = list(TURNS.values())[at.seed % len(TURNS)]
    clock = WallClock(at.folder / "clock", zone=ZONE)
    clock.show(moment.timestamp() - 5.0)
    with _node(at.folder, clock) as (node, shown):
        until(lambda: clock.now() >= moment.timestamp() * SECOND, "turn")
        lies, took = [], []
        if by_s:
            begun = time.monotonic()
            lies += _stepped(node, shown, by_s, apart=False)
            took.append(time.monotonic() - begun)
        until(lambda: clock.now() >= (moment.timestamp() + HOLD_S) * SECOND, "decisions after the turn")
        said = _of_the_clock(node)
        if len(said) != bool(by_s):
            lies.append(f"of the clock it said {said}")
        return _ended(node, shown, lies, took)


@contextmanager
def _node(folder: Path, clock: WallClock, *, apart: bool = False) -> Iterator[tuple[SmallNode, Shown]]:
    plant = Process(["plant", "serve"], folder / "plant.log") if apart else None
    try:
        source = str(plant.first_line()["url"]) if plant else "plant:"
        with small_node(folder, source=source, environment=clock.environment) as node:
            shown = Shown(clock)
            shown.begin()
            node.start().first_line()
            node.active()
            yield node, shown
    finally:
        if plant:
            plant.close()


def _stepped(node: SmallNode, shown: Shown, by_s: float, *, apart: bool) -> list[str]:
    """What was said untruly after a step; while its clock is not that of a plant ``apart``, nothing may be used."""
    ticks, missed = _slots(node)
    missed += max(0, round(by_s / PERIOD_S))  # slots that a step forward skips
    before = _of_the_clock(node)[-1:]
    shown.set(by_s)
    begun, wrong = time.monotonic(), apart and abs(shown.clock.offset_s) > 1.5
    way = f"{SAYS} {'forward' if by_s > 0 else 'back'}"
    until(lambda: [one for one in _of_the_clock(node)[-1:] if one.startswith(way) and [one] != before],
          "word on the clock")
    late = time.monotonic() - begun - (_slots(node)[1] - missed) * PERIOD_S  # it had no turn in slots that it missed
    until(lambda: _others(node.remote.health()) if wrong else not _others(node.remote.health()), "health after it")
    until(lambda: sum(_slots(node)) - ticks - missed >= HOLD_S / PERIOD_S, "decisions after a step of the clock")
    found, held = node.remote.health(), time.monotonic() - begun
    decided = sum(_slots(node)) - ticks - missed
    lies = [f"{late:.2f} s until it said that the clock was set"] if late > TOLD_S else []
    if wrong and len(found.tags) != 3:
        lies.append(f"by a clock that is wrong it uses all but {found.tags}")
    if decided < 0.5 * held / PERIOD_S:
        lies.append(f"{decided} slots were decided or counted as missed in {held:.1f} s after a step of {by_s:g} s")
    return lies


def _slots(node: SmallNode) -> tuple[int, int]:
    """Slots decided, and slots missed."""
    status = node.remote.status()
    return int(status["ticks"]), int(status["missed_slots"])


def _of_the_clock(node: SmallNode) -> list[str]:
    return [why for why in node.remote.health().reasons if why.startswith(SAYS)]


def _others(report: HealthReport) -> list[str]:
    return [why for why in report.reasons if not why.startswith(SAYS)]


def _ended(node: SmallNode, shown: Shown, lies: list[str], took: list[float]) -> Outcome:
    node.remote.stop()
    node.running[-1].popen.wait(60)
    kept = node.kept()
    lies += shown.untrue([when for _, when in kept])
    lies += [f"{when} is no slot" for _, when in kept if when % PERIOD_NS]
    return Outcome(max(1, len(took)), lost=kept[-1][0] - len(kept), lies=tuple(lies), recovery_s=tuple(took))
