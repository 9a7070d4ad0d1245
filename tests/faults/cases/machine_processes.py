"""The processes of a running project are killed at random instants, again and again."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
from tests.e2e.conftest import free_port, node_of, numbered, with_history
from tests.faults.case import Injection, Outcome, case
from tests.processes import Process, until

from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.connect.plant.tags import TAGS
from lineshaft.core.decision import Decision
from lineshaft.feedback.decisions import decisions
from lineshaft.node.buffer import DiskBuffer

KILLS = 6
PATIENCE_S = 90.0


@case(1, 5, 6, 7, times=4, quick=0)
def processes_killed_at_random_instants(at: Injection) -> Outcome:
    """kill -9 of the node, of the run that records and keeps it, and of the plant, or a node without a turn for three
    seconds: six times at random instants."""
    with _project(at.folder) as (system, folder):
        took = []
        for _ in range(KILLS):
            time.sleep(at.chance.uniform(0.0, 1.5))
            begun = time.monotonic()
            system.harm(at.chance.choice(("node", "run", "plant", "node and run", "no turn")))
            system.whole_again()
            took.append(time.monotonic() - begun)
        digest = node_of(folder).status()["bundle"]
        system.end()
        lost, doubled, lies = _history(folder, digest)
        return Outcome(KILLS, lost, doubled, tuple(lies), tuple(took))


class System:
    """A plant and a run on its project."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack, self._port = folder, stack, free_port()
        self.plant = self._plant()
        self.project = with_history(folder / "project", str(self.plant.first_line()["url"]))
        self.run = self._run()

    def harm(self, what: str) -> None:
        """SIGKILL: nobody says goodbye; or a node that gets no turn for three seconds."""
        if what == "no turn":
            for node in self.run.nodes():
                node.suspend()
                time.sleep(3.0)
                node.resume()
        if "node" in what:
            for node in self.run.nodes():
                _kill(node)
        if "run" in what:
            self.run.popen.kill()
            self.run.popen.wait()
            self.run = self._run()
        if what == "plant":
            self.plant.popen.kill()
            self.plant.popen.wait()
            self.plant = self._plant()
            self.plant.first_line()

    def whole_again(self) -> None:
        """Wait until a node decides on every tag, and its newest decisions reach the history."""
        until(self._active, "active node", PATIENCE_S)
        now = time.time_ns()
        until(lambda: [one for one in _kept(self.project) if one.time > now], "decision in history", PATIENCE_S)

    def end(self) -> None:
        """Let it end by itself."""
        self.run.popen.send_signal(signal.SIGINT)
        self.run.popen.wait(timeout=PATIENCE_S)

    def _active(self) -> bool:
        return RemoteNode(self.project / "node").health().state == "active"

    def _plant(self) -> Process:
        return self._begin("plant", "serve", "--speed", "10", "--port", str(self._port))

    def _run(self) -> Process:
        return self._begin("run", "--no-console", "--project", str(self.folder / "project"), "-o", "json")

    def _begin(self, *words: str) -> Process:
        process = Process(words, self.folder / f"{words[0]}.log")
        self._stack.callback(process.close)
        return process


@contextmanager
def _project(folder: Path) -> Iterator[tuple[System, Path]]:
    with ExitStack() as stack:
        system = System(folder, stack)
        stack.callback(_end_left_over, system.project)
        node_of(system.project)
        system.whole_again()
        yield system, system.project


def _end_left_over(project: Path) -> None:
    """A node that outlived its run is nobody's child any more."""
    for one in psutil.process_iter(["cmdline"]):
        if str(project) in (one.info["cmdline"] or []) or str(project / "node") in (one.info["cmdline"] or []):
            _kill(one)


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process.kill()
        process.wait(60)


def _kept(project: Path) -> list[Decision]:
    with Project.open(project).historian() as historian:
        return decisions(historian, "cell", "works/hall1", 0, 2**62)


def _history(folder: Path, digest: str) -> tuple[int, int, list[str]]:
    """Lost and doubled decisions by the node's own numbers, and what the history holds that the plant never gave."""
    kept = _kept(folder)
    with Project.open(folder).historian() as historian:
        given_out = numbered(historian)
        read = historian.read([tag.path for tag in TAGS], 0, 2**62)
    buffer = DiskBuffer(folder / "node", loop="cell", asset="works/hall1")
    waiting = buffer.depth
    buffer.close()
    lies = [f"a decision names the bundle {one.bundle}" for one in kept if one.bundle != digest]
    doubled = sum(int(len(series.time) - len(np.unique(series.time))) for series in read.values())
    lost = max(0, given_out - len(kept)) + waiting
    return lost, doubled + len(kept) - len({one.time for one in kept}), lies
