"""A look at a source before it is in the file: connect, browse, read; never write."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from lineshaft.app.config import PASSWORD, Config, Plant, Task
from lineshaft.app.project import Project
from lineshaft.app.recipe import Recipe
from lineshaft.connect.registry import PACKAGE, connector_for, load, open_connector
from lineshaft.core.clock import SECOND
from lineshaft.core.connector import Connector
from lineshaft.core.endpoint import Endpoint
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused, UsageError
from lineshaft.core.quality import severity
from lineshaft.core.tag import Tag

IDLE_S, FRESH_S, ANSWER_S, BROWSE_S = 90.0, 1.0, 15.0, 180.0
MOST_PROBES, MOST_VALUES = 8, 300
PATIENCE_S = 10.0  # somebody waits who can see that it works, and may cancel
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Value:
    """A tag's newest value: time in ms; ``quality`` 0 good, 1 uncertain, 2 bad; ``value`` None where there is none."""

    time: int
    value: float | str | None
    quality: int


@dataclass(eq=False)
class Probe:
    """One source that somebody looks at. ``state`` is connecting, browsing, ready, failed or closed."""

    number: str
    source: str
    state: str = "connecting"
    error: LineshaftError | None = None
    endpoints: list[Endpoint] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    used: float = field(default_factory=time.monotonic)
    connector: Connector | None = None
    task: asyncio.Task[None] | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    read: tuple[float, frozenset[str], dict[str, Value]] = (0.0, frozenset(), {})


class Probes:
    """Sources that screens look at, on an event loop of their own; each is closed when nobody asks for a while.

    Every method may be called from any thread.
    """

    def __init__(self, folder: Path, *, idle_s: float = IDLE_S, fresh_s: float = FRESH_S) -> None:
        self._folder, self._idle_s, self._fresh_s = folder, idle_s, fresh_s
        self._probes: dict[str, Probe] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def open(self, source: str, options: Mapping[str, Any], password: str = "") -> Probe:
        """Begin to look at a source; ``UsageError`` at once for what makes no sense.

        The password stays in memory, and only as long as the connection.
        """
        project = _project(self._folder, source, options)
        given = project.options
        if connector_for(project.source) == "opcua":
            given = {"timeout_s": PATIENCE_S} | given
        if given.get("user") and (secret := password or os.environ.get(PASSWORD, "")):
            given = given | {"password": secret}
        with self._lock:
            if len(self._probes) >= MOST_PROBES:
                raise Refused(f"{MOST_PROBES} sources are being looked at already", where="set-up",
                              do="close one of the other pages, or wait a minute")
            probe = Probe(secrets.token_urlsafe(12), source)
            self._probes[probe.number] = probe
        self._do(self._start(probe, project.source, given))
        return probe

    def get(self, number: str) -> Probe:
        """One of them, which is in use then; ``UsageError`` where it was closed meanwhile."""
        with self._lock:
            probe = self._probes.get(number)
        if probe is None:
            raise UsageError("this connection was closed because nobody used it", where="set-up", do="connect again")
        probe.used = time.monotonic()
        return probe

    def values(self, number: str, paths: Sequence[str]) -> dict[str, Value]:
        """Newest values in one batched read; asked for again within a second, the same values."""
        probe = self.get(number)
        if probe.state != "ready":
            raise Refused("this source is not open yet", where=probe.source, do="wait until it is")
        wanted = frozenset(paths[:MOST_VALUES])
        return self._do(self._read(probe, [tag for tag in probe.tags if tag.path in wanted], wanted))

    def close(self, number: str) -> None:
        """Look no more, also in the middle of connecting; nothing happens where it is closed already."""
        with self._lock:
            probe = self._probes.pop(number, None)
        if probe is not None and probe.task is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(probe.task.cancel)

    def shut(self) -> None:
        """Close all of them and end."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
            tasks = [probe.task for probe in self._probes.values() if probe.task is not None]
            self._probes.clear()
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancelled(tasks), loop).result(ANSWER_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(ANSWER_S)
        loop.close()

    # -- on the loop

    async def _start(self, probe: Probe, uri: str, options: dict[str, object]) -> None:
        probe.task = asyncio.create_task(self._look(probe, uri, options))
        probe.task.add_done_callback(lambda task: self._ended(probe, task))

    async def _look(self, probe: Probe, uri: str, options: dict[str, object]) -> None:
        connector = probe.connector = open_connector(uri, guard=None, **options)
        try:
            probe.endpoints = await _endpoints(uri, options)
            await connector.open()
            probe.state = "browsing"
            async with asyncio.timeout(BROWSE_S):
                probe.tags = await connector.browse()
            if not probe.tags:
                raise UsageError("this source has no tags", where=probe.source, do="look at another address")
            probe.state = "ready"
            await self._idle(probe)
            probe.state = "closed"
        except TimeoutError:
            raise EnvironmentFailed(f"browsing took more than {BROWSE_S:g} s", where=probe.source,
                                    do="name a path of the server that holds less") from None
        finally:
            await connector.close()

    async def _idle(self, probe: Probe) -> None:
        """Until nobody has asked for it for a while."""
        left = self._idle_s
        while left > 0:
            await asyncio.sleep(left)
            left = probe.used + self._idle_s - time.monotonic()

    def _ended(self, probe: Probe, task: asyncio.Task[None]) -> None:
        """A failure stays to be asked for until the probe is idle; everything else is forgotten."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            with self._lock:
                self._probes.pop(probe.number, None)
            return
        probe.error = error if isinstance(error, LineshaftError) else EnvironmentFailed(
            f"the source can't be looked at ({type(error).__name__}: {error})", where=probe.source,
            do="check address and options")
        probe.state = "failed"
        if self._loop is not None:
            self._loop.call_later(self._idle_s, self.close, probe.number)

    async def _read(self, probe: Probe, tags: Sequence[Tag], wanted: frozenset[str]) -> dict[str, Value]:
        async with probe.reading:
            at, known, values = probe.read
            if wanted <= known and time.monotonic() - at < self._fresh_s:
                return {path: values[path] for path in wanted if path in values}
            if probe.connector is None or not tags:
                return {}
            samples = await probe.connector.read(tags)
            found = {sample.tag: Value(
                sample.time // 1_000_000,
                sample.text if sample.text is not None else sample.value if math.isfinite(sample.value) else None,
                int(severity(sample.quality))) for sample in samples}
            probe.read = time.monotonic(), wanted, found
            return found

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._running()).result(ANSWER_S)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="probes", daemon=True)
                self._thread.start()
            return self._loop


def _project(folder: Path, source: str, options: Mapping[str, Any]) -> Project:
    """Where a source and its files are is the project's to say."""
    if "password" in options:
        raise UsageError("a password does not belong among the options", where="options.password",
                         do="give it as password")
    return Project(folder, Config(Plant(source, options=dict(options)), {"cell": Task()}), "cell",
                   Recipe("cell", SECOND))


async def _endpoints(uri: str, options: Mapping[str, object]) -> list[Endpoint]:
    name = connector_for(uri)
    if find_spec(f"{PACKAGE}.{name}.endpoints") is None:
        return []
    found: list[Endpoint] = await load(name, "endpoints").endpoints(uri, **options)
    return found


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
