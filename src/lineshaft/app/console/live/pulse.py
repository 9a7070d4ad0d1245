"""The node's pulse: one look at it for all screens, however many there are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lineshaft.app.remote import RemoteNode
from lineshaft.core.errors import LineshaftError

LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Pulse:
    """A node at one glance; ``reached`` False where it does not answer, and ``why`` says so.

    ``time`` is when it was taken (ms). ``health``, ``status`` and ``alarms`` are the node's own words.
    """

    time: int
    reached: bool
    why: str = ""
    health: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    alarms: tuple[dict[str, Any], ...] = ()


class PulseTaker:
    """Looks twice a second while somebody watches, and keeps the newest."""

    def __init__(self, node: Callable[[], RemoteNode], ready: Callable[[], bool]) -> None:
        self.newest = Pulse(0, False)
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
            return Pulse(now, False, "nothing is set up here yet")
        try:
            return taken(self._node(), now)
        except LineshaftError as error:
            return Pulse(now, False, str(error))


def taken(node: RemoteNode, now: int) -> Pulse:
    """One look at a node."""
    health = node.health()
    return Pulse(now, True, "", {"state": str(health.state), "reasons": health.reasons, "tags": health.tags},
                 node.status(), tuple(_alarm(alarm) for alarm in node.alarms()))


def _alarm(alarm: Any) -> dict[str, Any]:
    return {"name": alarm.name, "state": str(alarm.state), "active": alarm.active, "since": alarm.since // 1_000_000,
            "changed": alarm.changed // 1_000_000, "causes": list(alarm.causes), "reason": alarm.reason,
            "by": alarm.by, "until": None if alarm.until is None else alarm.until // 1_000_000}
