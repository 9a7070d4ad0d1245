"""The node's pulse: one look at it for all screens, however many there are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from lineshaft.app.remote import RemoteNode
from lineshaft.core.alarm import Alarm
from lineshaft.core.decision import Decision
from lineshaft.core.errors import LineshaftError
from lineshaft.node.glance import Glance

LOOK_S = 0.5
MS, MOST_CAUSES = 1_000_000, 10


@dataclass(frozen=True, slots=True)
class Pulse:
    """A node at one glance; ``reached`` False where it does not answer, and ``why`` says so.

    ``time`` is when it was taken (ms); the rest is the node's own glance (``node/glance.py``), times in ms.
    """

    time: int
    reached: bool
    why: str = ""
    health: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    alarms: tuple[dict[str, Any], ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    latency: dict[str, Any] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    decision: dict[str, Any] | None = None


class PulseTaker:
    """Looks twice a second while somebody watches, and keeps the newest; ``glance`` is all of it, None where the node
    does not answer: a page that wants more than the pulse asks here, and the node is asked once for all."""

    def __init__(self, node: Callable[[], RemoteNode], ready: Callable[[], bool]) -> None:
        self.newest = Pulse(0, False)
        self.glance: Glance | None = None
        self.listeners: list[Callable[[Pulse], None]] = []
        self._node, self._ready = node, ready
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """On the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self.newest = await asyncio.to_thread(self._look)
            for listener in self.listeners:
                listener(self.newest)
            await asyncio.sleep(LOOK_S)

    def _look(self) -> Pulse:
        now = time.time_ns() // 1_000_000
        if not self._ready():
            self.glance = None
            return Pulse(now, False, "nothing is set up here yet")
        try:
            self.glance = seen = self._node().glance(limit=1)
            return taken(seen, now)
        except LineshaftError as error:
            self.glance = None
            return Pulse(now, False, str(error))


def taken(seen: Glance, now: int) -> Pulse:
    """A glance as all screens get it."""
    latency, inputs = seen.latency, seen.inputs
    return Pulse(
        now, True, "", {"state": str(seen.health.state), "reasons": seen.health.reasons, "tags": seen.health.tags},
        seen.status, tuple(_alarm(alarm) for alarm in seen.alarms), seen.counters, asdict(latency), inputs.unusable,
        _decision(seen.decisions[-1]) if seen.decisions else None)


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {"name": alarm.name, "state": str(alarm.state), "active": alarm.active, "since": alarm.since // MS,
            "changed": alarm.changed // MS, "causes": list(alarm.causes), "reason": alarm.reason, "by": alarm.by,
            "until": None if alarm.until is None else alarm.until // MS}


def _decision(one: Decision) -> dict[str, Any]:
    return {"time": one.time // MS, "score": one.score, "alarm": one.alarm, "confidence": one.confidence,
            "latency_us": one.latency_ns / 1000, "source": str(one.source), "masked": list(one.masked),
            "causes": [{"tag": cause.tag, "share": cause.share} for cause in one.causes[:MOST_CAUSES]]}
