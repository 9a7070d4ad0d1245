"""What the OPC UA tests share: servers that really run, in this process and in one of their own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Protocol

import pytest
import pytest_asyncio

from lineshaft.connect.opcua.connector import OpcUaConnector
from lineshaft.connect.registry import open_connector
from lineshaft.core.sample import Sample
from lineshaft.core.tag import Tag

PATIENCE_S = 60.0
QUICK: dict[str, Any] = {"backoff_s": (0.05, 0.3), "timeout_s": 60.0}


class Connected(Protocol):
    def __call__(self, url: str, **options: Any) -> contextlib.AbstractAsyncContextManager[OpcUaConnector]: ...


@pytest.fixture
def connected() -> Connected:
    """An open connector that closes by itself."""
    @contextlib.asynccontextmanager
    async def connect(url: str, **options: Any) -> AsyncIterator[OpcUaConnector]:
        connector = open_connector(url, **{**QUICK, **options})
        assert isinstance(connector, OpcUaConnector)
        await connector.open()
        try:
            yield connector
        finally:
            await connector.close()
    return connect


class Follower:
    """A subscription whose samples can be waited for."""

    def __init__(self, connector: OpcUaConnector, tags: Sequence[Tag], period_ns: int) -> None:
        self.seen: list[Sample] = []
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._follow(connector, tags, period_ns))

    async def until(self, fulfilled: Callable[[list[Sample]], bool]) -> list[Sample]:
        """What came since the last call, once it fulfils a condition."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: fulfilled(self.seen) or self._task.done())
            if self._task.done():
                self._task.result()
            seen, self.seen = self.seen, []
            return seen

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self, connector: OpcUaConnector, tags: Sequence[Tag], period_ns: int) -> None:
        async for samples in connector.subscribe(tags, period_ns):
            async with self._news:
                self.seen.extend(samples)
                self._news.notify_all()


@pytest_asyncio.fixture(loop_scope="module")
async def follow() -> AsyncIterator[Callable[..., Follower]]:
    """Followers that are stopped at the end."""
    followers: list[Follower] = []

    def start(connector: OpcUaConnector, tags: Sequence[Tag], period_ns: int = 100_000_000) -> Follower:
        followers.append(Follower(connector, tags, period_ns))
        return followers[-1]

    yield start
    for follower in followers:
        await follower.stop()


class PlantProcess:
    """A simulator in a process of its own, to be killed."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    async def start(self, tags: int = 5) -> str:
        """Start on a free port, or again on the one it had."""
        port = self.url.split(":")[-1].split("/")[0] or "0"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lineshaft.connect.opcua", "--tags", str(tags), "--port", port,
            "--period", "0.05", stdout=asyncio.subprocess.PIPE)
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        self.url = line.decode().strip()
        return self.url

    def freeze(self) -> None:
        """SIGSTOP: the connection stands, but nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest_asyncio.fixture(loop_scope="module")
async def plant_process() -> AsyncIterator[PlantProcess]:
    plant = PlantProcess()
    yield plant
    await plant.kill()


@pytest.fixture(autouse=True)
def no_errors_in_tasks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A task that dies unseen fails the test."""
    yield
    lost = [record.getMessage() for record in caplog.get_records("call") if record.name == "asyncio"
            and record.levelname == "ERROR"]
    assert not lost
