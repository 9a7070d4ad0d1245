"""A console over an empty folder, and plants that really answer over OPC UA."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app
from lineshaft.app.console.setup.probe import Probe, Probes
from lineshaft.connect.opcua import security
from lineshaft.connect.opcua.server import ServerSecurity
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

T = TypeVar("T")
PATIENCE_S = 60.0
PASSWORD = "s3cret-enough"
ENCRYPT = "Basic256Sha256-SignAndEncrypt"
TAGS = (Tag("works/cell/P101/flow", unit="L/min", low=0.0, high=120.0, description="Flow of feed A", writable=True),
        Tag("works/cell/P101/running", kind="bool"), Tag("works/cell/T101/温度", unit="Cel", low=-10.0, high=150.0),
        Tag("works/cell/T101/remark", kind="text"))


class Plants:
    """Servers on an event loop of their own, as if they were elsewhere."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open: list[Simulator] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def start(self, tags: tuple[Tag, ...] = TAGS, **options: Any) -> Simulator:
        plant = Simulator(tags, **options)
        self.do(plant.start())
        self._open.append(plant)
        values = np.resize([61.5, 1.0, 70.25, np.nan], len(tags))
        self.do(plant.publish(Samples.row([tag.path for tag in tags], time.time_ns(), values)))
        return plant

    def close(self) -> None:
        for plant in self._open:
            self.do(plant.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()


@pytest.fixture(scope="module")
def plants() -> Iterator[Plants]:
    found = Plants()
    yield found
    found.close()


@pytest.fixture(scope="module")
def plant(plants: Plants) -> Simulator:
    return plants.start()


@pytest.fixture(scope="module")
def guarded_plant(plants: Plants, tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    """Encrypts if asked to, and lets in anna only."""
    identity = security.own_identity(tmp_path_factory.mktemp("server"), "plant")
    policy = ServerSecurity(("None", "Basic256Sha256-Sign", ENCRYPT), identity, users={"anna": PASSWORD},
                            anonymous=False)
    return plants.start(TAGS[:1], security=policy)


@pytest.fixture
def probes(tmp_path: Path) -> Iterator[Probes]:
    found = Probes(tmp_path)
    yield found
    found.shut()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A browser at a console over an empty folder."""
    with TestClient(make_app(Console(tmp_path, OpenDoor())), base_url="http://127.0.0.1") as client:
        yield client


def until(fulfilled: Callable[[], bool]) -> None:
    """Wait for what somebody else is bringing about."""
    end = time.monotonic() + PATIENCE_S
    while not fulfilled():
        assert time.monotonic() < end, "it never came about"
        threading.Event().wait(0.02)


def settled(probe: Probe) -> Probe:
    """The probe once it is neither connecting nor browsing."""
    until(lambda: probe.state not in ("connecting", "browsing"))
    return probe
