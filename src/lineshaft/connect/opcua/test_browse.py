"""Browsing finds everything and overloads nobody."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.server import binary_server_asyncio
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary

from lineshaft.connect.opcua import units
from lineshaft.connect.opcua.conftest import Connected
from lineshaft.connect.opcua.server import ServerLimits
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.tag import Tag
from lineshaft.core.units import UNITS

pytestmark = pytest.mark.asyncio(loop_scope="module")
MANY = [Tag(f"works/hall{i // 400}/cell{i // 40}/asset{i // 20}/tag{i:04d}", unit="bar", low=0.0, high=10.0)
        for i in range(2000)]


class PagingProcessor(UaProcessor):  # type: ignore[misc]  # asyncua is not typed here
    """asyncua's server with continuation points, which it lacks: at most ``page`` references an answer."""

    page = 7

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._rest: dict[bytes, list[Any]] = {}
        self._points = itertools.count()

    async def _process_message(self, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        if typeid == ua.NodeId(ua.ObjectIds.BrowseRequest_Encoding_DefaultBinary):
            response = ua.BrowseResponse()
            results = await self.session.browse(struct_from_binary(ua.BrowseParameters, body))
            response.Results = [self._first(result) for result in results]
        elif typeid == ua.NodeId(ua.ObjectIds.BrowseNextRequest_Encoding_DefaultBinary):
            response = ua.BrowseNextResponse()
            asked = struct_from_binary(ua.BrowseNextParameters, body)
            rest = [self._rest.pop(point) for point in asked.ContinuationPoints]
            response.Parameters.Results = [ua.BrowseResult() if asked.ReleaseContinuationPoints
                                           else self._first(ua.BrowseResult(References=part)) for part in rest]
        else:
            return await super()._process_message(typeid, requesthdr, seqhdr, body)
        self.send_response(requesthdr.RequestHandle, seqhdr, response)
        return True

    def _first(self, result: ua.BrowseResult) -> ua.BrowseResult:
        rest = result.References[self.page:]
        point = str(next(self._points)).encode()
        if rest:
            self._rest[point] = rest
        return ua.BrowseResult(result.StatusCode, point if rest else None, result.References[:self.page])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant() -> AsyncIterator[Simulator]:
    async with Simulator(MANY, limits=ServerLimits(nodes_per_browse=50, nodes_per_read=300)) as simulator:
        yield simulator


async def test_2000_nodes_are_all_found_in_requests_no_larger_than_the_server_allows(
        plant: Simulator, connected: Connected) -> None:
    async with connected(plant.url, pause_s=0.0) as connector:
        before = len(plant.calls)
        tags = await connector.browse()
    calls = plant.calls[before:]
    assert {tag.path: tag for tag in tags} == {tag.path: tag for tag in plant.tags}
    assert max(count for service, count in calls if service == "browse") == 50
    assert max(count for service, count in calls if service == "read") == 300
    browsed = sum(count for service, count in calls if service == "browse")
    assert browsed <= 2 * len(MANY)  # every node once, and no property


async def test_a_folder_can_be_browsed_alone(plant: Simulator, connected: Connected) -> None:
    async with connected(plant.url, pause_s=0.0) as connector:
        tags = await connector.browse(plant.server.address("works/hall1/"))
    assert {tag.address for tag in tags} == {tag.address for tag in plant.tags[400:800]}


async def test_a_limit_of_nodes_is_kept_and_said(plant: Simulator, connected: Connected,
                                                 caplog: pytest.LogCaptureFixture) -> None:
    async with connected(plant.url, pause_s=0.0, max_nodes=300) as connector:
        before = len(plant.calls)
        tags = await connector.browse()
    assert 0 < len(tags) <= 300
    assert sum(count for service, count in plant.calls[before:] if service == "browse") <= 300
    assert "browse stopped at 300 nodes" in caplog.text


async def test_a_limit_of_depth_is_kept_and_said(plant: Simulator, connected: Connected,
                                                 caplog: pytest.LogCaptureFixture) -> None:
    async with connected(plant.url, pause_s=0.0, depth=3) as connector:
        assert await connector.browse() == []
    assert "browse stopped" in caplog.text


async def test_requests_never_overlap_even_if_asked_for_at_once(plant: Simulator, connected: Connected,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    async with connected(plant.url, pause_s=0.0) as connector:
        link = connector._require_link()
        original = link.request

        async def counted(request: Any, **options: Any) -> Any:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return await original(request, **options)
            finally:
                running -= 1

        monkeypatch.setattr(link, "request", counted)
        await asyncio.gather(*(connector.read(plant.tags[:900]) for _ in range(4)))
    assert most == 1


async def test_a_root_that_is_not_there_is_named(plant: Simulator, connected: Connected) -> None:
    async with connected(plant.url) as connector:
        with pytest.raises(EnvironmentFailed, match="knows no node 'nonsense'"):
            await connector.browse("nonsense")


async def test_pages_are_followed_to_their_end(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary_server_asyncio, "UaProcessor", PagingProcessor)
    tags = [Tag(f"works/cell/tag{i:03d}", unit="bar", low=0.0, high=1.0) for i in range(40)]
    async with Simulator(tags) as plant, connected(plant.url, pause_s=0.0) as connector:
        assert await connector.browse() == list(plant.tags)


async def test_a_name_with_a_slash_and_two_of_the_same_name_still_make_paths(connected: Connected) -> None:
    async with Simulator([Tag("works/cell/a")]) as plant:
        folder = await plant.server.add_folder("works/cell")
        for identifier, name in (("x1", "flow/in"), ("x2", "flow/in")):
            await plant.server.add_variable(identifier, parent=folder, name=name,
                                            value=ua.Variant(1.0, ua.VariantType.Double))
        async with connected(plant.url) as connector:
            paths = [tag.path for tag in await connector.browse()]
    assert paths[:2] == ["works/cell/a", "works/cell/flow_in"]
    assert paths[2].startswith("works/cell/flow_in [") and len(paths) == 3


async def test_every_unit_of_the_table_survives_the_way_there_and_back() -> None:
    for ucum in UNITS:
        assert units.from_engineering_units(*units.to_engineering_units(ucum)) == ucum


@pytest.mark.parametrize("ucum", ["kg/m2", "{cycles}", "mW", "MW", "mPa", "10*3/uL"])
async def test_a_unit_outside_the_table_survives_too(ucum: str) -> None:
    assert units.from_engineering_units(*units.to_engineering_units(ucum)) == ucum
