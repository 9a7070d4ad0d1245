"""A word to the service manager: that the node is up, that it lives, that it ends (systemd's sd_notify protocol)."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

SOCKET, EVERY, WHOSE = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


def notify(state: str) -> bool:
    """Tell it, such as ``READY=1``; False where nobody listens."""
    address = os.environ.get(SOCKET, "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.setblocking(False)
            manager.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
    except OSError:
        return False  # a manager that is away stops no node
    return True


@asynccontextmanager
async def supervised() -> AsyncIterator[None]:
    """Ready at the begin, stopping at the end, alive twice a watchdog's period between.

    The sign of life comes from the event loop that feeds and ticks: where that hangs, it stays away.
    """
    notify("READY=1")
    every = _watchdog_s()
    beat = asyncio.create_task(_beat(every)) if every else None
    try:
        yield
    finally:
        notify("STOPPING=1")
        if beat is not None:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat


def _watchdog_s() -> float:
    """0 where no watchdog waits for this very process."""
    told, whose = os.environ.get(EVERY, ""), os.environ.get(WHOSE, "")
    if not told.isdecimal() or whose not in ("", str(os.getpid())):
        return 0.0
    return int(told) / 1e6


async def _beat(every_s: float) -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(every_s / 2)
