"""A wire between a client and a server on loopback that can be cut, silenced, slowed and garbled."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

_CHUNK = 65_536


class Wire:
    """Listens on a free port and passes every byte on to ``target``; what it does to them may change at any time.

    ``silent``: connections stand and nothing passes (a hung server, a half-open socket). ``delay_s``: each piece waits
    so long. ``garble``: a share of the pieces towards the client is replaced by noise. ``cut`` ends what is open and,
    until ``mend``, whatever comes.
    """

    def __init__(self, target: int, chance: random.Random) -> None:
        self.target, self.chance = target, chance
        self.silent, self.delay_s, self.garble, self.refusing = False, 0.0, 0.0, False
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Reset every connection, and each that comes until ``mend``."""
        self.refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Pass on again whatever comes; what was lost stays lost."""
        self.silent, self.delay_s, self.garble, self.refusing = False, 0.0, 0.0, False

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.refusing:
                return
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
                self._writers.add(far_writer)
                ways = [asyncio.create_task(way) for way in (self._pass(reader, far_writer, to_client=False),
                                                             self._pass(far_reader, writer, to_client=True))]
                self._tasks.update(ways)
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                self._tasks.difference_update(ways)
                far_writer.transport.abort()
                self._writers.discard(far_writer)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool) -> None:
        with suppress(OSError):
            while piece := await reader.read(_CHUNK):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.silent:
                    continue  # swallowed, as by a peer that is gone without a word
                if to_client and self.garble and self.chance.random() < self.garble:
                    piece = self.chance.randbytes(len(piece))
                writer.write(piece)
                await writer.drain()
