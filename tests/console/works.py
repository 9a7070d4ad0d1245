"""A works for the console's tests: a project with history, bundles learnt from it, and a real node that decides."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lineshaft.app import edge, flow, training
from lineshaft.app.console.context import Console
from lineshaft.app.console.door import Door, OpenDoor, Outcome, Person
from lineshaft.app.console.live.pulse import Pulse
from lineshaft.app.console.server import make_app
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.decision import Decision
from lineshaft.core.decision_tags import decision_samples, decision_tags
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.node.agent import Node

START, SECONDS, PERIOD = 1_700_000_000, 900, 0.1
ASSET = "works/hall1"
TAGS = tuple(Tag(f"{ASSET}/{name}", unit="bar", low=-10.0, high=10.0, address=name) for name in "abc")
PATHS = [tag.path for tag in TAGS]
VALUES = np.random.default_rng(3).normal(size=(round(SECONDS / PERIOD), 3))
VALUES[4000:, 1] += 4.0  # b drifts in the last 500 seconds
WAIT_S = 60.0


def at(second: float) -> int:
    return START * SECOND + round(second * SECOND)


def build(folder: Path) -> Project:
    """900 s of three tags, a bundle learnt from the first 200 of them, and a second one after a false alarm."""
    text = template(name=ASSET, period="100ms", learn="100s").replace('# learner = "auto"', 'learner = "zscore"')
    (folder / "lineshaft.toml").write_text(text, "utf-8")
    project = Project.open(folder)
    with project.historian() as historian, pytest.MonkeyPatch.context() as patch:
        from lineshaft.bundle.certify import certify

        patch.setattr("lineshaft.app.lowering.certify", partial(certify, clock=ManualClock()))
        historian.register([*TAGS, *decision_tags(project.loop, ASSET)])
        historian.append(Samples.rows(PATHS, np.array([at(row * PERIOD) for row in range(len(VALUES))]), VALUES))
        training.declare_normal(project, historian, at(0), at(200), flow.DECLARED, "taken as normal")
        first = training.train(project, historian)
        flow.review(historian, Feedback(project.loop, at(300), at(320), Verdict.BAD, True, "anna", "filter cleaned",
                                        at(330)))
        training.train(project, historian)
        historian.append(decision_samples(
            Decision(project.loop, ASSET, at(second), 0.5 if second < 600 else 2.0, second >= 600)
            for second in range(200, SECONDS)))
        project.note_decides(first.packed.digest)
    return project


@contextmanager
def running(project: Project, version: int = 1) -> Iterator[Node]:
    """A node of the project, fed as its plant would."""
    public = project.key.with_suffix(".pub")
    node = edge.open_node(project.bundles()[version], edge.Place(
        project.node_folder, (public,), project.config.node.name, ASSET))
    node.start()
    over, random = threading.Event(), np.random.default_rng(5)

    def feed() -> None:
        while not over.wait(PERIOD / 4):
            node.feed(Samples.row(PATHS, time.time_ns(), random.normal(size=3)))
            node.poll()

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield node
    finally:
        over.set()
        thread.join()
        node.close()


class Noting(OpenDoor):
    """Keeps what was noted; admits as somebody of this role, where one is given."""

    def __init__(self, person: Person | None = None) -> None:
        self.notes: list[tuple[str, str, str]] = []
        self._person = person

    def who(self, connection: Any) -> Person | None:
        return self._person or super().who(connection)

    def note(self, person: Person, act: str, what: str, detail: object = None, *, outcome: Outcome = "done") -> None:
        self.notes.append((act, what, outcome))


class Opened:
    """A console and a client of it."""

    def __init__(self, console: Console, client: TestClient) -> None:
        self.console, self.client = console, client

    def get(self, path: str, **query: Any) -> Any:
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str) -> Any:
        answer = self.client.post(f"/api/v1{path}", json={})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, status: int) -> str:
        answer = self.client.request(method, f"/api/v1{path}", json={} if method == "POST" else None)
        assert answer.status_code == status, answer.text
        return str(answer.json()["error"])

    def wait(self, holds: Callable[[Pulse], bool]) -> Pulse:
        """The first pulse from now on of which it holds."""
        found, there = list[Pulse](), threading.Event()

        def see(pulse: Pulse) -> None:
            if not found and holds(pulse):
                found.append(pulse)
                there.set()

        self.console.pulse.listeners.append(see)
        try:
            assert there.wait(WAIT_S), self.console.pulse.newest
        finally:
            self.console.pulse.listeners.remove(see)
        return found[0]

    @contextmanager
    def job(self) -> Iterator[dict[str, Any]]:
        """Whatever job ends inside is awaited at the end, and stands in the dict that is given."""
        told, there = dict[str, Any](), threading.Event()

        def see(job: dict[str, Any]) -> None:
            if job["state"] != "running":
                told.update(job)
                there.set()

        self.console.jobs.listeners.append(see)
        try:
            yield told
            assert there.wait(2 * WAIT_S)
        finally:
            self.console.jobs.listeners.remove(see)


@contextmanager
def opened(folder: Path, door: Door | None = None) -> Iterator[Opened]:
    console = Console(folder, door or Noting())
    with TestClient(make_app(console), base_url="http://127.0.0.1") as client:
        yield Opened(console, client)
