"""The plant that the fake connector connects to: a dictionary and a list of listeners."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np

from lineshaft.core import quality
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag

_PLANTS: dict[str, FakePlant] = {}
_NAMES = itertools.count(1)


class FakePlant:
    """Tags with their newest samples; ``up`` is False while the plant cannot be reached."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        self.name = f"plant-{next(_NAMES)}"
        self.tags = {tag.address: tag for tag in tags}
        self.newest: dict[str, Sample] = {}
        self.listeners: list[asyncio.Queue[Samples | None]] = []
        self.up = True
        _PLANTS[self.name] = self

    @property
    def uri(self) -> str:
        return f"fake://{self.name}"

    def publish(self, samples: Samples) -> None:
        """Newest values, by tag path."""
        self.newest.update({sample.tag: sample for sample in samples})
        for listener in self.listeners:
            listener.put_nowait(samples)

    def cut(self) -> None:
        """Lose the link: every listener hears BAD_NO_COMMUNICATION for all tags, once."""
        self.up = False
        paths = [tag.path for tag in self.tags.values()]
        codes = np.full(len(paths), quality.BAD_NO_COMMUNICATION, np.uint32)
        for listener in self.listeners:
            listener.put_nowait(Samples.row(paths, time.time_ns(), np.full(len(paths), np.nan), codes))

    def forget(self) -> None:
        """No connector finds this plant any more."""
        _PLANTS.pop(self.name, None)


def find(name: str) -> FakePlant | None:
    """The plant of this name in this process."""
    return _PLANTS.get(name)


@contextlib.asynccontextmanager
async def sources(folder: Path) -> AsyncIterator[tuple[str, tuple[Tag, ...]]]:
    """A plant of three tags that moves; see ``lineshaft.connect``."""
    tags = (Tag("works/cell/flow", unit="L/min", low=0.0, high=100.0, address="flow", writable=True),
            Tag("works/cell/running", kind="bool", address="running"),
            Tag("works/cell/level", unit="%", address="level"))
    plant = FakePlant(tags)
    plant.publish(Samples.row([tag.path for tag in tags], time.time_ns(), np.array([50.0, 1.0, 20.0])))
    mover = asyncio.create_task(_move(plant))
    try:
        yield plant.uri, tags
    finally:
        mover.cancel()
        await asyncio.gather(mover, return_exceptions=True)
        plant.forget()


async def _move(plant: FakePlant) -> None:
    paths = [tag.path for tag in plant.tags.values()]
    for step in itertools.count():
        plant.publish(Samples.row(paths, time.time_ns(), np.array([50.0 + step % 7, 1.0, 20.0 + step % 3])))
        await asyncio.sleep(0.01)
