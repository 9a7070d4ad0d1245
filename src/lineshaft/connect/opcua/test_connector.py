"""Values, times and qualities as the server has them; limits kept; nothing crashes for a missing node."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from asyncua import ua

from lineshaft.connect.opcua.conftest import Connected, Follower
from lineshaft.connect.opcua.server import ServerLimits
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core import quality
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.guard import WriteGuard, WriteLimit
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag

FLOW = Tag("works/cell/P101/flow", unit="L/min", low=0.0, high=120.0, writable=True)
COUNT = Tag("works/cell/P101/starts", kind="int", writable=True)
MODE = Tag("works/cell/P101/mode", kind="enum")
RUNNING = Tag("works/cell/P101/running", kind="bool")
BATCH = Tag("works/cell/batch", kind="text")
NEVER = Tag("works/cell/never")
CHINESE = Tag("工厂/车间一/反应釜/温度", unit="Cel", description="釜内温度")


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant() -> AsyncIterator[Simulator]:
    """One server for the whole file: its standard address space takes a second to build."""
    async with Simulator([FLOW, COUNT, MODE, RUNNING, BATCH, CHINESE, NEVER]) as simulator:
        yield simulator


def on(plant: Simulator, tag: Tag) -> Tag:
    """The tag with the address it has on this server."""
    return next(served for served in plant.tags if served.path == tag.path)


@pytest.mark.parametrize("code", [quality.GOOD, quality.UNCERTAIN_LAST_USABLE, 0x00960000, 0x40930000])
async def test_value_time_and_status_code_arrive_as_they_left(plant: Simulator, connected: Connected,
                                                              code: int) -> None:
    sent = Sample(FLOW.path, 1_700_000_000_123_456_000, 12.345678901234567, code)
    await plant.publish(Samples.of([sent]))
    async with connected(plant.url) as connector:
        assert list(await connector.read([on(plant, FLOW)])) == [sent]


@pytest.mark.parametrize("code", [quality.BAD_SENSOR_FAILURE, quality.BAD_OUT_OF_RANGE, 0x80000480])
async def test_a_bad_sample_keeps_time_and_code(plant: Simulator, connected: Connected, code: int) -> None:
    await plant.publish(Samples.of([Sample(FLOW.path, 1_700_000_000_000_001_000, 5.0, code)]))
    async with connected(plant.url) as connector:
        sample = next(iter(await connector.read([on(plant, FLOW)])))
        assert (sample.time, sample.quality) == (1_700_000_000_000_001_000, code)
        assert math.isnan(sample.value)  # OPC UA servers send no value beside a bad code


async def test_a_subscription_carries_each_change_with_its_own_time_even_backwards(
        plant: Simulator, connected: Connected, follow: Callable[..., Follower]) -> None:
    async with connected(plant.url) as connector:
        follower = follow(connector, [on(plant, FLOW)])
        await follower.until(lambda seen: len(seen) > 0)
        times = [1_700_000_005_000_000_000, 1_700_000_003_000_000_000, 1_700_000_004_000_000_000]
        codes = [0, quality.UNCERTAIN, quality.BAD_SENSOR_FAILURE]
        for at, code in zip(times, codes, strict=True):
            await plant.publish(Samples.of([Sample(FLOW.path, at, 7.0, code)]))
        seen = await follower.until(lambda seen: len(seen) >= 3)
        assert [(sample.time, sample.quality) for sample in seen] == list(zip(times, codes, strict=True))


async def test_an_unchanged_value_with_a_new_time_is_reported(plant: Simulator, connected: Connected,
                                                              follow: Callable[..., Follower]) -> None:
    async with connected(plant.url) as connector:
        follower = follow(connector, [on(plant, FLOW)])
        await follower.until(lambda seen: len(seen) > 0)
        for step in range(1, 4):
            await plant.publish(Samples.of([Sample(FLOW.path, step * 1_000_000_000, 7.0)]))
        seen = await follower.until(lambda seen: len(seen) >= 3)
        assert [sample.time for sample in seen] == [1_000_000_000, 2_000_000_000, 3_000_000_000]


async def test_a_deadband_holds_small_changes_back_but_no_drift_and_no_bad_quality(
        plant: Simulator, connected: Connected, follow: Callable[..., Follower]) -> None:
    async with connected(plant.url) as connector:
        follower = follow(connector, [replace(on(plant, FLOW), deadband=1.0)])
        await follower.until(lambda seen: len(seen) > 0)
        for step, value in enumerate((10.0, 10.5, 10.9, 11.4, 12.0), start=1):
            await plant.publish(Samples.of([Sample(FLOW.path, step * 1_000_000_000, value)]))
        await plant.publish(Samples.of([Sample(FLOW.path, 10**10, 12.0, quality.BAD_SENSOR_FAILURE)]))
        await plant.publish(Samples.of([Sample(FLOW.path, 10**10, 12.0)]))
        seen = await follower.until(lambda seen: len(seen) >= 4)
        assert [(sample.value, sample.quality) for sample in seen if sample.quality < quality.BAD] == [
            (10.0, 0), (11.4, 0), (12.0, 0)]
        assert quality.BAD_SENSOR_FAILURE in [sample.quality for sample in seen]


async def test_numbers_of_all_kinds_become_floats_and_text_stays_text(plant: Simulator,
                                                                      connected: Connected) -> None:
    await plant.publish(Samples.of([Sample(COUNT.path, 1000, 123456.0), Sample(MODE.path, 1000, 3.0),
                                    Sample(RUNNING.path, 1000, 1.0),
                                    Sample(BATCH.path, 1000, math.nan, 0, "批次 4711")]))
    async with connected(plant.url) as connector:
        found = list(await connector.read([on(plant, tag) for tag in (COUNT, MODE, RUNNING, BATCH)]))
        assert [sample.value for sample in found[:3]] == [123456.0, 3.0, 1.0]
        assert found[3].text == "批次 4711" and math.isnan(found[3].value)
        assert all(sample.text is None for sample in found[:3])


async def test_chinese_names_survive_browse_and_subscription(plant: Simulator, connected: Connected) -> None:
    await plant.publish(Samples.of([Sample(CHINESE.path, 1000, 81.5)]))
    async with connected(plant.url) as connector:
        found = next(tag for tag in await connector.browse() if tag.path == CHINESE.path)
        assert (found.unit, found.description) == ("Cel", "釜内温度")
        async for samples in connector.subscribe([found], 100_000_000):
            assert next(iter(samples)) == Sample(CHINESE.path, 1000, 81.5)
            break


async def test_a_tag_before_its_first_value_says_so(plant: Simulator, connected: Connected) -> None:
    async with connected(plant.url) as connector:
        sample = next(iter(await connector.read([on(plant, NEVER)])))
        assert sample.quality == quality.BAD_WAITING_FOR_INITIAL_DATA


async def test_500_tags_are_read_in_parts_that_the_server_allows(connected: Connected) -> None:
    tags = [Tag(f"works/cell/tag{i:03d}") for i in range(500)]
    limits = ServerLimits(nodes_per_read=100, items_per_call=70)
    async with Simulator(tags, limits=limits) as plant:
        await plant.publish(Samples.row([tag.path for tag in tags], 1000, np.arange(500.0)))
        async with connected(plant.url) as connector:
            assert (await connector.read(plant.tags)).value.tolist() == list(np.arange(500.0))
            async for samples in connector.subscribe(plant.tags, 100_000_000):
                if samples.value[-1] == 499.0:
                    break
        reads = [count for service, count in plant.calls if service == "read"]
        items = [count for service, count in plant.calls if service == "items"]
        assert max(reads) == 100 and sum(reads) >= 500
        assert max(items) == 70 and sum(items) == 500


async def test_a_server_that_takes_less_than_it_says_is_asked_for_less(connected: Connected) -> None:
    tags = [Tag(f"works/cell/tag{i:03d}") for i in range(60)]
    async with Simulator(tags) as plant:
        await plant.publish(Samples.row([tag.path for tag in tags], 1000, np.arange(60.0)))
        plant.server.core.limits = ServerLimits(nodes_per_read=20)  # kept, but not announced
        async with connected(plant.url) as connector:
            assert (await connector.read(plant.tags)).value.tolist() == list(np.arange(60.0))


async def test_missing_nodes_are_bad_and_the_rest_goes_on(plant: Simulator, connected: Connected,
                                                          follow: Callable[..., Follower],
                                                          caplog: pytest.LogCaptureFixture) -> None:
    await plant.publish(Samples.of([Sample(FLOW.path, 1000, 1.0)]))
    gone = Tag("works/cell/gone", address=plant.server.address("works/cell/gone"))
    elsewhere = Tag("works/cell/else", address="nsu=urn:nobody:here;s=x")
    async with connected(plant.url) as connector:
        codes = [sample.quality for sample in await connector.read([gone, on(plant, FLOW), elsewhere])]
        assert codes == [ua.StatusCodes.BadNodeIdUnknown, 0, ua.StatusCodes.BadNodeIdUnknown]
        seen = await follow(connector, [gone, on(plant, FLOW), elsewhere]).until(
            lambda seen: {sample.tag for sample in seen} == {gone.path, FLOW.path, elsewhere.path})
        assert {sample.tag: sample.quality for sample in seen} == {
            gone.path: ua.StatusCodes.BadNodeIdUnknown, FLOW.path: 0,
            elsewhere.path: ua.StatusCodes.BadNodeIdUnknown}
    assert "works/cell/gone (BadNodeIdUnknown)" in caplog.text


async def test_what_is_no_node_id_is_a_usage_error_that_names_the_tag(plant: Simulator,
                                                                      connected: Connected) -> None:
    async with connected(plant.url) as connector:
        with pytest.raises(UsageError, match="works/cell/P101/flow: '' is not an OPC UA NodeId"):
            await connector.read([FLOW])


async def test_a_write_is_refused_by_default_and_reaches_the_plant_inside_its_limits(
        connected: Connected) -> None:
    received: list[tuple[str, float]] = []

    async def receive(tag: Tag, value: float) -> None:
        received.append((tag.path, value))

    async with Simulator([FLOW, COUNT, RUNNING], on_write=receive) as plant:
        await plant.publish(Samples.of([Sample(FLOW.path, 1000, 1.0)]))
        async with connected(plant.url) as connector:
            with pytest.raises(Refused, match="off for this tag"):
                await connector.write(on(plant, FLOW), 50.0)
        limits = {FLOW.path: WriteLimit(0.0, 100.0), COUNT.path: WriteLimit(0.0, 10.0),
                  RUNNING.path: WriteLimit(0.0, 1.0)}
        async with connected(plant.url, guard=WriteGuard(limits)) as connector:
            await connector.write(on(plant, FLOW), 50.0)
            await connector.write(on(plant, COUNT), 3.0)
            with pytest.raises(Refused, match="outside the allowed"):
                await connector.write(on(plant, FLOW), 101.0)
            with pytest.raises(Refused, match="BadUserAccessDenied"):
                await connector.write(on(plant, RUNNING), 1.0)
            with pytest.raises(UsageError, match="does not fit"):
                await connector.write(on(plant, COUNT), 3.5)
            assert (await connector.read([on(plant, FLOW)])).value.tolist() == [50.0]
        assert received == [(FLOW.path, 50.0), (COUNT.path, 3.0)]


async def test_two_subscriptions_share_a_connection(plant: Simulator, connected: Connected,
                                                    follow: Callable[..., Follower]) -> None:
    async with connected(plant.url) as connector:
        first, second = follow(connector, [on(plant, FLOW)]), follow(connector, [on(plant, MODE)])
        await first.until(lambda seen: len(seen) > 0)
        await second.until(lambda seen: len(seen) > 0)
        await plant.publish(Samples.of([Sample(FLOW.path, 1000, 4.0), Sample(MODE.path, 1000, 2.0)]))
        assert {sample.tag for sample in await first.until(lambda seen: len(seen) > 0)} == {FLOW.path}
        assert {sample.tag for sample in await second.until(lambda seen: len(seen) > 0)} == {MODE.path}


async def test_a_subscription_that_is_left_is_deleted_on_the_server(plant: Simulator,
                                                                    connected: Connected) -> None:
    async with connected(plant.url) as connector:
        held: dict[int, Any] = plant.server.core.subscription_service.subscriptions
        before = set(held)
        stream = connector.subscribe([on(plant, FLOW)], 100_000_000)
        await anext(stream)
        assert len(set(held) - before) == 1
        await stream.aclose()  # type: ignore[attr-defined]  # it is an async generator
        assert not set(held) - before


async def test_one_subscription_may_follow_another_on_the_same_connection(
        plant: Simulator, connected: Connected, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(plant.url) as connector:
        for _ in range(3):
            stream = connector.subscribe([on(plant, FLOW)], 100_000_000)
            assert len(await anext(stream)) == 1
            await stream.aclose()  # type: ignore[attr-defined]  # it is an async generator
        assert (await connector.read([on(plant, FLOW)])).quality[0] != quality.BAD_NO_COMMUNICATION
    assert "connection lost" not in caplog.text


async def test_a_consumer_that_sleeps_keeps_only_so_much_and_is_told(plant: Simulator, connected: Connected,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.connect.opcua.feed.MAX_WAITING", 3)
    from lineshaft.connect.opcua.feed import OVERFLOW, Feed
    feed = Feed([on(plant, FLOW)], 100_000_000)
    for _ in range(5):
        feed.lose()
    feed.close()
    batches = [samples async for samples in _all(feed)]
    assert len(batches) == 3
    assert batches[-1].quality.tolist() == [quality.BAD_NO_COMMUNICATION | OVERFLOW]


async def _all(feed: Any) -> AsyncIterator[Samples]:
    while (samples := await feed.next()) is not None:
        yield samples


async def test_reading_from_a_server_that_is_gone_gives_bad_values_and_close_still_ends(
        connected: Connected) -> None:
    async with Simulator([FLOW]) as plant, connected(plant.url) as connector:
        tag = on(plant, FLOW)
        await plant.stop()
        assert (await connector.read([tag])).quality.tolist() == [quality.BAD_NO_COMMUNICATION]
