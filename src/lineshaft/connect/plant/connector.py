"""The plant as a connector: it runs in this process, at the pace of the clock, while the connector is open."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence

import numpy as np

from lineshaft.connect.plant.options import Options, parse
from lineshaft.connect.plant.plant import Plant
from lineshaft.connect.plant.tags import PERIOD_NS, TAGS
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.guard import WriteGuard
from lineshaft.core.quality import BAD_NO_DATA
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.core.units import marked, misstated

_PLACE = {tag.address: place for place, tag in enumerate(TAGS)}
_BREATH = 100


def create(uri: str, *, guard: WriteGuard, **options: object) -> PlantConnector:
    """A connector for ``plant:?seed=7&speed=10`` (also ``plant://?...``); options as in ``options.Options``."""
    return PlantConnector(uri, parse(uri, options), guard)


class PlantConnector:
    """``core.connector.Connector`` over a plant of its own; ``plant`` is there once it is open."""

    def __init__(self, uri: str, options: Options, guard: WriteGuard) -> None:
        self._uri, self._options, self._guard = uri, options, guard
        self._plant: Plant | None = None
        self._newest = Samples.empty()
        self._driver: asyncio.Task[None] | None = None
        self._queues: list[asyncio.Queue[Samples | None]] = []

    @property
    def plant(self) -> Plant:
        """The plant itself, for faults and hidden truth."""
        if self._plant is None:
            raise EnvironmentFailed("the plant is not running", where=self._uri, do="await open() first")
        return self._plant

    async def open(self) -> None:
        if self._plant is not None:
            return
        said = self._options
        plant = await asyncio.to_thread(Plant, said.seed, speed=said.speed, start=time.time_ns() - PERIOD_NS)
        if said.fault:
            plant.inject(said.fault, severity=said.severity, delay=said.after)
        self._plant, self._newest = plant, plant.step()
        self._driver = asyncio.create_task(self._run(plant))

    async def close(self) -> None:
        driver, self._driver, self._plant = self._driver, None, None
        if driver is not None:
            driver.cancel()
            await asyncio.gather(driver, return_exceptions=True)
        for queue in self._queues:
            queue.put_nowait(None)

    async def browse(self, root: str | None = None) -> list[Tag]:
        self.plant  # noqa: B018 - says so when it is not open
        below = f"{root.rstrip('/')}/" if root else ""
        return [tag for tag in TAGS if f"{tag.path}/".startswith(below)]

    async def read(self, tags: Sequence[Tag]) -> Samples:
        self.plant  # noqa: B018 - says so when it is not open
        return _select(self._newest, tags)

    async def subscribe(self, tags: Sequence[Tag], period_ns: int) -> AsyncIterator[Samples]:
        """Every row, or every n-th where ``period_ns`` is longer than the plant's 100 ms."""
        self.plant  # noqa: B018 - says so when it is not open
        every = max(1, round(period_ns / PERIOD_NS)) * PERIOD_NS
        known = [tag for tag in tags if tag.address in _PLACE]
        foreign = misstated(tags, TAGS)
        queue: asyncio.Queue[Samples | None] = asyncio.Queue()
        self._queues.append(queue)
        try:
            yield marked(_select(self._newest, tags), foreign)
            while (row := await queue.get()) is not None:
                if int(row.time[0]) % every == 0:
                    yield marked(_select(row, known), foreign)
        finally:
            self._queues.remove(queue)

    async def write(self, tag: Tag, value: float) -> None:
        self._guard.check(tag.path, value, time.time_ns())
        self.plant.write(TAGS[_PLACE[tag.address]].path if tag.address in _PLACE else tag.path, value)

    async def _run(self, plant: Plant) -> None:
        while True:
            for count, row in enumerate(plant.until(time.time_ns())):
                self._newest = row
                for queue in self._queues:
                    queue.put_nowait(row)
                if count % _BREATH == _BREATH - 1:  # after a suspend there is much to catch up
                    await asyncio.sleep(0)
            await asyncio.sleep(max(plant.time + PERIOD_NS - time.time_ns(), 0) / SECOND)


def _select(row: Samples, tags: Sequence[Tag]) -> Samples:
    """The row's values of ``tags`` in their order and under their paths; what the plant doesn't have is bad."""
    places = np.array([_PLACE.get(tag.address, -1) for tag in tags], np.intp)
    there = places >= 0
    values = np.where(there, row.value[places], math.nan)
    quality = np.where(there, row.quality[places], np.uint32(BAD_NO_DATA))
    return Samples.row([tag.path for tag in tags], int(row.time[0]), values, quality)
