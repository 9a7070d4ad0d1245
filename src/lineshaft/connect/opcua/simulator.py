"""A real OPC UA server for any set of tags: a plant to test and to show with."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from asyncua import ua
from asyncua.common.callback import CallbackType

from lineshaft.connect.opcua import units
from lineshaft.connect.opcua.server import ServerLimits, ServerSecurity, UaServer, Value, to_datetime
from lineshaft.core import quality
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

NAMESPACE = "urn:lineshaft:simulator"
WriteHandler = Callable[[Tag, float], Awaitable[None]]

_TYPES = {"float": ua.VariantType.Double, "int": ua.VariantType.Int64, "enum": ua.VariantType.Int32,
          "bool": ua.VariantType.Boolean, "text": ua.VariantType.String}
_GOOD = ua.StatusCode(0)


class Simulator:
    """Serves ``tags`` as variables in a folder tree of their ISA-95 paths.

    Numbers are AnalogItems with EURange and EngineeringUnits (OPC 10000-8, 5.3.2). A tag has quality
    BadWaitingForInitialData until the first ``publish``. A client's write to a writable tag is kept and handed
    to ``on_write``. ``stop`` and ``start`` again serve the same tags on the same port, with no values yet.

    >>> import asyncio
    >>> async def show() -> str:
    ...     plant = Simulator([Tag("works/cell/flow", unit="L/min")])
    ...     await plant.start()
    ...     await plant.stop()
    ...     return plant.tags[0].address
    >>> asyncio.run(show())
    'nsu=urn:lineshaft:simulator;s=works/cell/flow'
    """

    def __init__(self, tags: Sequence[Tag], url: str = "opc.tcp://127.0.0.1:0/lineshaft/", *,
                 security: ServerSecurity | None = None, limits: ServerLimits | None = None,
                 on_write: WriteHandler | None = None, namespace: str = NAMESPACE) -> None:
        self.server = UaServer(url, namespace, "Lineshaft plant simulator", security=security, limits=limits)
        self.tags = tuple(replace(tag, address=self.server.address(tag.path)) for tag in tags)
        self._on_write = on_write
        self._nodes: dict[str, tuple[ua.NodeId, ua.VariantType]] = {}
        self._by_node: dict[ua.NodeId, Tag] = {}

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self.server.url

    async def start(self) -> None:
        """Listen; ``EnvironmentFailed`` when the port is taken."""
        await self.server.start(self._fill)

    async def stop(self) -> None:
        """Drop every client and free the port; safe to call twice."""
        await self.server.stop()

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def publish(self, samples: Samples) -> None:
        """Set values with their source times and StatusCodes; tags that are not served are left out."""
        now = to_datetime(time.time_ns())
        places = [self._nodes.get(tag) for tag in samples.tags]
        texts = samples.text or (None,) * len(samples)
        put = self.server.core.aspace.write_attribute_value
        rows = zip(samples.index.tolist(), samples.time.tolist(), samples.value.tolist(),
                   samples.quality.tolist(), texts, strict=True)
        for i, at, value, code, text in rows:
            place = places[i]
            if place is not None:
                node, kind = place
                status = ua.StatusCode(code) if code else _GOOD
                await put(node, ua.AttributeIds.Value,
                          Value(_variant(kind, value, text), status, to_datetime(at), now))

    async def add(self, tag: Tag) -> None:
        """One more tag while the server runs, as after a download to the PLC."""
        self.tags = (*self.tags, replace(tag, address=self.server.address(tag.path)))
        await self._serve(self.server, self.tags[-1])

    async def measure_in(self, path: str, unit: str) -> None:
        """Another unit for a tag that has one, while the server runs; its value stays as it is."""
        await self.server.put(self.server.node_id(f"{path}#EngineeringUnits"),
                              ua.DataValue(ua.Variant(_stated(unit), ua.VariantType.ExtensionObject)))

    @property
    def calls(self) -> list[tuple[str, int]]:
        """(service, number of nodes) of every request that clients made, in order."""
        return list(self.server.core.calls)

    async def _fill(self, server: UaServer) -> None:
        self._nodes, self._by_node = {}, {}
        for tag in self.tags:
            await self._serve(server, tag)
        if self._on_write is not None:
            server.core.subscribe_server_callback(CallbackType.PostWrite, self._written)

    async def _serve(self, server: UaServer, tag: Tag) -> None:
        kind = _TYPES.get(tag.kind, ua.VariantType.Double)
        node = await self._node(server, tag, kind)
        self._nodes[tag.path], self._by_node[node] = (node, kind), tag
        await server.put(node, ua.DataValue(StatusCode=ua.StatusCode(quality.BAD_WAITING_FOR_INITIAL_DATA)))

    async def _node(self, server: UaServer, tag: Tag, kind: ua.VariantType) -> ua.NodeId:
        analog = tag.kind in ("float", "int")
        node = await server.add_variable(
            tag.path, parent=await server.add_folder(tag.asset), name=tag.name, value=_variant(kind, 0.0, ""),
            type_definition=ua.ObjectIds.AnalogItemType if analog else ua.ObjectIds.BaseDataVariableType,
            description=tag.description, writable=tag.writable, sampling_ms=(tag.period_ns or 0) / 1e6)
        if analog and tag.low is not None and tag.high is not None:
            await self._describe(server, node, tag, "EURange", ua.Range(tag.low, tag.high), ua.ObjectIds.Range)
        if analog and tag.unit:
            await self._describe(server, node, tag, "EngineeringUnits", _stated(tag.unit), ua.ObjectIds.EUInformation)
        return node

    @staticmethod
    async def _describe(server: UaServer, node: ua.NodeId, tag: Tag, name: str, content: Any,
                        kind: int) -> None:
        await server.add_variable(f"{tag.path}#{name}", parent=node, name=name, of_property=True,
                                  value=ua.Variant(content, ua.VariantType.ExtensionObject),
                                  data_type=ua.NodeId(kind))

    async def _written(self, event: Any, _: object = None) -> None:
        if not event.is_external or self._on_write is None:
            return
        for item, result in zip(event.request_params.NodesToWrite, event.response_params, strict=True):
            tag = self._by_node.get(item.NodeId)
            if tag is not None and result.is_good():
                await self._on_write(tag, float(item.Value.Value.Value))


def _stated(unit: str) -> ua.EUInformation:
    namespace, code, symbol = units.to_engineering_units(unit)
    return ua.EUInformation(NamespaceUri=namespace, UnitId=code, DisplayName=ua.LocalizedText(symbol),
                            Description=ua.LocalizedText(unit))


def _variant(kind: ua.VariantType, value: float, text: str | None) -> ua.Variant:
    """What a tag of this type holds; a number that its type cannot hold is written as 0 (its quality tells)."""
    if kind is ua.VariantType.Double:
        return ua.Variant(value, kind)
    if kind is ua.VariantType.String:
        return ua.Variant(text or "", kind)
    if not math.isfinite(value):
        value = 0.0
    return ua.Variant(bool(value) if kind is ua.VariantType.Boolean else int(value), kind)


@contextlib.asynccontextmanager
async def sources(folder: Path) -> AsyncIterator[tuple[str, tuple[Tag, ...]]]:
    """A small plant that moves; what the shared connector tests run against."""
    tags = (Tag("works/hall/cell/P101/flow", unit="L/min", low=0.0, high=120.0, writable=True),
            Tag("works/hall/cell/P101/running", kind="bool"),
            Tag("works/hall/cell/T101/温度", unit="Cel", low=-10.0, high=150.0))
    async with Simulator(tags) as plant:
        await _step(plant)
        mover = asyncio.create_task(_move(plant))
        try:
            yield plant.url, plant.tags
        finally:
            mover.cancel()
            await asyncio.gather(mover, return_exceptions=True)


async def _move(plant: Simulator) -> None:
    while True:
        await asyncio.sleep(0.02)
        await _step(plant)


async def _step(plant: Simulator) -> None:
    now = time.time_ns()
    values = np.array([60 + math.sin(now / 1e9), 1.0, 70 + math.cos(now / 1e9)])
    await plant.publish(Samples.row([tag.path for tag in plant.tags], now, values))
