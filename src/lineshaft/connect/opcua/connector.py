"""The OPC UA connector: whatever happens to the server, its samples go on or say that they do not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Sequence

import numpy as np
from asyncua import ua

from lineshaft.connect.opcua import browse as browsing
from lineshaft.connect.opcua import faults, wire
from lineshaft.connect.opcua.feed import Feed
from lineshaft.connect.opcua.link import Link
from lineshaft.connect.opcua.options import Options, parse
from lineshaft.core import quality
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused, UsageError
from lineshaft.core.guard import WriteGuard
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

log = logging.getLogger("lineshaft.connect.opcua")

TICK_S = 1.0
RETRY_MISSING_S = 10.0
UNITS_AGAIN_S = 60.0
BROWSE_AGAIN_S = (10.0, 3600.0)
"""A whole server is browsed for tags that it no longer knows by their NodeId: ever less often while none is found,
however often the connection is lost."""
_REFUSED_WRITE = {ua.StatusCodes.BadUserAccessDenied, ua.StatusCodes.BadNotWritable,
                  ua.StatusCodes.BadOutOfRange, ua.StatusCodes.BadWriteNotSupported,
                  ua.StatusCodes.BadTypeMismatch}


def create(uri: str, *, guard: WriteGuard, **options: object) -> OpcUaConnector:
    """A connector for ``opc.tcp://[user:password@]host:port/path``; see ``Options``."""
    url, checked = parse(uri, options)
    return OpcUaConnector(url, checked, guard)


