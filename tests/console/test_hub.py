"""What arrives in history reaches the screens that watch: all of it, or the newest of each tag."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import numpy as np
import pytest

from lineshaft.app.console.live.hub import MOST_HELD, Columns, Hub, Watch
from lineshaft.core.quality import BAD_NO_COMMUNICATION
from lineshaft.core.sample import Sample, Samples
from lineshaft.historian.store import EmbeddedHistorian, open_historian

MS = 1_000_000


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[tuple[Hub, EmbeddedHistorian]]:
    with open_historian(tmp_path) as recorder:
        found = Hub(lambda: open_historian(tmp_path))
        found.start()
        yield found, recorder
        await found.stop()


def keep(recorder: EmbeddedHistorian, rows: Iterable[tuple[str, int, float, int]]) -> None:
    recorder.append(Samples.of(Sample(tag, time * MS, value, quality) for tag, time, value, quality in rows))


async def begun(watch: Watch) -> Watch:
    async with asyncio.timeout(60):
        while not watch.began:  # noqa: ASYNC110 (the hub has no event for it: a socket looks at its watches, too)
            await asyncio.sleep(0.01)
    return watch


async def taken(watch: Watch, tag: str) -> Columns:
    """What a socket would send once something of the tag is there."""
    async with asyncio.timeout(60):
        while True:
            found, _ = watch.take()
            if tag in found:
                return found
            await asyncio.sleep(0.01)


async def test_a_watch_gets_every_sample_in_order_of_arrival(hub: tuple[Hub, EmbeddedHistorian]) -> None:
    found, recorder = hub
    keep(recorder, [("a", 1, 0.0, 0)])
    watch = await begun(found.watch(["a", "b"]))
    keep(recorder, [("a", 3, 3.0, 0), ("c", 3, 9.0, 0), ("a", 2, np.nan, BAD_NO_COMMUNICATION), ("b", 2, 5.0, 0)])
    assert await taken(watch, "a") == {"a": {"t": [3, 2], "v": [3.0, None], "q": [0, 2]},
                                       "b": {"t": [2], "v": [5.0], "q": [0]}}


async def test_a_watch_of_the_newest_gets_the_last_sample_of_each_tag_and_only_once(
        hub: tuple[Hub, EmbeddedHistorian]) -> None:
    found, recorder = hub
    watch = await begun(found.watch(["a", "b"], newest=True))
    keep(recorder, [("a", 1, 1.0, 0), ("a", 2, 2.0, 0), ("b", 1, 7.0, 0)])
    assert await taken(watch, "a") == {"a": {"t": [2], "v": [2.0], "q": [0]}, "b": {"t": [1], "v": [7.0], "q": [0]}}
    keep(recorder, [("b", 2, 8.0, 0)])
    assert await taken(watch, "b") == {"b": {"t": [2], "v": [8.0], "q": [0]}}


async def test_nothing_older_than_the_watch_is_new(hub: tuple[Hub, EmbeddedHistorian]) -> None:
    found, recorder = hub
    first = await begun(found.watch(["a"], newest=True))
    keep(recorder, [("a", 1, 1.0, 0)])
    await taken(first, "a")
    second = await begun(found.watch(["a"], newest=True))
    assert second.take() == ({}, False)


def test_a_screen_that_takes_nothing_is_told_that_it_lost_some_and_keeps_no_queue() -> None:
    watch = Watch(frozenset("a"))
    for _ in range(3):
        watch.put("a", list(range(MOST_HELD // 2)), [0.0] * (MOST_HELD // 2), [0] * (MOST_HELD // 2))
    found, lost = watch.take()
    assert lost and len(found["a"]["t"]) <= MOST_HELD
    assert watch.take() == ({}, False)
