"""One subscription as the consumer sees it: it outlives the connections that carry it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from asyncua import ua

from lineshaft.connect.opcua import wire
from lineshaft.connect.opcua.faults import status_name
from lineshaft.connect.opcua.link import Link
from lineshaft.connect.opcua.stated import StatedUnits
from lineshaft.core import quality
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

log = logging.getLogger("lineshaft.connect.opcua")

MAX_WAITING = 1_000_000  # samples that wait for a slow consumer before the oldest are dropped
OVERFLOW = 0x0480  # InfoType DataValue and its Overflow bit (OPC 10000-4, 7.39.1)
_LIFETIME_COUNT = 10_000
_FILTER_REFUSED = {ua.StatusCodes.BadMonitoredItemFilterUnsupported, ua.StatusCodes.BadFilterNotAllowed,
                   ua.StatusCodes.BadMonitoredItemFilterInvalid, ua.StatusCodes.BadDeadbandFilterInvalid}


class Feed:
    """Samples of ``tags`` as they come; ``attach`` it to each new link, ``lose`` it when a link is lost."""

    def __init__(self, tags: Sequence[Tag], period_ns: int) -> None:
        self.tags, self.period_ns = tuple(tags), period_ns
        self.paths = tuple(tag.path for tag in tags)
        self.missing: dict[int, int] = {}  # place of a tag that the server does not give: StatusCode
        self._units = StatedUnits()
        self._subscription = 0
        self._waiting: deque[Samples] = deque()
        self._count = 0
        self._dropped = False
        self._ready = asyncio.Event()
        self._closed = False

    # -- the consumer's side -------------------------------------------------------------------------------

    async def next(self) -> Samples | None:
        """The next batch, or None when the feed is closed and empty."""
        while not self._waiting:
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        batch = self._waiting.popleft()
        self._count -= len(batch)
        return batch

    def close(self) -> None:
        """No more samples; those that wait are still given."""
        self._closed = True
        self._ready.set()

    # -- the link's side -----------------------------------------------------------------------------------

    def receive(self, notification: wire.Notification) -> None:
        if notification.changes.key:
            self._give(self._units.marked(notification.changes.samples(self.paths)))

    def lose(self) -> None:
        """One batch that says for every tag that nothing is known from now on."""
        codes = np.full(len(self.paths), quality.BAD_NO_COMMUNICATION, np.uint32)
        self._give(Samples.row(self.paths, time.time_ns(), np.full(len(self.paths), np.nan), codes))

    def _give(self, samples: Samples) -> None:
        if self._dropped:
            samples.quality[:] |= np.uint32(OVERFLOW)
            self._dropped = False
        self._waiting.append(samples)
        self._count += len(samples)
        while self._count > MAX_WAITING and len(self._waiting) > 1:
            self._count -= len(self._waiting.popleft())
            self._dropped = True
        self._ready.set()

    async def attach(self, link: Link) -> None:
        """Create the subscription on a link; tags that the server does not know are marked, not fatal."""
        await self._units.look(link, self.tags)
        created = (await link.ask(self._request(link), ua.CreateSubscriptionResponse)).Parameters
        self._subscription = int(created.SubscriptionId)
        link.register(self._subscription, self, 3 * created.RevisedPublishingInterval
                      * created.RevisedMaxKeepAliveCount / 1000)
        self.missing = {}
        await self._monitor(link, range(len(self.tags)))

    async def retry_missing(self, link: Link) -> None:
        """Ask again for tags that were not there: a server may still be filling its address space."""
        await self._monitor(link, tuple(self.missing))

    async def units_changed(self, link: Link) -> bool:
        """Whether the server measures a tag in another unit than when this was attached."""
        return await self._units.look(link, self.tags)

    @property
    def unknown(self) -> list[int]:
        """Places of tags whose NodeId the server does not know."""
        return [place for place, code in self.missing.items() if code == int(ua.StatusCodes.BadNodeIdUnknown)]

    def find_again(self, link: Link, there: Mapping[str, Tag]) -> bool:
        """Take the new address of each unknown tag that is there by its path, if it is the same signal still.

        Whether there was any.
        """
        before = self.tags
        for place in self.unknown:
            tag, other = self.tags[place], there.get(self.paths[place])
            if other is None or other.address == tag.address:
                continue
            if (other.kind, other.unit) != (tag.kind, tag.unit):
                log.warning("%s: %s is there under another NodeId, but as %s [%s] instead of %s [%s]: it is not taken; "
                            "learn anew from it", link.url, tag.path, other.kind, other.unit, tag.kind, tag.unit)
                continue
            log.warning("%s: %s is read under its new NodeId, %s", link.url, tag.path, other.address)
            self.tags = (*self.tags[:place], replace(tag, address=other.address), *self.tags[place + 1:])
        return self.tags is not before

    async def detach(self, link: Link) -> None:
        """Delete the subscription on the server."""
        link.unregister(self._subscription)
        request = ua.DeleteSubscriptionsRequest()
        request.Parameters.SubscriptionIds = [self._subscription]
        await link.ask(request, ua.DeleteSubscriptionsResponse)

    def _request(self, link: Link) -> ua.CreateSubscriptionRequest:
        publishing = publishing_ms(self.period_ns, link.options.publishing_ns)
        request = ua.CreateSubscriptionRequest()
        request.Parameters.RequestedPublishingInterval = publishing
        keep_alive = max(round(link.options.keepalive_s * 1000 / max(publishing, 1.0)), 1)
        request.Parameters.RequestedMaxKeepAliveCount = keep_alive
        request.Parameters.RequestedLifetimeCount = max(_LIFETIME_COUNT, 3 * keep_alive)
        request.Parameters.MaxNotificationsPerPublish = 0
        request.Parameters.PublishingEnabled = True
        return request

    async def _monitor(self, link: Link, places: Sequence[int]) -> None:
        """Create monitored items; those whose filter is refused again without a deadband, then without any."""
        codes: dict[int, int] = {}
        todo: Sequence[int] = [place for place in places if self._resolve(link, place, codes) is not None]
        for filtering in ("deadband", "timestamp", "none"):
            await self._create(link, todo, filtering, codes)
            todo = [place for place in todo if codes[place] in _FILTER_REFUSED]
            if not todo:
                break
        self._mark(link, {place: code for place, code in codes.items() if code})

    def _resolve(self, link: Link, place: int, codes: dict[int, int]) -> ua.NodeId | None:
        node = link.node_id(self.tags[place].address)
        if node is None:
            codes[place] = int(ua.StatusCodes.BadNodeIdUnknown)
        return node

    async def _create(self, link: Link, places: Sequence[int], filtering: str, codes: dict[int, int]) -> None:
        async def part(some: Sequence[int]) -> None:
            request = ua.CreateMonitoredItemsRequest()
            request.Parameters.SubscriptionId = self._subscription
            request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
            request.Parameters.ItemsToCreate = [self._item(link, place, filtering) for place in some]
            results = (await link.ask(request, ua.CreateMonitoredItemsResponse)).Results
            for place, result in zip(some, results, strict=True):
                codes[place] = 0 if result.StatusCode.is_good() else int(result.StatusCode.value)
        await link.batched(places, "MaxMonitoredItemsPerCall", part)

    def _item(self, link: Link, place: int, filtering: str) -> ua.MonitoredItemCreateRequest:
        tag = self.tags[place]
        asked = ua.MonitoringParameters(ClientHandle=place, SamplingInterval=sampling_ms(self.period_ns),
                                        QueueSize=link.options.queue_size, DiscardOldest=True)
        if filtering != "none":
            asked.Filter = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
        if filtering == "deadband" and tag.deadband > 0 and tag.kind in ("float", "int"):
            asked.Filter.DeadbandType = int(ua.DeadbandType.Absolute)
            asked.Filter.DeadbandValue = tag.deadband
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=link.node_id(tag.address), AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting, RequestedParameters=asked)

    def _mark(self, link: Link, refused: dict[int, int]) -> None:
        """Give each newly refused tag one sample with the server's own StatusCode."""
        news = {place: code for place, code in refused.items() if self.missing.get(place) != code}
        self.missing = refused
        if not news:
            return
        first = list(news.items())[:5]
        names = ", ".join(f"{self.paths[place]} ({status_name(code)})" for place, code in first)
        log.warning("%s does not give %d of %d tags: %s%s", link.url, len(news), len(self.tags), names,
                    ", ..." if len(news) > 5 else "")
        paths = tuple(self.paths[place] for place in news)
        self._give(Samples.row(paths, time.time_ns(), np.full(len(paths), np.nan),
                               np.array(list(news.values()), np.uint32)))


def publishing_ms(period_ns: int, wanted_ns: int | None) -> float:
    """A twentieth of the period, so that data grows hardly old on the way; 1 to 100 ms unless asked for.

    >>> publishing_ms(10**9, None), publishing_ms(60 * 10**9, None), publishing_ms(10**9, 1_000_000)
    (50.0, 100.0, 1.0)
    """
    if wanted_ns is not None:
        return wanted_ns / 1e6
    return min(max(period_ns / 2e7, 1.0), 100.0)


def sampling_ms(period_ns: int) -> float:
    """Half the period: a value is then at most half a period old, whatever the phase of the server's clock."""
    return period_ns / 2e6
