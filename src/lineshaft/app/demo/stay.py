"""After the report: plant, node, recording and console go on, and whoever is there may break and mend the plant."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from lineshaft.app.child import Child
from lineshaft.app.demo.audience import POLL_S, Audience
from lineshaft.app.lines import listen
from lineshaft.app.talk import Talk
from lineshaft.app.waiting import pause
from lineshaft.connect.plant.faults import FAULTS
from lineshaft.core.errors import LineshaftError, UsageError

COMMANDS = "'fault NAME [SEVERITY]' breaks the plant, 'clear [NAME]' mends it"


async def stay(audience: Audience, plant: Child, talk: Talk) -> None:
    """Until Ctrl-C, SIGTERM, or the end of what is typed; commands that came earlier are obeyed first."""
    stop, lines = asyncio.Event(), listen()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C cancels the main task instead
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    audience.over = True
    obeying = asyncio.create_task(_obey(lines, plant, talk, stop))
    try:
        await _look(audience, talk, stop)
    finally:
        obeying.cancel()
        await asyncio.gather(obeying, return_exceptions=True)
    talk.step("Ending: plant, node and recording")


async def _look(audience: Audience, talk: Talk, stop: asyncio.Event) -> None:
    said = ""
    while not stop.is_set():
        try:
            await asyncio.to_thread(audience.look)
            said = ""
        except LineshaftError as error:
            if str(error) != said:
                said = str(error)
                talk.warn(f"{error}.")
        await pause(stop, POLL_S)


async def _obey(lines: asyncio.Queue[str | None], plant: Child, talk: Talk, stop: asyncio.Event) -> None:
    while (line := await lines.get()) is not None:
        if line:
            try:
                await plant.command(order(line))
                talk.step(f"Told the plant: {line}")
            except LineshaftError as error:
                talk.warn(f"{error}.")
    stop.set()


def order(line: str) -> str:
    """What the plant's process calls it.

    >>> order("fault pump-wear 0.8"), order("clear")
    ('inject pump-wear 0.8', 'clear')
    """
    verb, *words = line.split()
    if verb not in ("fault", "clear") or len(words) > 2 or (verb == "fault" and not words):
        raise UsageError(f"{line!r} is not understood", do=COMMANDS)
    if words and words[0] not in FAULTS:
        raise UsageError(f"no fault is called {words[0]!r}", do=f"use one of: {', '.join(FAULTS)}")
    return " ".join(["inject" if verb == "fault" else verb, *words])
