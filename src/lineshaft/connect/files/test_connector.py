"""The file connector replays an export in order of source time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from lineshaft.connect.files.connector import FileConnector, create
from lineshaft.connect.files.simulator import TAGS, sources, write_example
from lineshaft.core import quality
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.guard import WriteGuard
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag


async def replay(connector: FileConnector, tags: tuple[Tag, ...], period_ns: int = SECOND) -> list[Samples]:
    return [batch async for batch in connector.subscribe(tags, period_ns)]


async def opened(folder: Path, query: str = "") -> FileConnector:
    connector = create(write_example(folder / "plant.csv").as_uri() + query, guard=WriteGuard())
    await connector.open()
    return connector


async def test_it_replays_every_sample_in_order_with_its_quality(tmp_path: Path) -> None:
    connector = await opened(tmp_path)
    batches = await replay(connector, TAGS)
    times = np.concatenate([batch.time for batch in batches])
    assert len(batches) == 120 and (np.diff(times) >= 0).all()
    bad = [sample for batch in batches for sample in batch if sample.quality >= quality.BAD]
    assert [(sample.tag, sample.text) for sample in bad] == [("temperature", "Bad")]


async def test_rows_within_a_period_come_together_and_only_the_tags_asked_for(tmp_path: Path) -> None:
    connector = await opened(tmp_path)
    batches = await replay(connector, TAGS[1:2], 10 * SECOND)
    assert len(batches) == 12 and {tag for batch in batches for tag in batch.tags} == {"pressure"}
    assert all(len(batch) == 10 for batch in batches)


async def test_read_gives_the_row_that_the_replay_has_reached(tmp_path: Path) -> None:
    connector = await opened(tmp_path)
    async for batch in connector.subscribe(TAGS, SECOND):
        now = await connector.read(TAGS)
        assert now.time.tolist() == batch.time.tolist()
        break


async def test_speed_and_reading_options_come_with_the_uri(tmp_path: Path) -> None:
    connector = await opened(tmp_path, "?speed=1000&timezone=Europe/Berlin&tags=flow")
    assert connector.speed == 1000 and [tag.path for tag in await connector.browse()] == ["flow"]
    first = await connector.read(await connector.browse())
    assert np.datetime64(int(first.time[0]), "ns") == np.datetime64("2024-02-29T23:00:00")


async def test_close_ends_a_slow_replay_at_once(tmp_path: Path) -> None:
    connector = await opened(tmp_path, "?speed=0.001")
    task = asyncio.create_task(replay(connector, TAGS))
    await asyncio.sleep(0)
    await connector.close()
    assert len(await asyncio.wait_for(task, 60)) <= 1


@pytest.mark.parametrize(
    ("query", "why"), [("?nonsense=1", "'nonsense'"), ("?speed=-1", "no speed"), ("?period=x", "no")]
)
def test_options_that_make_no_sense_are_named(tmp_path: Path, query: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        create((tmp_path / "plant.csv").as_uri() + query, guard=WriteGuard())


async def test_a_write_is_refused() -> None:
    with pytest.raises(Refused):
        await create("plant.csv", guard=WriteGuard()).write(TAGS[0], 1.0)


async def test_the_simulator_writes_what_it_promises(tmp_path: Path) -> None:
    async with sources(tmp_path) as (uri, tags):
        connector = create(uri, guard=WriteGuard())
        await connector.open()
        found = await connector.browse()
        assert [(tag.path, tag.unit, tag.address) for tag in found] == [
            (tag.path, tag.unit, tag.address) for tag in tags
        ]
        await connector.close()
