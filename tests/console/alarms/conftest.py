"""A project with a real node, whose clock is turned by hand, its history, and the console asked over HTTP."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.node.conftest import load, row  # noqa: F401 (fixtures)

from lineshaft.app import flow
from lineshaft.app.config import FILE
from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.core.alarm import Alarm
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.sample import Samples
from lineshaft.historian.store import EmbeddedHistorian, open_historian
from lineshaft.node.agent import Node
from lineshaft.node.seat import Loaded

ALARMING, QUIET = (60.0, 30.0, 10.0), (1.0, 1.0, 1.0)
API = "/api/v1/alarm"


class Plant:
    """Feeds a node and delivers its decisions; ``told`` are the alarm's changes as the node makes them."""

    def __init__(self, node: Node, historian: EmbeddedHistorian, clock: ManualClock,
                 row: Callable[..., Samples]) -> None:  # noqa: F811
        self.node, self.historian, self.clock, self._row = node, historian, clock, row
        self.told: queue.SimpleQueue[Alarm] = queue.SimpleQueue()
        node.on_alarm.append(self.told.put)

    def run(self, *values: float, ticks: int) -> None:
        """So many seconds of these values."""
        for _ in range(ticks):
            self.clock.advance(SECOND)
            self.node.feed(self._row(*values))

    def until(self, wanted: Callable[[Alarm], bool]) -> Alarm:
        """The next change of the alarm that is wanted."""
        while True:
            alarm = self.told.get(timeout=60)
            if wanted(alarm):
                return alarm

    def alarm(self, ticks: int = 6) -> Alarm:
        """It alarms for about so long; delivered."""
        self.run(*QUIET, ticks=4)
        self.run(*ALARMING, ticks=ticks)
        raised = self.until(lambda alarm: alarm.active)
        self.deliver()
        return raised

    def calm(self) -> Alarm:
        """It goes; delivered."""
        self.run(*QUIET, ticks=6)
        returned = self.until(lambda alarm: not alarm.active)
        self.deliver()
        return returned

    def deliver(self) -> None:
        assert self.node.buffer.flush()
        while entries := self.node.buffer.pending():
            self.node.buffer.acknowledge(flow.deliver(entries, self.historian, self.node.name))


@pytest.fixture
def clock() -> ManualClock:
    """An hour behind, so that all that happens in a test is past for the console too."""
    return ManualClock((time.time_ns() // SECOND - 3600) * SECOND)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    text = template(name="works").replace('# priority = "medium"', 'priority = "high"')
    (tmp_path / FILE).write_text(text, "utf-8")
    return Project.open(tmp_path)


@pytest.fixture
def historian(project: Project) -> Iterator[EmbeddedHistorian]:
    """Another process's view of the same history."""
    with open_historian(project.folder / project.config.history) as historian:
        yield historian


@pytest.fixture
def plant(project: Project, historian: EmbeddedHistorian, clock: ManualClock, load: Callable[..., Loaded],  # noqa: F811
          row: Callable[..., Samples]) -> Iterator[Plant]:  # noqa: F811
    node = Node(load(), project.node_folder, name="node1", asset="works", clock=clock)
    node.start()
    yield Plant(node, historian, clock, row)
    node.close()


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    with TestClient(make_app(Console(project.folder, OpenDoor())), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def ask(client: TestClient) -> Callable[..., Any]:
    """A GET that succeeds."""
    def asked(path: str = "", **query: object) -> Any:
        answer = client.get(API + path, params={name: str(value) for name, value in query.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()
    return asked


@pytest.fixture
def act(client: TestClient) -> Callable[..., tuple[int, Any]]:
    """A POST: status and answer."""
    def acted(path: str, **body: object) -> tuple[int, Any]:
        answer = client.post(API + path, json=body)
        return answer.status_code, answer.json()
    return acted