class OpcUaConnector:
    """``core.connector.Connector`` over OPC UA.

    Once open, it reconnects for ever: at a loss each subscription gives one batch of BAD_NO_COMMUNICATION for
    all its tags, then the server's values as soon as it is back; ``read`` answers BAD_NO_COMMUNICATION
    meanwhile. Source times and StatusCodes are the server's, to the nanosecond; times need not be in order.
    """

    def __init__(self, url: str, options: Options, guard: WriteGuard) -> None:
        self.url = url
        self._options, self._guard = options, guard
        self._link: Link | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._feeds: list[Feed] = []
        self._attached: set[Feed] = set()
        self._types: dict[str, ua.VariantType] = {}
        self._browse_after, self._browse_wait = 0.0, BROWSE_AGAIN_S[0]

    async def open(self) -> None:
        """Connect; the first failure is raised, later losses heal unaided."""
        if self._keeper is not None:
            return
        link = Link(self.url, self._options)
        await link.open()
        self._link = link
        self._closing.clear()
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """End every subscription and the session."""
        keeper, self._keeper = self._keeper, None
        self._closing.set()  # asyncua swallows a cancellation while it disconnects: the keeper looks here too
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        for feed in self._feeds:
            feed.close()
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def browse(self, root: str | None = None) -> list[Tag]:
        """Every scalar variable below ``root`` (a NodeId), with unit and range where the server knows them."""
        link = self._require_link()
        try:
            return await browsing.browse(link, root)
        except faults.LINK_ERRORS as error:
            raise faults.explain(error, self.url, self._options) from None

    async def read(self, tags: Sequence[Tag]) -> Samples:
        """The current value of every tag, in their order; what cannot be had is bad and says why."""
        link, paths = self._require_link(), tuple(tag.path for tag in tags)
        nodes = [_node(link, tag) for tag in tags]
        there = [i for i, node in enumerate(nodes) if node is not None]
        columns = wire.Columns()
        try:
            await link.values([nodes[i] for i in there], there, columns)
        except faults.LINK_ERRORS as error:
            log.warning("%s", faults.explain(error, self.url, self._options))
            codes = np.full(len(tags), quality.BAD_NO_COMMUNICATION, np.uint32)
            return Samples.row(paths, time.time_ns(), np.full(len(tags), np.nan), codes)
        for i, node in enumerate(nodes):
            if node is None:
                _append_missing(columns, i)
        return columns.samples(paths)

    async def subscribe(self, tags: Sequence[Tag], period_ns: int) -> AsyncIterator[Samples]:
        """Changes as they come, until ``close``; an unknown tag is bad, and asked for again now and then."""
        link = self._require_link()
        for tag in tags:
            _node(link, tag)
        feed = Feed(tags, period_ns)
        self._feeds.append(feed)
        try:
            await self._attach(feed, link)
            while (samples := await feed.next()) is not None:
                yield samples
        finally:
            self._feeds.remove(feed)
            await self._detach(feed)

    async def write(self, tag: Tag, value: float) -> None:
        """Write through the guard, in the type that the server's variable has."""
        self._guard.check(tag.path, value, time.time_ns())
        link = self._require_link()
        node = _node(link, tag)
        if node is None:
            raise EnvironmentFailed(f"the server knows no node {tag.address!r}", where=tag.path)
        try:
            kind = self._types.get(tag.address) or await self._type_of(link, node, tag)
            request = ua.WriteRequest()
            request.Parameters.NodesToWrite = [ua.WriteValue(
                NodeId=node, AttributeId=ua.AttributeIds.Value,
                Value=ua.DataValue(_variant(tag, value, kind), StatusCode=None))]
            result = (await link.ask(request, ua.WriteResponse)).Results[0]
        except faults.LINK_ERRORS as error:
            raise faults.explain(error, self.url, self._options) from None
        if not result.is_good():
            kind_of = Refused if result.value in _REFUSED_WRITE else EnvironmentFailed
            raise kind_of(f"the server refused the write ({faults.status_name(result.value)})", where=tag.path)

    async def _type_of(self, link: Link, node: ua.NodeId, tag: Tag) -> ua.VariantType:
        """The type of the variable's value; of its DataType where it holds none yet."""
        held, declared = await link.attributes([(node, ua.AttributeIds.Value),
                                                (node, ua.AttributeIds.DataType)])
        kind = held.Value.VariantType if held.Value is not None else ua.VariantType.Null
        if kind is ua.VariantType.Null and declared.Value is not None:
            data_type = declared.Value.Value
            standard = data_type.NamespaceIndex == 0 and 1 <= int(data_type.Identifier) <= 25
            kind = ua.VariantType(data_type.Identifier if standard else 6)  # 6, Int32: an enumeration
        self._types[tag.address] = kind
        return kind

    # -- keeping the connection ----------------------------------------------------------------------------

    def _require_link(self) -> Link:
        if self._link is None:
            raise UsageError("the connector is not open", where=self.url, do="await open() first")
        return self._link

    async def _attach(self, feed: Feed, link: Link) -> None:
        try:
            await feed.attach(link)
            self._attached.add(feed)
        except faults.LINK_ERRORS as error:
            link.fail(str(faults.explain(error, "", self._options)))

    async def _detach(self, feed: Feed) -> None:
        link = self._link
        if feed in self._attached and link is not None and not link.lost.is_set():
            with contextlib.suppress(*faults.LINK_ERRORS):
                await feed.detach(link)
        self._attached.discard(feed)

    async def _keep(self) -> None:
        """Watch the link; make a new one when it is lost."""
        retried = looked = time.monotonic()
        while not self._closing.is_set():
            link = self._require_link()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(link.lost.wait(), TICK_S)
            if link.lost.is_set():
                await self._replace(link)
                continue
            link.check_silence()
            if time.monotonic() - retried >= RETRY_MISSING_S:
                retried = time.monotonic()
                await self._retry_missing(link)
            if time.monotonic() - looked >= UNITS_AGAIN_S:
                looked = time.monotonic()
                await self._look_at_units(link)

    async def _retry_missing(self, link: Link) -> None:
        for feed in [feed for feed in self._feeds if feed.missing]:
            try:
                await self._find_again(feed, link)
                await feed.retry_missing(link)
            except faults.LINK_ERRORS as error:
                link.fail(str(faults.explain(error, "", self._options)))

    async def _look_at_units(self, link: Link) -> None:
        """Values from before a change are of another unit: everything is taken anew then."""
        try:
            if any([await feed.units_changed(link) for feed in self._attached]):
                link.fail("the unit of a tag was changed")
        except faults.LINK_ERRORS as error:
            link.fail(str(faults.explain(error, "", self._options)))

    async def _find_again(self, feed: Feed, link: Link) -> None:
        """Tags of unknown NodeIds may be there by their path, under others: a PLC numbers anew with a new program."""
        if not feed.unknown or time.monotonic() < self._browse_after:
            return
        found = feed.find_again(link, {tag.path: tag for tag in await browsing.browse(link, None)})
        self._browse_wait = BROWSE_AGAIN_S[0] if found else min(2 * self._browse_wait, BROWSE_AGAIN_S[1])
        self._browse_after = time.monotonic() + self._browse_wait

    async def _replace(self, lost: Link) -> None:
        log.warning("%s: connection lost (%s); reconnecting", self.url, lost.reason)
        for feed in self._feeds:
            feed.lose()
        self._attached.clear()
        await lost.close()
        link = await self._reconnect()
        if link is None:
            return
        self._link = link
        for feed in list(self._feeds):
            await self._attach(feed, link)
        log.warning("%s: connected again", self.url)
        await self._retry_missing(link)

    async def _reconnect(self) -> Link | None:
        """A new link, however long it takes; None when the connector is closed meanwhile."""
        delay, longest = self._options.backoff_s
        said = ""
        while not await self._closed_within(delay * random.uniform(0.5, 1.0)):
            link = Link(self.url, self._options)
            try:
                await link.open()
                return link
            except LineshaftError as error:
                if str(error) != said:  # once for each reason, however long it lasts
                    said = str(error)
                    log.warning("%s; trying again for ever", error)
            delay = min(delay * 2, longest)
        return None

    async def _closed_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return self._closing.is_set()


def _node(link: Link, tag: Tag) -> ua.NodeId | None:
    """The tag's NodeId, None where the server has no such namespace; ``UsageError`` where it is no NodeId."""
    try:
        return link.node_id(tag.address)
    except ValueError:
        raise UsageError(f"{tag.address!r} is not an OPC UA NodeId", where=tag.path,
                         do="take the address from `lineshaft tag browse`") from None


def _append_missing(columns: wire.Columns, key: int) -> None:
    columns.key.append(key)
    columns.time.append(time.time_ns())
    columns.value.append(float("nan"))
    columns.quality.append(int(ua.StatusCodes.BadNodeIdUnknown))


def _variant(tag: Tag, value: float, kind: ua.VariantType) -> ua.Variant:
    if kind in (ua.VariantType.Double, ua.VariantType.Float):
        return ua.Variant(float(value), kind)
    if kind is ua.VariantType.Boolean and value in (0, 1):
        return ua.Variant(bool(value), kind)
    if ua.VariantType.SByte.value <= kind.value <= ua.VariantType.UInt64.value and float(value).is_integer():
        return ua.Variant(int(value), kind)
    raise UsageError(f"{value:g} does not fit the server's type {kind.name}", where=tag.path)
