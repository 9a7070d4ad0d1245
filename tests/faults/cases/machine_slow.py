"""A disk that takes its time to flush, under real processes."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from tests.e2e.conftest import node_of, numbered, with_history
from tests.faults.case import Injection, Outcome, case
from tests.faults.slow import SlowDisk
from tests.faults.small import PERIOD_NS, SmallNode, small_node
from tests.processes import Process, until

from lineshaft.app.project import Project
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.clock import SECOND
from lineshaft.core.health import Health
from lineshaft.feedback.decisions import decisions
from lineshaft.node.buffer import DiskBuffer

HELD_S, SAYS, TOLD_FROM_S = 6.0, "the disk is slow", 1.0
PATIENCE_S, LOOP, ASSET = 120.0, "cell", "works/hall1"
MOST_APART_NS = 2 * SECOND  # a plant on a busy machine, which gives a value each 200 ms


@case(3, 4, 7, times=4, quick=0)
def slow_disk_under_a_node(at: Injection) -> Outcome:
    """Each flush of a running node's disk takes 0.2 to 2 s for a while: it decides on, misses no more slots than
    before, says which file is slow where a second goes by, keeps every decision, and is well again."""
    slow, each_s = SlowDisk(at.folder / "disk"), (1.6, 0.2, 2.0, 0.8)[at.seed % 4]
    with small_node(at.folder, environment=slow.environment) as node:
        node.start().first_line()
        node.active()
        usual = _missed(node, HELD_S)
        slow.takes(each_s)
        lies = _untrue(node, usual, told=each_s > TOLD_FROM_S)
        slow.takes(0.0)
        begun = time.monotonic()
        until(lambda: not _said(node), "quick disk")
        took = time.monotonic() - begun
        node.remote.stop()
        node.running[-1].popen.wait(30)
        kept = node.kept()
    return Outcome(1, lost=kept[-1][0] - len(kept), lies=tuple(lies), recovery_s=(took,))


@case(1, 2, 3, 4, 7, times=2, quick=0)
def slow_disk_under_a_run(at: Injection) -> Outcome:
    """Each flush of everything takes a second under a whole run that records, decides and delivers, then the disk is
    quick again: every sample and decision is in the history once, the outbox is empty."""
    slow = SlowDisk(at.folder / "disk")
    with ExitStack() as stack:
        plant = Process(["plant", "serve", "--speed", "10"], at.folder / "plant.log")
        stack.callback(plant.close)
        project = with_history(at.folder / "project", str(plant.first_line()["url"]))
        run = Process(["run", "--no-console", "--project", str(project), "-o", "json"], at.folder / "run.log",
                      environment=slow.environment)
        stack.callback(run.close)
        node = node_of(project)
        begun_ns, ticks = time.time_ns(), int(node.status()["ticks"])
        slow.takes(at.chance.uniform(0.8, 1.2))
        until(lambda: int(node.status()["ticks"]) > ticks + HELD_S * 5, "decisions on a slow disk", PATIENCE_S)
        slow.takes(0.0)
        begun, now = time.monotonic(), time.time_ns()
        until(lambda: _delivered(project, now), "decision in history", PATIENCE_S)
        took, found = time.monotonic() - begun, run.ended()
    lost, doubled = _kept(project, begun_ns)
    return Outcome(1, lost + int(found["lost"]), doubled, recovery_s=(took,))


def _missed(node: SmallNode, seconds: float) -> int:
    """Slots that it misses on this machine in so long."""
    before = int(node.remote.status()["missed_slots"])
    _ticks(node, seconds)
    return int(node.remote.status()["missed_slots"]) - before


def _untrue(node: SmallNode, usual: int, *, told: bool) -> list[str]:
    before = int(node.remote.status()["missed_slots"])
    if told:
        until(lambda: _said(node), "word on the disk")
    _ticks(node, HELD_S)
    missed = int(node.remote.status()["missed_slots"]) - before
    lies = [f"{missed} slots were missed, {usual} in as long before"] if missed > usual + HELD_S else []
    if told and not all("node.sqlite" in one for one in _said(node)):
        lies.append("it does not say which file")
    return lies + (["it is slow and active"] if told and node.remote.health().state is Health.ACTIVE else [])


def _ticks(node: SmallNode, seconds: float) -> None:
    wanted = int(node.remote.status()["ticks"]) + seconds * SECOND / PERIOD_NS
    until(lambda: int(node.remote.status()["ticks"]) > wanted, "decisions")


def _said(node: SmallNode) -> list[str]:
    return [one for one in node.remote.health().reasons if one.startswith(SAYS)]


def _delivered(project: Path, after: int) -> bool:
    with Project.open(project).historian() as historian:
        return bool(decisions(historian, LOOP, ASSET, after, 2**62))


def _kept(project: Path, since: int) -> tuple[int, int]:
    """Lost and doubled: decisions by the outbox's own numbers, samples by the steady steps of the plant."""
    with Project.open(project).historian() as historian:
        found = [one.time for one in decisions(historian, LOOP, ASSET, 0, 2**62)]
        given_out = numbered(historian)
        series = historian.read([tag.path for tag in TAGS], since, 2**62)
    buffer = DiskBuffer(project / "node", loop=LOOP, asset=ASSET)
    waiting = buffer.depth
    buffer.close()
    steps = [np.diff(np.sort(one.time)) for one in series.values() if len(one.time) > 1]
    gaps = sum(int((step > MOST_APART_NS).sum()) for step in steps)
    doubled = sum(int((step == 0).sum()) for step in steps) + len(found) - len(set(found))
    return max(0, given_out - len(found)) + waiting + gaps, doubled
