"""The connection heals by itself, and what was missed in between is marked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lineshaft.connect.opcua.conftest import Connected, Follower, PlantProcess
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core import quality
from lineshaft.core.errors import EnvironmentFailed, LineshaftError
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
FLOW, LEVEL = Tag("works/cell/flow"), Tag("works/cell/level")


def all_good(count: int) -> Callable[[list[Sample]], bool]:
    return lambda seen: len({sample.tag for sample in seen if sample.quality == 0}) == count


def all_lost(count: int) -> Callable[[list[Sample]], bool]:
    lost = quality.BAD_NO_COMMUNICATION
    return lambda seen: len({sample.tag for sample in seen if sample.quality == lost}) == count


async def test_a_killed_server_is_marked_for_every_tag_and_comes_back(
        plant_process: PlantProcess, connected: Connected, follow: Callable[..., Follower]) -> None:
    url = await plant_process.start(tags=5)
    async with connected(url) as connector:
        follower = follow(connector, await connector.browse())
        await follower.until(all_good(5))
        for _ in range(2):
            await plant_process.kill()
            lost = await follower.until(all_lost(5))
            assert sum(sample.quality == quality.BAD_NO_COMMUNICATION for sample in lost) == 5
            assert await plant_process.start(tags=5) == url
            await follower.until(all_good(5))


async def test_reads_work_again_after_a_restart(plant_process: PlantProcess, connected: Connected,
                                                follow: Callable[..., Follower]) -> None:
    url = await plant_process.start(tags=3)
    async with connected(url) as connector:
        tags = await connector.browse()
        follower = follow(connector, tags)
        await follower.until(all_good(3))
        await plant_process.kill()
        await follower.until(all_lost(3))
        assert set((await connector.read(tags)).quality) == {quality.BAD_NO_COMMUNICATION}
        await plant_process.start(tags=3)
        await follower.until(all_good(3))
        assert set((await connector.read(tags)).quality) == {0}


async def test_a_stopped_server_may_come_back_without_a_node(connected: Connected,
                                                             follow: Callable[..., Follower]) -> None:
    plant = Simulator([FLOW, LEVEL])
    await plant.start()
    async with connected(plant.url) as connector:
        follower = follow(connector, plant.tags)
        await plant.publish(Samples.of([Sample(FLOW.path, 1000, 1.0), Sample(LEVEL.path, 1000, 2.0)]))
        await follower.until(all_good(2))
        await plant.stop()
        await follower.until(all_lost(2))
        changed = Simulator([LEVEL], plant.url)
        await changed.start()
        await changed.publish(Samples.of([Sample(LEVEL.path, 2000, 3.0)]))
        seen = await follower.until(lambda seen: {sample.tag for sample in seen} == {FLOW.path, LEVEL.path}
                                    and any(sample.value == 3.0 for sample in seen))
        assert {sample.quality for sample in seen if sample.tag == FLOW.path} == {0x80340000}
        await changed.stop()


async def test_a_restarted_server_that_numbers_its_nodes_anew_is_read_under_the_new_numbers(
        connected: Connected, follow: Callable[..., Follower], caplog: pytest.LogCaptureFixture) -> None:
    pressure = Tag("works/cell/pressure", unit="bar")
    plant = Simulator([FLOW, pressure])
    await plant.start()
    async with connected(plant.url) as connector:
        follower = follow(connector, plant.tags)
        await plant.publish(Samples.of([Sample(FLOW.path, 1000, 1.0), Sample(pressure.path, 1000, 2.0)]))
        await follower.until(all_good(2))
        await plant.stop()
        await follower.until(all_lost(2))
        changed = Simulator([FLOW, Tag(pressure.path, unit="kPa")], plant.url, namespace="urn:another:program")
        await changed.start()
        await changed.publish(Samples.of([Sample(FLOW.path, 2000, 3.0), Sample(pressure.path, 2000, 200.0)]))
        await follower.until(lambda seen: any(sample.tag == FLOW.path and sample.value == 3.0 for sample in seen))
        assert "as float [kPa] instead of float [bar]: it is not taken" in caplog.text
        assert {tag.path: tag.address.startswith("nsu=urn:another:program") for tag in changed.tags} == dict.fromkeys(
            (FLOW.path, pressure.path), True)
        await changed.stop()


async def test_a_tag_in_another_unit_under_its_node_id_is_marked_until_it_is_as_it_was(
        connected: Connected, follow: Callable[..., Follower], caplog: pytest.LogCaptureFixture) -> None:
    pressure, other = Tag("works/cell/pressure", unit="bar"), Tag("works/cell/other", unit="%")
    plant = Simulator([FLOW, pressure, other])
    await plant.start()
    async with connected(plant.url) as connector:
        follower = follow(connector, plant.tags)
        for unit, code in (("bar", 0), ("kPa", quality.BAD_CONFIGURATION_ERROR), ("bar", 0)):
            await plant.stop()
            plant = Simulator([FLOW, replace(pressure, unit=unit), replace(other, unit="shares")], plant.url)
            await plant.start()
            await plant.publish(Samples.row([tag.path for tag in plant.tags], 1000, np.array([1.0, 2.0, 3.0])))
            seen = await follower.until(lambda seen: {(s.tag, s.value) for s in seen} >= {
                (pressure.path, 2.0), (FLOW.path, 1.0), (other.path, 3.0)})
            codes = {sample.tag: sample.quality for sample in seen if sample.time == 1000}
            assert codes == {FLOW.path: 0, other.path: 0, pressure.path: code}, unit
        assert "works/cell/pressure in kPa instead of bar; they are not used" in caplog.text
    await plant.stop()


async def test_a_unit_that_changes_in_mid_run_is_noticed(connected: Connected, follow: Callable[..., Follower],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.connect.opcua.connector.UNITS_AGAIN_S", 0.1)
    monkeypatch.setattr("lineshaft.connect.opcua.connector.TICK_S", 0.05)
    pressure = Tag("works/cell/pressure", unit="bar")
    async with Simulator([pressure]) as plant, connected(plant.url) as connector:
        follower = follow(connector, plant.tags)
        await plant.publish(Samples.row([pressure.path], 1000, np.array([2.0])))
        await follower.until(all_good(1))
        await plant.measure_in(pressure.path, "kPa")
        wrong = quality.BAD_CONFIGURATION_ERROR
        await follower.until(lambda seen: (2.0, wrong) in {(s.value, s.quality) for s in seen})
        await plant.measure_in(pressure.path, "bar")
        await follower.until(lambda seen: (2.0, 0) in {(s.value, s.quality) for s in seen})


async def test_a_node_that_appears_later_is_taken_up(connected: Connected, follow: Callable[..., Follower],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.connect.opcua.connector.RETRY_MISSING_S", 0.1)
    monkeypatch.setattr("lineshaft.connect.opcua.connector.TICK_S", 0.05)
    async with Simulator([FLOW]) as plant, connected(plant.url) as connector:
        late = Tag(LEVEL.path, address=plant.server.address(LEVEL.path))
        follower = follow(connector, [late])
        await follower.until(lambda seen: [sample.quality for sample in seen] == [0x80340000])
        await plant.add(LEVEL)
        await plant.publish(Samples.of([Sample(LEVEL.path, 2000, 3.0)]))
        await follower.until(lambda seen: any(sample.value == 3.0 for sample in seen))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP to freeze a process with")
async def test_a_server_that_hangs_is_lost_after_the_keepalive(
        plant_process: PlantProcess, connected: Connected, follow: Callable[..., Follower]) -> None:
    url = await plant_process.start(tags=2)
    async with connected(url, keepalive_s=0.5, timeout_s=1.0) as connector:
        follower = follow(connector, await connector.browse())
        await follower.until(all_good(2))
        plant_process.freeze()
        await follower.until(all_lost(2))
        plant_process.thaw()
        await follower.until(all_good(2))


async def test_a_subscription_that_falls_silent_is_made_again(connected: Connected,
                                                              follow: Callable[..., Follower]) -> None:
    async with Simulator([FLOW]) as plant, connected(plant.url, keepalive_s=0.1) as connector:
        follower = follow(connector, plant.tags)
        await follower.until(lambda seen: len(seen) > 0)
        for subscription in list(plant.server.core.subscription_service.subscriptions.values()):
            await subscription.stop()  # the session goes on to answer, but nothing is published any more
        await follower.until(all_lost(1))
        await plant.publish(Samples.of([Sample(FLOW.path, 1000, 5.0)]))
        await follower.until(all_good(1))


async def test_the_first_connection_fails_with_one_sentence(connected: Connected) -> None:
    async with Simulator([FLOW]) as plant:
        url = plant.url
    with pytest.raises(EnvironmentFailed, match="nothing listens there") as failure:
        async with connected(url):
            pass
    assert "\n" not in str(failure.value) and failure.value.__cause__ is None


async def test_something_that_is_no_opc_ua_server_is_said_to_be_none(connected: Connected) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(LineshaftError) as failure:
            async with connected(f"opc.tcp://127.0.0.1:{port}/"):
                pass
    assert failure.value.exit_code == 3 and "\n" not in str(failure.value)
