"""A node's decisions as an OPC UA server of its own, for the control system beside it to read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from asyncua import ua

from lineshaft.connect.opcua.server import ServerSecurity, UaServer, Value, to_datetime
from lineshaft.core import quality
from lineshaft.core.decision import Decision, Source
from lineshaft.core.health import Health

NAMESPACE = "urn:lineshaft:node"

_DOUBLE, _BOOLEAN, _STRING = ua.VariantType.Double, ua.VariantType.Boolean, ua.VariantType.String
_VARIABLES: dict[str, tuple[ua.VariantType, str]] = {
    "Score": (_DOUBLE, "1.0 at the alarm limit"),
    "Alarm": (_BOOLEAN, "after hysteresis and debounce"),
    "Causes": (_STRING, "tags with their shares of the score, largest first"),
    "Confidence": (_DOUBLE, "conformal 1 - p, 0 to 1"),
    "Latency": (_DOUBLE, "milliseconds from the tick's start to the decision"),
    "Source": (_STRING, "bundle, last-good-bundle, rule-limits or safe-state"),
    "Masked": (_STRING, "tags that were bad, stale or missing at this tick"),
    "Bundle": (_STRING, "digest of the bundle that decided"),
    "Health": (_STRING, "starting, idle, active, degraded or stopped; active means that data is moving"),
}
MOST_VALUES = 32
"""Of a long forecast: the first so many are shown here, all of them are in history."""
_KNOWN = "Known"
_GOOD = ua.StatusCode(quality.GOOD)
_QUALITY = {Source.BUNDLE: _GOOD, Source.LAST_GOOD: ua.StatusCode(quality.UNCERTAIN),
            Source.RULES: ua.StatusCode(quality.UNCERTAIN), Source.SAFE: ua.StatusCode(quality.BAD)}
_UNSURE, _NO_VALUE = ua.StatusCode(quality.UNCERTAIN), ua.StatusCode(quality.BAD)
_NONE_YET = ua.StatusCode(quality.BAD_WAITING_FOR_INITIAL_DATA)
_STALE = ua.StatusCode(quality.UNCERTAIN_LAST_USABLE)


@dataclass(slots=True)
class _Loop:
    """The nodes of one loop and asset, and what stands in them."""

    nodes: dict[str, ua.NodeId]
    now: dict[str, Any]


class Publisher:
    """Serves ``Decisions/<asset>/<loop>/{Score, Alarm, Causes, ...}`` and ``Health`` of each loop.

    Every value carries the decision's time as source time. Its quality says who decided: good for the bundle,
    uncertain for the last good bundle or rule limits, bad for the safe state. Values that have not changed are
    sent again with the new time only for ``Score``, ``Alarm`` and values; the rest travels on change.

    A task with an answer has ``Known`` and, for each of its first answers, ``Value/<name>``, ``Low/<name>`` and
    ``High/<name>`` besides, from its first decision on. Their quality is uncertain where they are not known, and bad
    where there is no value at this tick.

    >>> import asyncio
    >>> async def show() -> str:
    ...     publisher = Publisher()
    ...     await publisher.start()
    ...     await publisher.publish(Decision("cell", "works/P101", 1_000_000_000, 0.4, alarm=False))
    ...     await publisher.stop()
    ...     return publisher.address("works/P101", "cell", "Score")
    >>> asyncio.run(show())
    'nsu=urn:lineshaft:node;s=Decisions/works/P101/cell/Score'
    """

    def __init__(self, url: str = "opc.tcp://127.0.0.1:0/lineshaft/node/", *,
                 security: ServerSecurity | None = None) -> None:
        self.server = UaServer(url, NAMESPACE, "Lineshaft node", security=security)
        self._loops: dict[tuple[str, str], _Loop] = {}

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self.server.url

    def address(self, asset: str, loop: str, variable: str) -> str:
        """The address of one variable, such as ``Score``."""
        return self.server.address(f"{_folder(asset, loop)}/{variable}")

    async def start(self) -> None:
        """Listen; ``EnvironmentFailed`` when the port is taken."""
        self._loops = {}
        await self.server.start(_nothing)

    async def stop(self) -> None:
        """Drop every client and free the port; safe to call twice."""
        await self.server.stop()

    async def add(self, asset: str, loop: str) -> None:
        """Show a loop before its first decision, with quality BadWaitingForInitialData."""
        await self._loop(asset, loop)

    async def publish(self, decision: Decision) -> None:
        """Show a decision; its loop appears with the first one."""
        loop = await self._loop(decision.asset, decision.loop)
        if decision.answers:
            await self._add_answers(loop, decision)
        at, now = to_datetime(decision.time), to_datetime(time.time_ns())
        status = _QUALITY[decision.source]
        put = self.server.core.aspace.write_attribute_value
        shown = {name: (content, status) for name, content in _contents(decision).items()}
        for name, content in (_values(decision, status, loop) | shown).items():
            if name in ("Score", "Alarm") or name not in _VARIABLES or loop.now.get(name) != content:
                loop.now[name] = content
                value = Value(ua.Variant(content[0], _kind(name)), content[1], at, now)
                await put(loop.nodes[name], ua.AttributeIds.Value, value)

    async def show_health(self, asset: str, loop: str, health: Health, at: int) -> None:
        """Show a loop's health; when it is not active, what was decided last is marked as no longer current."""
        place = await self._loop(asset, loop)
        if place.now.get("Health") == health:
            return
        place.now["Health"] = health
        await self._put(place, "Health", health.value, _GOOD, at)
        if health in (Health.STOPPED, Health.DEGRADED):
            for name in ("Score", "Alarm", "Confidence", *(name for name in place.nodes if name not in _VARIABLES)):
                if name in place.now and place.now[name][1] is _GOOD:
                    content = place.now[name][0]
                    place.now[name] = (content, _STALE)
                    await self._put(place, name, content, _STALE, at)

    async def _put(self, place: _Loop, name: str, content: Any, status: ua.StatusCode, at: int) -> None:
        value = Value(ua.Variant(content, _kind(name)), status, to_datetime(at),
                      to_datetime(time.time_ns()))
        await self.server.put(place.nodes[name], value)

    async def _loop(self, asset: str, loop: str) -> _Loop:
        found = self._loops.get((asset, loop))
        if found is None:
            found = self._loops[asset, loop] = _Loop(await self._nodes(asset, loop), {})
        return found

    async def _nodes(self, asset: str, loop: str) -> dict[str, ua.NodeId]:
        path = _folder(asset, loop)
        folder = await self.server.add_folder(path)
        return {name: await self._variable(folder, f"{path}/{name}", name, kind, description)
                for name, (kind, description) in _VARIABLES.items()}

    async def _add_answers(self, loop: _Loop, decision: Decision) -> None:
        """Variables of the answers that this loop has not shown yet."""
        path = _folder(decision.asset, decision.loop)
        wanted = {f"{part}/{one.label}": one for part in _parts(decision) for one in decision.answers[:MOST_VALUES]}
        if _KNOWN in loop.nodes and wanted.keys() <= loop.nodes.keys():
            return
        folder = await self.server.add_folder(path)
        if _KNOWN not in loop.nodes:
            loop.nodes[_KNOWN] = await self._variable(folder, f"{path}/{_KNOWN}", _KNOWN, _BOOLEAN,
                                                      "false: the model says that it does not know")
        for name, one in wanted.items():
            if name not in loop.nodes:
                loop.nodes[name] = await self._variable(folder, f"{path}/{name}", name, _DOUBLE, one.unit)

    async def _variable(self, folder: ua.NodeId, identifier: str, name: str, kind: ua.VariantType, description: str
                        ) -> ua.NodeId:
        empty = {_DOUBLE: 0.0, _BOOLEAN: False, _STRING: ""}[kind]
        node = await self.server.add_variable(identifier, parent=folder, name=name, value=ua.Variant(empty, kind),
                                              description=description)
        await self.server.put(node, ua.DataValue(StatusCode=_NONE_YET))
        return node


