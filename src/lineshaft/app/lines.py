"""Commands that a person or a program gives a process on its standard input, a line each."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import threading
from contextlib import suppress


def listen() -> asyncio.Queue[str | None]:
    """Lines of stdin as they come, for the running event loop; None once whoever gives them has closed it.

    They are read on a thread, since a terminal can't be awaited everywhere. Where nobody is behind stdin
    (``/dev/null``, a file), its end says nothing and None never comes.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    events = asyncio.get_running_loop()

    def read() -> None:
        rest = b""
        with suppress(RuntimeError, OSError, ValueError):  # the event loop has ended, or there is no stdin
            # Not through sys.stdin: its lock, held by a thread that waits, would spoil the end of the process.
            while part := os.read(sys.stdin.fileno(), 4096):
                *whole, rest = (rest + part).split(b"\n")
                for line in whole:
                    events.call_soon_threadsafe(lines.put_nowait, line.decode("utf-8", "replace").strip())
            if _somebody():
                events.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="commands", daemon=True).start()
    return lines


def _somebody() -> bool:
    mode = os.fstat(sys.stdin.fileno()).st_mode
    return sys.stdin.isatty() or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
