"""The one socket of a screen: samples that it watches, the node's pulse, jobs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Any

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from lineshaft.app.console.context import Console, here
from lineshaft.app.console.door import Role
from lineshaft.app.console.live.hub import Watch
from lineshaft.core.errors import LineshaftError

router = APIRouter(prefix="/api/v1/live", tags=["live"])
POLICY, TRY_LATER = 1008, 1013
TICK_S, FASTEST_MS, MOST_WATCHES, MOST_TAGS = 0.05, 100, 32, 5000
ADMIT_S = 5.0


class _Wish(msgspec.Struct, forbid_unknown_fields=True):
    """``watch``: new samples of ``tags`` every ``every`` ms under this number; ``unwatch``: no more.

    ``newest``: of each tag only the last one.
    """

    watch: int | None = None
    tags: list[str] = []
    every: int = 100
    newest: bool = False
    unwatch: int | None = None


@router.websocket("")
async def live(socket: WebSocket) -> None:
    """See docs/api.md for the messages."""
    console = here(socket)
    try:
        console.door.admit(socket, Role.VIEWER)
    except LineshaftError as error:
        await socket.close(POLICY, str(error)[:120])
        return
    await socket.accept()
    await _Screen(console, socket).run()


class _Screen:
    """One socket; what waits for it is bounded, and what it can't take in time is left out, never queued."""

    def __init__(self, console: Console, socket: WebSocket) -> None:
        self._console, self._socket = console, socket
        self._watches: dict[int, tuple[Watch, float]] = {}
        self._sent: dict[int, float] = {}
        self._told: set[int] = set()
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue(256)
        self._pulse_at = 0

    async def run(self) -> None:
        console, loop = self._console, asyncio.get_running_loop()

        def job(told: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(self._event, {"job": told})

        console.jobs.listeners.append(job)
        tasks = [asyncio.create_task(work) for work in (self._listen(), self._speak(), self._stay())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            console.jobs.listeners.remove(job)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for watch, _ in self._watches.values():
                console.hub.unwatch(watch)

    def _event(self, told: dict[str, Any]) -> None:
        if not self._events.full():
            self._events.put_nowait(told)

    async def _stay(self) -> None:
        """Until the door says no: a session ends also while its socket is open."""
        while True:
            await asyncio.sleep(ADMIT_S)
            try:
                self._console.door.admit(self._socket, Role.VIEWER)
            except LineshaftError as error:
                await self._socket.close(POLICY, str(error)[:120])
                return

    async def _listen(self) -> None:
        while True:
            try:
                wish = msgspec.json.decode(await self._socket.receive_text(), type=_Wish)
            except (WebSocketDisconnect, RuntimeError):
                return
            except (msgspec.DecodeError, KeyError, UnicodeError):
                await self._socket.close(POLICY, "a message was not understood; see docs/api.md")
                return
            self._take(wish)

    def _take(self, wish: _Wish) -> None:
        for number in {wish.unwatch, wish.watch} - {None}:
            if number in self._watches:
                self._console.hub.unwatch(self._watches.pop(number)[0])
                self._told.discard(number)
        if wish.watch is not None and len(self._watches) < MOST_WATCHES:
            watch = self._console.hub.watch(wish.tags[:MOST_TAGS], newest=wish.newest)
            self._watches[wish.watch] = (watch, max(wish.every, FASTEST_MS) / 1000)
            self._sent[wish.watch] = 0.0

    async def _speak(self) -> None:
        while True:
            for message in self._messages():
                try:
                    await self._socket.send_bytes(msgspec.json.encode(message))
                except (WebSocketDisconnect, RuntimeError):
                    return
            await asyncio.sleep(TICK_S)

    def _messages(self) -> list[dict[str, Any]]:
        now = time.monotonic()
        found: list[dict[str, Any]] = []
        for number, (watch, every) in self._watches.items():
            if watch.began and number not in self._told:
                self._told.add(number)
                found.append({"watch": number, "now": _now(), "began": True})
            if now - self._sent[number] < every - TICK_S / 2:
                continue
            samples, lost = watch.take()
            if samples or lost:
                found.append({"watch": number, "now": _now(), "samples": samples, "lost": lost})
                self._sent[number] = now
        pulse = self._console.pulse.newest
        if pulse.time != self._pulse_at:
            self._pulse_at = pulse.time
            found.append({"pulse": asdict(pulse), "now": _now(), "fault": self._console.hub.fault})
        while not self._events.empty():
            found.append(self._events.get_nowait())
        return found


def _now() -> int:
    return time.time_ns() // 1_000_000
