"""The plant as a connector; what all connectors promise is in the shared contract tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from lineshaft.connect.plant.connector import PlantConnector, create
from lineshaft.connect.plant.plant import Plant
from lineshaft.connect.plant.tags import PERIOD_NS, TAGS, path
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.core.guard import WriteGuard, WriteLimit
from lineshaft.core.quality import BAD_NO_DATA

PATIENCE_S = 60.0


@asynccontextmanager
async def running(uri: str = "plant:?seed=7", guard: WriteGuard | None = None) -> AsyncIterator[PlantConnector]:
    connector = create(uri, guard=guard or WriteGuard())
    await connector.open()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield connector
    finally:
        await connector.close()


async def test_rows_come_in_order_one_a_period_with_the_values_of_that_seed() -> None:
    rows = []
    async with running() as connector:
        async for row in connector.subscribe(TAGS, PERIOD_NS):
            rows.append(row)
            if len(rows) == 4:
                break
    times = [int(row.time[0]) for row in rows]
    assert np.diff(times).tolist() == [PERIOD_NS] * 3
    assert np.array_equal(np.stack([row.value for row in rows]), Plant(seed=7).record(4)[1])


async def test_a_longer_period_gives_every_nth_row_on_its_own_grid() -> None:
    async with running() as connector:
        times = []
        async for row in connector.subscribe(TAGS[:2], 3 * PERIOD_NS):
            times.append(int(row.time[0]))
            if len(times) == 3:
                break
    assert times[2] - times[1] == 3 * PERIOD_NS


async def test_browse_takes_a_root() -> None:
    async with running() as connector:
        found = await connector.browse("demo/hall1/cell1/P101")
        assert {tag.asset for tag in found} == {"demo/hall1/cell1/P101"}
        assert len(await connector.browse()) == len(TAGS)


async def test_a_tag_it_does_not_have_is_bad_and_the_others_are_read_under_the_asker_s_path() -> None:
    async with running() as connector:
        renamed = replace(TAGS[3], path="works/level")
        level, gone = await connector.read([renamed, replace(TAGS[4], address="no/such")])
        assert level.tag == "works/level" and level.quality == 0
        assert gone.quality == BAD_NO_DATA and np.isnan(gone.value)


async def test_a_write_needs_the_guard_s_yes_and_then_reaches_the_plant() -> None:
    setpoint = next(tag for tag in TAGS if tag.path == path("LIC103/setpoint"))
    guard = WriteGuard({setpoint.path: WriteLimit(50.0, 70.0)})
    async with running(guard=guard) as connector:
        with pytest.raises(Refused):
            await connector.write(TAGS[0], 1.0)
        await connector.write(setpoint, 55.0)
        async for row in connector.subscribe([setpoint], PERIOD_NS):
            if row.value[0] == 55.0:
                break


async def test_a_fault_in_the_uri_is_injected() -> None:
    async with running("plant:?seed=7&fault=tank-leak&after=0.2&severity=0.5") as connector:
        (fault,) = connector.plant.faults()
        assert (fault.fault.name, fault.severity) == ("tank-leak", 0.5)


@pytest.mark.parametrize(("uri", "says"), [
    ("plant:?speed=fast", "speed=fast is not a number"),
    ("plant:?colour=red", "no plant option is called 'colour'"),
    ("plant:?fault=gremlins", "use one of: sensor-drift")])
def test_a_wrong_uri_is_explained(uri: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        create(uri, guard=WriteGuard())


async def test_a_closed_plant_says_that_it_is_not_running() -> None:
    connector = create("plant:", guard=WriteGuard())
    with pytest.raises(EnvironmentFailed, match="open"):
        await connector.read(TAGS[:1])
