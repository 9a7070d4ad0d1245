"""The wall clock is set under a whole ``lineshaft run``: recorder, learning, node, and the way of its decisions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.e2e.conftest import numbered, settle
from tests.faults.case import Injection, Outcome, case
from tests.faults.cases.machine_clock import SAYS, SECONDS, Shown
from tests.faults.faked import WallClock
from tests.processes import Process, until

from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.clock import SECOND
from lineshaft.core.health import Health
from lineshaft.feedback.decisions import decisions
from lineshaft.node.buffer import DiskBuffer

PERIOD_NS, ASSET, LOOP = SECOND // 5, "works/hall1", "cell"
LEARN_S, HOLD_S, PATIENCE_S = 20, 2.0, 400.0
MOST_APART = 50  # periods
TOLD_S = 2.0
"""Health has to say it within two periods; half a second goes by between two looks of a run, and the rest is for a busy
machine, of which the slots that the node missed are taken off."""


@case(1, 2, 3, 4, 7, times=6, quick=0)
def clock_of_a_run_is_set(at: Injection) -> Outcome:
    """The clock of a machine is set by 2 s to an hour, forward and back, while its run records and learns, and again
    while it decides and delivers; its plant has the same clock or one of its own. Samples and decisions are in the
    history once, the outbox is empty, what was learnt from had been recorded for long enough."""
    with _running(at.folder, apart=bool(at.seed % 2)) as one:
        lies = one.learnt([_drawn(at), _drawn(at)])
        took = []
        for _ in range(2):
            by_s = _drawn(at)
            lies += one.stepped(by_s)
            took.append(one.back(-by_s))
        one.run.ended()
    lost, doubled, more = one.kept()
    return Outcome(4 + 2 * len(took), lost, doubled, (*lies, *more), tuple(took))


def _drawn(at: Injection) -> float:
    return at.chance.choice((-1, 1)) * at.chance.uniform(*at.chance.choice(SECONDS))


@dataclass(slots=True)
class Running:
    """A run by a clock that is set; ``apart``: its plant lives by the true one."""

    folder: Path
    run: Process
    shown: Shown
    apart: bool
    wrong: list[str] = field(default_factory=list)

    @property
    def node(self) -> RemoteNode:
        return RemoteNode(self.folder / "node")

    def learnt(self, steps: list[float]) -> list[str]:
        """Set the clock there and back while it records what it will learn from; what is untrue of that."""
        until(lambda: "Recording" in self.run.said(), "recording", PATIENCE_S)
        begun = time.monotonic()
        for by_s in steps:
            time.sleep(HOLD_S)
            self.shown.set(by_s)
            time.sleep(HOLD_S)
            self.shown.set(-by_s)
        until(lambda: "Learning from it" in self.run.said(), "learning", PATIENCE_S)
        took = time.monotonic() - begun
        until(self._active, "active node", PATIENCE_S)
        return [f"it learns after {took:.1f} s from {LEARN_S} s of operation"] if took < LEARN_S - 2 else []

    def stepped(self, by_s: float) -> list[str]:
        """Set it while it decides; what is untrue then."""
        before = self._of_the_clock()[-1:]
        status = self.node.status()
        missed = int(status["missed_slots"]) + max(0, round(by_s * SECOND / PERIOD_NS))
        self.shown.set(by_s)
        begun, way = time.monotonic(), f"{SAYS} {'forward' if by_s > 0 else 'back'}"
        until(lambda: [one for one in self._of_the_clock()[-1:] if one.startswith(way) and [one] != before],
              "word on the clock")
        after = self.node.status()
        late = time.monotonic() - begun - (int(after["missed_slots"]) - missed) * PERIOD_NS / SECOND
        ticks = int(after["ticks"])
        until(lambda: int(self.node.status()["ticks"]) > ticks + HOLD_S * SECOND / PERIOD_NS, "decisions after it")
        return [f"{late:.2f} s until it said that the clock was set by {by_s:.0f} s"] if late > TOLD_S else []

    def back(self, by_s: float) -> float:
        """Right again: seconds until every tag is used and what is decided then has reached the history."""
        self.shown.set(by_s)
        begun = time.monotonic()
        until(self._active, "active node", PATIENCE_S)
        known = self._given_out()
        until(lambda: self._given_out() > known + 1, "decision in history", PATIENCE_S)
        return time.monotonic() - begun

    def kept(self) -> tuple[int, int, list[str]]:
        """Lost, doubled, and what the history holds that can't be, once all has ended."""
        with Project.open(self.folder).historian() as historian:
            found = [one.time for one in decisions(historian, LOOP, ASSET, 0, 2**62)]
            given_out = numbered(historian)
            times = [series.time for series in historian.read([tag.path for tag in TAGS], 0, 2**62).values()
                     if len(series.time)]
        buffer = DiskBuffer(self.folder / "node", loop=LOOP, asset=ASSET)
        waiting = buffer.depth
        buffer.close()
        lies = [f"{waiting} decisions wait in the outbox"] if waiting else []
        lies += self.shown.untrue(sorted(found), PERIOD_NS)
        return (abs(given_out - len(found)) + waiting + (sum(map(_gaps, times)) if self.apart else 0),
                sum(len(moments) - len(np.unique(moments)) for moments in times) if self.apart else 0, lies)

    def _active(self) -> bool:
        report = self.node.health()
        others = [why for why in report.reasons if not why.startswith(SAYS)]
        return not others and report.state in (Health.ACTIVE, Health.DEGRADED)

    def _of_the_clock(self) -> list[str]:
        return [why for why in self.node.health().reasons if why.startswith(SAYS)]

    def _given_out(self) -> int:
        with Project.open(self.folder).historian() as historian:
            return numbered(historian)


def _gaps(times: NDArray[np.int64]) -> int:
    """Periods of a plant with a steady clock in which nothing came although it had been asked for.

    Seconds are no loss of ours: a plant that got no turn gives its rows at once, more than its server's queues hold.
    """
    steps = np.diff(np.sort(times)) // PERIOD_NS
    return int(np.maximum(steps - MOST_APART, 0).sum())


@contextmanager
def _running(folder: Path, *, apart: bool) -> Iterator[Running]:
    clock = WallClock(folder / "clock")
    with ExitStack() as stack:
        plant = Process(["plant", "serve", "--speed", "1"], folder / "plant.log",
                        environment={} if apart else clock.environment)
        stack.callback(plant.close)
        settle(folder / "project", str(plant.first_line()["url"]), learn=f"{LEARN_S}s")
        shown = Shown(clock)
        shown.begin()
        run = Process(["run", "--no-console", "--project", str(folder / "project"), "-o", "json"], folder / "run.log",
                      environment=clock.environment)
        stack.callback(run.close)
        yield Running(folder / "project", run, shown, apart)
