"""What every connector promises, whatever protocol it speaks; see ``lineshaft.connect`` for the fixture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from lineshaft.connect import registry
from lineshaft.core import discovery
from lineshaft.core.clock import SECOND
from lineshaft.core.connector import Connector, ConnectorManifest
from lineshaft.core.errors import LineshaftError, Refused, UsageError
from lineshaft.core.guard import WriteGuard, WriteLimit
from lineshaft.core.quality import BAD
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

PERIOD = SECOND // 10
PATIENCE_S = 20.0
connectors = pytest.mark.parametrize("name", sorted(registry.manifests()))


@dataclass
class Source:
    """A running simulator of one connector, and a connector connected to it."""

    uri: str
    tags: tuple[Tag, ...]
    connector: Connector
    manifest: ConnectorManifest


@asynccontextmanager
async def source_of(name: str, folder: Path, guard: WriteGuard | None = None) -> AsyncIterator[Source]:
    async with registry.load(name, "simulator").sources(folder) as (uri, tags):
        connector = registry.open_connector(uri, guard=guard)
        await connector.open()
        try:
            yield Source(uri, tags, connector, registry.manifests()[name])
        finally:
            await connector.close()


async def collect(connector: Connector, tags: Sequence[Tag]) -> dict[str, Samples]:
    """Batches of a subscription until each tag had a usable value once, by tag."""
    wanted, found = {tag.path for tag in tags}, dict[str, Samples]()
    async with asyncio.timeout(PATIENCE_S):
        async for samples in connector.subscribe(tags, PERIOD):
            found.update({sample.tag: samples for sample in samples if sample.quality < BAD})
            if wanted <= set(found):
                break
    return found


@connectors
def test_its_manifest_can_be_read_without_its_code_and_names_itself(name: str) -> None:
    manifest = registry.parse_manifest(discovery.manifests("lineshaft.connect")[name], name)
    assert manifest.name == name
    assert manifest.schemes or manifest.suffixes
    assert manifest.title and manifest.description


@connectors
async def test_its_uri_leads_to_it(name: str, tmp_path: Path) -> None:
    async with registry.load(name, "simulator").sources(tmp_path) as (uri, _):
        assert registry.connector_for(uri) == name


@connectors
async def test_browse_gives_the_tags_that_the_source_has(name: str, tmp_path: Path) -> None:
    async with source_of(name, tmp_path) as source:
        if not source.manifest.browse:
            pytest.skip("does not browse")
        found = {tag.path: tag for tag in await source.connector.browse()}
        assert len(source.tags) >= 3
        for tag in source.tags:
            assert found[tag.path].address == tag.address
            assert found[tag.path].unit == tag.unit
            assert (found[tag.path].low, found[tag.path].high) == (tag.low, tag.high)
            assert found[tag.path].writable == tag.writable


@connectors
async def test_read_answers_every_tag_once_in_the_order_asked(name: str, tmp_path: Path) -> None:
    async with source_of(name, tmp_path) as source:
        await collect(source.connector, source.tags)
        asked = source.tags[::-1]
        samples = list(await source.connector.read(asked))
        assert [sample.tag for sample in samples] == [tag.path for tag in asked]
        assert all(sample.quality < BAD for sample in samples)
        assert all(sample.time > 0 for sample in samples)


@connectors
async def test_reading_nothing_gives_nothing(name: str, tmp_path: Path) -> None:
    async with source_of(name, tmp_path) as source:
        assert len(await source.connector.read([])) == 0


@connectors
async def test_a_tag_that_is_not_there_is_bad_and_the_others_are_read(name: str, tmp_path: Path) -> None:
    async with source_of(name, tmp_path) as source:
        await collect(source.connector, source.tags)
        gone = replace(source.tags[0], path="works/gone", address=source.tags[0].address + "-gone")
        bad, good = await source.connector.read([gone, source.tags[1]])
        assert bad.tag == "works/gone" and bad.quality >= BAD and np.isnan(bad.value)
        assert good.quality < BAD


@connectors
async def test_a_subscription_gives_every_tag_and_only_those(name: str, tmp_path: Path) -> None:
    async with source_of(name, tmp_path) as source:
        some = source.tags[:2]
        found = await collect(source.connector, some)
        assert set(found) == {tag.path for tag in some}


@connectors
async def test_close_ends_a_subscription_and_may_be_called_twice(name: str, tmp_path: Path) -> None:
    async with source_of(name, tmp_path) as source:
        begun = asyncio.Event()
        ended = asyncio.create_task(watch(source.connector, source.tags, begun))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        await source.connector.close()
        await source.connector.close()
        await asyncio.wait_for(ended, PATIENCE_S)


async def watch(connector: Connector, tags: Sequence[Tag], begun: asyncio.Event, until: float = np.nan) -> None:
    """Follow a subscription until it ends or gives the value ``until``."""
    async for samples in connector.subscribe(tags, PERIOD):
        begun.set()
        if until in samples.value:
            return


@connectors
async def test_without_limits_every_write_is_refused(name: str, tmp_path: Path) -> None:
    async with source_of(name, tmp_path) as source:
        with pytest.raises(Refused):
            await source.connector.write(source.tags[0], 1.0)


@connectors
async def test_a_write_inside_its_limits_is_read_back_or_seen(name: str, tmp_path: Path) -> None:
    if not registry.manifests()[name].write:
        pytest.skip("does not write")
    guard = WriteGuard()
    async with source_of(name, tmp_path, guard) as source:
        tag = next(tag for tag in source.tags if tag.writable)
        guard.limits = {tag.path: WriteLimit(0.0, 50.0)}
        begun = asyncio.Event()
        seen = asyncio.create_task(watch(source.connector, [tag], begun, until=42.5))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        await source.connector.write(tag, 42.5)
        await asyncio.wait_for(seen, PATIENCE_S)
        with pytest.raises(Refused):
            await source.connector.write(tag, 51.0)


@connectors
async def test_it_says_in_one_sentence_that_it_is_not_open(name: str, tmp_path: Path) -> None:
    async with registry.load(name, "simulator").sources(tmp_path) as (uri, tags):
        with pytest.raises(LineshaftError) as refusal:
            await registry.open_connector(uri).read(tags)
        assert "\n" not in str(refusal.value)


@connectors
async def test_an_option_that_it_does_not_have_is_named(name: str, tmp_path: Path) -> None:
    async with registry.load(name, "simulator").sources(tmp_path) as (uri, _):
        with pytest.raises(UsageError, match="nonsense"):
            registry.open_connector(uri, nonsense=1)


def test_a_uri_that_nobody_answers_to_lists_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"opc\.tcp://"):
        registry.open_connector("gopher://plant/")


def test_a_missing_library_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> object:
        raise ModuleNotFoundError(f"No module named {module!r}", name="asyncua")

    monkeypatch.setattr("lineshaft.connect.registry.importlib.import_module", missing)
    with pytest.raises(LineshaftError, match=r'install "lineshaft\[opcua\]"') as failure:
        registry.open_connector("opc.tcp://plc:4840/")
    assert failure.value.exit_code == 3


def test_a_manifest_with_an_unknown_key_names_file_and_key() -> None:
    with pytest.raises(UsageError, match=r"connect/x/manifest\.toml.*'colour'"):
        registry.parse_manifest('name = "x"\ntitle = "X"\nschemes = []\ncolour = 3', "connect/x/manifest.toml")
