"""Whether a tag is still measured in the unit that it was learnt with: old NodeIds may come with a new program."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import numpy as np
from asyncua import ua

from lineshaft.connect.opcua import browse
from lineshaft.connect.opcua.link import Link
from lineshaft.core import quality
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.core.units import same

log = logging.getLogger("lineshaft.connect.opcua")

_NAMED = 5


class StatedUnits:
    """The units that a server states for tags now; ``foreign`` are those of another than the tag's own, by place.

    Only tags with a unit are asked about, a request for some hundreds of them. What cannot be compared counts as the
    same: a server that states no unit any more, or one that is no known unit.
    """

    def __init__(self) -> None:
        self.foreign: dict[int, str] = {}
        self._properties: dict[int, str] = {}

    async def look(self, link: Link, tags: Sequence[Tag]) -> bool:
        """Ask the server; whether ``foreign`` is another than before."""
        found = await self._stated(link, tags)
        foreign = {place: unit for place, unit in found.items() if not same(tags[place].unit, unit)}
        before, self.foreign = self.foreign, foreign
        news = [place for place, unit in foreign.items() if before.get(place) != unit]
        if news:
            named = ", ".join(f"{tags[place].path} in {foreign[place]} instead of {tags[place].unit}"
                              for place in news[:_NAMED])
            log.warning("%s measures %d tags in another unit: %s%s; they are not used until it is as it was, or until "
                        "something is learnt anew", link.url, len(news), named, ", ..." if len(news) > _NAMED else "")
        return before != foreign

    def marked(self, samples: Samples) -> Samples:
        """The same, with what is of another unit marked as bad."""
        if self.foreign:
            wrong = np.isin(samples.index, list(self.foreign)) & quality.usable(samples.quality)
            samples.quality[wrong] = quality.BAD_CONFIGURATION_ERROR
        return samples

    async def _stated(self, link: Link, tags: Sequence[Tag]) -> dict[int, str]:
        nodes = {place: node for place, tag in enumerate(tags)
                 if tag.unit and (node := link.node_id(tag.address)) is not None}
        stated = await self._read(link, [place for place in self._properties if place in nodes])
        unread = [place for place in nodes if place not in stated]
        await self._find(link, {place: nodes[place] for place in unread})
        return stated | await self._read(link, [place for place in unread if place in self._properties])

    async def _find(self, link: Link, nodes: dict[int, ua.NodeId]) -> None:
        """Where each variable's unit lies, if it has one."""
        async def part(some: Sequence[int]) -> None:
            pages = await browse.references(link, [nodes[place] for place in some])
            for place, page in zip(some, pages, strict=True):
                self._properties.pop(place, None)
                for one in page:
                    if one.BrowseName.Name == browse.UNITS:
                        self._properties[place] = link.address(browse.local(one.NodeId))
            await asyncio.sleep(link.options.pause_s)
        await link.batched(list(nodes), "MaxNodesPerBrowse", part)

    async def _read(self, link: Link, places: Sequence[int]) -> dict[int, str]:
        nodes = {place: node for place in places if (node := link.node_id(self._properties[place])) is not None}
        values = await link.attributes([(node, ua.AttributeIds.Value) for node in nodes.values()])
        return {place: browse.unit_of(found) for place, value in zip(nodes, values, strict=True)
                if isinstance(found := browse.good(value), ua.EUInformation)}