def _folder(asset: str, loop: str) -> str:
    return "/".join(part for part in ("Decisions", asset, loop) if part)


def _contents(decision: Decision) -> dict[str, Any]:
    """The variables of one decision, Score and Alarm last: who sees a new score sees the rest with it."""
    return {"Causes": ", ".join(f"{cause.tag} {cause.share:.0%}" for cause in decision.causes),
            "Confidence": decision.confidence, "Latency": decision.latency_ns / 1e6,
            "Source": decision.source.value, "Masked": ", ".join(decision.masked), "Bundle": decision.bundle,
            "Alarm": decision.alarm, "Score": decision.score}


def _kind(name: str) -> ua.VariantType:
    return _BOOLEAN if name == _KNOWN else _VARIABLES[name][0] if name in _VARIABLES else _DOUBLE


def _parts(decision: Decision) -> dict[str, tuple[float, ...]]:
    return {"Value": decision.values, "Low": decision.low, "High": decision.high}


def _values(decision: Decision, status: ua.StatusCode, loop: _Loop) -> dict[str, tuple[Any, ua.StatusCode]]:
    """The answer's variables; those that this loop has shown before and this decision has none of are bad."""
    found: dict[str, tuple[Any, ua.StatusCode]] = {
        name: (loop.now[name][0], _NO_VALUE) for name in loop.now if name not in _VARIABLES}
    if decision.answers:
        sure = status if decision.known or status is not _GOOD else _UNSURE
        found |= {f"{part}/{one.label}": (number, sure) for part, numbers in _parts(decision).items()
                  for one, number in zip(decision.answers[:MOST_VALUES], numbers, strict=False)}
        found[_KNOWN] = (decision.known, status)
    return found


async def _nothing(_: UaServer) -> None:
    """A node's address space starts empty and grows with its loops."""
