"""``kill -9`` inside a swap: of the node that takes the bundle in, or of the command that deploys it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import psutil
from tests.e2e.conftest import numbered
from tests.faults import small
from tests.faults.armed import Step, environment
from tests.faults.case import Injection, Outcome, case
from tests.processes import Process, until

from lineshaft.app.config import FILE
from lineshaft.app.deploy import deploy
from lineshaft.app.project import Project
from lineshaft.app.remote import RemoteNode
from lineshaft.app.template import template
from lineshaft.bundle.inspect import inspect
from lineshaft.core.alarm import Alarm, AlarmState
from lineshaft.core.clock import SECOND
from lineshaft.feedback.decisions import decisions
from lineshaft.node.buffer import DiskBuffer

NODE, PERSON = ("node", "run"), ("bundle", "deploy")
_CALLS = (Step(NODE, "lineshaft.app.edge", "load", 2), Step(NODE, "lineshaft.app.edge", "replay_golden", 2),
          Step(NODE, "lineshaft.node.agent", "prepare"), Step(NODE, "lineshaft.node.agent", "exchange"),
          Step(NODE, "lineshaft.node.loop:Loop", "offer"), Step(NODE, "lineshaft.node.loop:Loop", "_seat"),
          Step(NODE, "lineshaft.node.fallback:Fallback", "exchange"),
          Step(NODE, "lineshaft.node.buffer:DiskBuffer", "_insert", 1, since=("lineshaft.node.loop:Loop", "_seat")),
          Step(PERSON, "lineshaft.app.remote:RemoteNode", "bring"),
          Step(PERSON, "lineshaft.app.project:Project", "note_decides"),
          Step(PERSON, "lineshaft.app.project", "write_whole"))
STEPS = tuple(replace(step, done=done) for step in _CALLS for done in (False, True))
HOUR, PATIENCE_S = 3600 * SECOND, 120.0


@case(1, 2, 5, 6, 7, times=len(STEPS), quick=0)
def killed_within_a_swap(at: Injection) -> Outcome:
    """kill -9 before or after each step of a swap under a whole run that decides every 100 ms: of the node that opens,
    replays, warms and takes the newer bundle, or of the command that deploys it. One of the two decides afterwards, the
    note names it, each decision names its own, the shelved alarm stays shelved."""
    step = STEPS[at.seed * 5 % len(STEPS)]
    with _running(at.folder, step) as running:
        begun = running.kill()
        running.whole_again()
        took = time.monotonic() - begun
        lies = running.untrue()
        running.run.ended()
    lost, doubled, more = _kept(running)
    return Outcome(1, lost, doubled, tuple(f"{step}: {one}" for one in lies + more), (took,))


@dataclass(slots=True)
class Running:
    """A project whose first bundle decides, under ``lineshaft run``; ``digests`` are those of its bundles."""

    folder: Path
    step: Step
    environment: dict[str, str]
    digests: list[str]
    run: Process
    stack: ExitStack
    alarm: Alarm | None = None

    @property
    def node(self) -> RemoteNode:
        return RemoteNode(self.folder / "node")

    def kill(self) -> float:
        """Deploy the second bundle; when the process that dies of it was dead."""
        until(self._shelved, "shelved alarm", PATIENCE_S)
        [before] = self.run.nodes()
        person = Process(["bundle", "deploy", f"{small.LOOP}-2", "--project", str(self.folder)],
                         self.folder / "deploy.log", environment=self.environment)
        self.stack.callback(person.close)
        code = person.popen.wait(PATIENCE_S)
        if self.step.words == PERSON:
            assert code == -signal.SIGKILL, f"{self.step}: it ended with {code}: {person.said()}"
        else:
            _ended(before)
        return time.monotonic()

    def whole_again(self) -> None:
        """A node decides, and what it decided after that is in the history."""
        until(lambda: self.node.status()["ticks"] > 3, "deciding node", PATIENCE_S)
        now = time.time_ns()
        until(lambda: _decisions(self.folder, now), "decision in history", PATIENCE_S)

    def untrue(self) -> list[str]:
        """What is not as it should be while it decides again."""
        decides = str(self.node.status()["bundle"])
        until(lambda: _noted(self.folder) == str(self.node.status()["bundle"]), "note that names what decides")
        [alarm] = self.node.alarms()
        assert self.alarm is not None
        return [why for why, so in (
            (f"{decides} decides", decides not in self.digests),
            (f"the alarm was {self.alarm} and is {alarm}",
             (alarm.state, alarm.by, alarm.reason, alarm.until) != (
                 self.alarm.state, self.alarm.by, self.alarm.reason, self.alarm.until))) if so]

    def _shelved(self) -> bool:
        """Its score is over the limit whenever a tag has a value; whether it is or not, shelved is shelved."""
        raised = [one for one in self.node.alarms() if one.state is AlarmState.UNACKNOWLEDGED]
        if raised and self.alarm is None:
            self.alarm = self.node.act(raised[0].name, "shelve", by="ana", reason="a swap", until=time.time_ns() + HOUR)
        return self.alarm is not None


@contextmanager
def _running(folder: Path, step: Step) -> Iterator[Running]:
    made, project = small.parts(folder / "made"), folder / "project"
    project.mkdir()
    text = template("plant:?speed=1", name="works/cell", loop=small.LOOP, period="100ms", learn="by hand")
    text = text.replace('"keys/lineshaft.key"', '"../made/signer.key"').replace("8421", "0").replace("4841", "0")
    (project / FILE).write_text(text, "utf-8")
    digests = []
    for version in (1, 2):
        path = small.bundle(made, version, f"../project/bundles/{small.LOOP}-{version}")
        digests.append(str(inspect(path)["digest"]))
    deploy(Project.open(project), Path(f"{small.LOOP}-1"))
    order = dict(environment(step, folder / "order"))
    with ExitStack() as stack:
        run = Process(["run", "--no-console", "--project", str(project), "-o", "json"], folder / "run.log",
                      environment=order)
        stack.callback(run.close)
        yield Running(project, step, order, digests, run, stack)


def _ended(process: psutil.Process) -> None:
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "dead node")


def _decisions(project: Path, after: int = 0) -> list[str]:
    with Project.open(project).historian() as historian:
        return [one.bundle for one in decisions(historian, small.LOOP, "works/cell", after, 2**62)]


def _noted(project: Path) -> str:
    found = Project.open(project).decides()
    return str(inspect(found)["digest"]) if found else ""


def _kept(running: Running) -> tuple[int, int, list[str]]:
    """Lost, doubled, and what the history says that can't be, once all has ended."""
    with Project.open(running.folder).historian() as historian:
        found = decisions(historian, small.LOOP, "works/cell", 0, 2**62)
        given_out = numbered(historian)
    buffer = DiskBuffer(running.folder / "node", loop=small.LOOP, asset="works/cell")
    waiting = buffer.depth
    buffer.close()
    order = [name for name, _ in groupby(one.bundle for one in found)]
    lies = [] if set(order) <= set(running.digests) and len(order) <= 3 else [f"decided by {order} in turn"]
    return (max(0, given_out - len(found)) + waiting, len(found) - len({one.time for one in found}), lies)
