"""HTTP of the console with bounds that the library leaves open: how many callers, and how long one may take to ask."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 256
"""At once, screens' sockets among them; a browser opens six. Below the 1,024 files that a process may usually open."""
LARGEST_HEAD = 32 * 1024
REQUEST_S = 20.0
"""From a request's first byte, or a connection's begin, to its last byte."""


class BoundedProtocol(H11Protocol):
    """One connection; whoever comes when there are too many, or asks too slowly, is let go without an answer."""

    _late: asyncio.TimerHandle | None = None
    _socket = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._enough()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY) and not self._socket:
            self._wait()
        else:
            self._enough()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on another protocol hears what comes."""
        self._socket = True
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Who turns to nonsense gets this one answer, or none where theirs has begun or is over."""
        if self.cycle is not None:  # what may still be at work on it has nobody to answer
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _wait(self) -> None:
        """The request isn't all there; the first of these calls counts."""
        if self._late is None:
            self._late = self.loop.call_later(REQUEST_S, self._let_go)

    def _enough(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _let_go(self) -> None:
        self.transport.abort()
