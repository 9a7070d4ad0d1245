"""What every connector promises, whatever protocol it speaks; see ``lineshaft.connect`` for the fixture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import numpy as np
import pytest
import pytest_asyncio

from lineshaft.connect import registry
from lineshaft.core import discovery
from lineshaft.core.clock import SECOND
from lineshaft.core.connector import Connector, ConnectorManifest
from lineshaft.core.errors import LineshaftError, Refused, UsageError
from lineshaft.core.guard import WriteGuard, WriteLimit
from lineshaft.core.quality import BAD, BAD_CONFIGURATION_ERROR
from lineshaft.core.tag import Tag

PERIOD = SECOND // 10
PATIENCE_S = 60.0
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Source:
    """A running simulator of one connector."""

    manifest: ConnectorManifest
    uri: str
    tags: tuple[Tag, ...]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=sorted(registry.manifests()))
async def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
                 ) -> AsyncIterator[Source]:
    sources = registry.load(request.param, "simulator").sources
    async with sources(tmp_path_factory.mktemp(request.param)) as (uri, tags):
        yield Source(registry.manifests()[request.param], uri, tags)


@asynccontextmanager
async def connected(source: Source, guard: WriteGuard | None = None) -> AsyncIterator[Connector]:
    connector = registry.open_connector(source.uri, guard=guard)
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


async def collect(connector: Connector, tags: Sequence[Tag]) -> set[str]:
    """Names in a subscription until each of ``tags`` had a usable value."""
    wanted, found = {tag.path for tag in tags}, set[str]()
    async with asyncio.timeout(PATIENCE_S):
        async for samples in connector.subscribe(tags, PERIOD):
            found.update(sample.tag for sample in samples if sample.quality < BAD)
            if wanted <= found:
                break
    return found


@pytest.mark.parametrize("name", sorted(registry.manifests()))
async def test_its_manifest_can_be_read_without_its_code_and_names_itself(name: str) -> None:
    manifest = registry.parse_manifest(discovery.manifests("lineshaft.connect")[name], name)
    assert manifest.name == name
    assert manifest.schemes or manifest.suffixes
    assert manifest.title and manifest.description


async def test_its_uri_leads_to_it(source: Source) -> None:
    assert registry.connector_for(source.uri) == source.manifest.name


async def test_browse_gives_the_tags_that_the_source_has(source: Source) -> None:
    if not source.manifest.browse:
        pytest.skip("does not browse")
    async with connected(source) as connector:
        found = {tag.path: tag for tag in await connector.browse()}
    assert len(source.tags) >= 3
    for tag in source.tags:
        assert found[tag.path].address == tag.address
        assert found[tag.path].unit == tag.unit
        assert (found[tag.path].low, found[tag.path].high) == (tag.low, tag.high)
        assert found[tag.path].writable == tag.writable


async def test_read_answers_every_tag_once_in_the_order_asked(source: Source) -> None:
    async with connected(source) as connector:
        asked = source.tags[::-1]
        samples = list(await connector.read(asked))
    assert [sample.tag for sample in samples] == [tag.path for tag in asked]
    assert all(sample.quality < BAD for sample in samples)
    assert all(sample.time > 0 for sample in samples)


async def test_reading_nothing_gives_nothing(source: Source) -> None:
    async with connected(source) as connector:
        assert len(await connector.read([])) == 0


async def test_a_tag_that_is_not_there_is_bad_and_the_others_are_read(source: Source) -> None:
    gone = replace(source.tags[0], path="works/gone", address=source.tags[0].address + "-gone")
    async with connected(source) as connector:
        bad, good = await connector.read([gone, source.tags[1]])
    assert bad.tag == "works/gone" and bad.quality >= BAD and np.isnan(bad.value)
    assert good.quality < BAD


async def test_a_subscription_gives_every_tag_and_only_those(source: Source) -> None:
    some = source.tags[:2]
    async with connected(source) as connector:
        assert await collect(connector, some) == {tag.path for tag in some}


async def test_what_comes_in_another_unit_than_it_is_asked_for_is_bad_and_the_others_are_not(source: Source) -> None:
    asked = [replace(source.tags[0], unit="kPa" if source.tags[0].unit == "bar" else "bar"), *source.tags[1:3]]
    found: dict[str, set[int]] = {tag.path: set() for tag in asked}
    async with connected(source) as connector, asyncio.timeout(PATIENCE_S):
        async for samples in connector.subscribe(asked, PERIOD):
            for sample in samples:
                found[sample.tag].add(sample.quality)
            if BAD_CONFIGURATION_ERROR in found[asked[0].path] and all(min(found[tag.path], default=BAD) < BAD
                                                                       for tag in asked[1:]):
                break
    assert min(found[asked[0].path]) >= BAD and not any(BAD_CONFIGURATION_ERROR in found[tag.path] for tag in asked[1:])


async def test_close_ends_a_subscription_and_may_be_called_twice(source: Source) -> None:
    async with connected(source) as connector:
        begun = asyncio.Event()
        ended = asyncio.create_task(watch(connector, source.tags, begun))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        await connector.close()
        await connector.close()
        await asyncio.wait_for(ended, PATIENCE_S)


async def watch(connector: Connector, tags: Sequence[Tag], begun: asyncio.Event, until: float = np.nan) -> None:
    """Follow a subscription until it ends or gives the value ``until``."""
    async for samples in connector.subscribe(tags, PERIOD):
        begun.set()
        if until in samples.value:
            return


async def test_without_limits_every_write_is_refused(source: Source) -> None:
    async with connected(source) as connector:
        with pytest.raises(Refused):
            await connector.write(source.tags[0], 1.0)


async def test_a_write_inside_its_limits_is_seen_by_subscribers(source: Source) -> None:
    if not source.manifest.write:
        pytest.skip("does not write")
    tag = next(tag for tag in source.tags if tag.writable)
    async with connected(source, WriteGuard({tag.path: WriteLimit(0.0, 50.0)})) as connector:
        begun = asyncio.Event()
        seen = asyncio.create_task(watch(connector, [tag], begun, until=42.5))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        await connector.write(tag, 42.5)
        await asyncio.wait_for(seen, PATIENCE_S)
        with pytest.raises(Refused):
            await connector.write(tag, 51.0)


async def test_it_says_in_one_sentence_that_it_is_not_open(source: Source) -> None:
    with pytest.raises(LineshaftError) as refusal:
        await registry.open_connector(source.uri).read(source.tags)
    assert "\n" not in str(refusal.value)


async def test_an_option_that_it_does_not_have_is_named(source: Source) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        registry.open_connector(source.uri, nonsense=1)


async def test_a_uri_that_nobody_answers_to_lists_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"opc\.tcp://"):
        registry.open_connector("gopher://plant/")


async def test_a_missing_library_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> object:
        raise ModuleNotFoundError(f"No module named {module!r}", name="asyncua")

    monkeypatch.setattr("lineshaft.connect.registry.importlib.import_module", missing)
    with pytest.raises(LineshaftError, match=r'install "lineshaft\[opcua\]"') as failure:
        registry.open_connector("opc.tcp://plc:4840/")
    assert failure.value.exit_code == 3


async def test_a_manifest_with_an_unknown_key_names_file_and_key() -> None:
    with pytest.raises(UsageError, match=r"connect/x/manifest\.toml.*'colour'"):
        registry.parse_manifest('name = "x"\ntitle = "X"\nschemes = []\ncolour = 3', "connect/x/manifest.toml")
