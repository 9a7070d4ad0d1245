"""The fake connector: everything that ``core.connector.Connector`` asks for, and nothing besides."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence

from lineshaft.connect.fake.simulator import FakePlant, find
from lineshaft.core import quality
from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.guard import WriteGuard
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag
from lineshaft.core.units import marked, misstated


def create(uri: str, *, guard: WriteGuard, **options: object) -> FakeConnector:
    """A connector for ``fake://<name of a FakePlant>``; it takes no options."""
    if options:
        raise UsageError(f"no option of the fake connector is called {sorted(options)[0]!r}", where=uri)
    return FakeConnector(uri, guard)


class FakeConnector:
    """``core.connector.Connector`` over a ``FakePlant``."""

    def __init__(self, uri: str, guard: WriteGuard) -> None:
        self._uri, self._guard = uri, guard
        self._plant: FakePlant | None = None
        self._queues: list[asyncio.Queue[Samples | None]] = []

    async def open(self) -> None:
        self._plant = find(self._uri.partition("://")[2].rstrip("/"))
        if self._plant is None:
            raise EnvironmentFailed("no such plant in this process", where=self._uri,
                                    do="make a FakePlant first")

    async def close(self) -> None:
        for queue in self._queues:
            queue.put_nowait(None)
        self._plant = None

    async def browse(self, root: str | None = None) -> list[Tag]:
        return [tag for tag in self._open().tags.values() if tag.path.startswith(root or "")]

    async def read(self, tags: Sequence[Tag]) -> Samples:
        plant = self._open()
        return Samples.of([self._newest(plant, tag) for tag in tags])

    async def subscribe(self, tags: Sequence[Tag], period_ns: int) -> AsyncIterator[Samples]:
        plant, queue = self._open(), asyncio.Queue[Samples | None]()
        wanted, foreign = {tag.path for tag in tags}, misstated(tags, plant.tags.values())
        self._queues.append(queue)
        plant.listeners.append(queue)
        try:
            yield marked(await self.read(tags), foreign)
            while (samples := await queue.get()) is not None:
                yield marked(Samples.of(sample for sample in samples if sample.tag in wanted), foreign)
        finally:
            plant.listeners.remove(queue)
            self._queues.remove(queue)

    async def write(self, tag: Tag, value: float) -> None:
        now = time.time_ns()
        self._guard.check(tag.path, value, now)
        plant = self._open()
        plant.publish(Samples.of([Sample(tag.path, now, value)]))

    def _open(self) -> FakePlant:
        if self._plant is None:
            raise UsageError("the connector is not open", where=self._uri, do="await open() first")
        return self._plant

    @staticmethod
    def _newest(plant: FakePlant, tag: Tag) -> Sample:
        newest = plant.newest.get(tag.path) if tag.address in plant.tags else None
        if not plant.up:
            return Sample(tag.path, time.time_ns(), math.nan, quality.BAD_NO_COMMUNICATION)
        return newest or Sample(tag.path, time.time_ns(), math.nan, quality.BAD_NO_DATA)
