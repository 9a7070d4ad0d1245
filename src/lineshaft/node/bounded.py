"""An HTTP server that strangers on this machine can neither fill nor hold: everything about a request has a bound."""

from __future__ import annotations

import errno
import socket
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any

MOST_CONNECTIONS = 32
LARGEST_HEAD = 16 * 1024
_MOST_HEARD = 256 * 1024
REQUEST_S = 10.0
"""From a connection's turn to the last byte of the request; to answer may take longer, as a swap does."""
_SENTENCE = b'{"error": "too many connections at once; try again in a moment"}'
_FULL = (b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
         b"Content-Length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE))


class Denied(Exception):
    """Turned away before the request was understood."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


class BoundedServer(ThreadingHTTPServer):
    """A thread a connection, ``MOST_CONNECTIONS`` at a time; whoever is over that is told so and let go.

    Who takes longer than ``REQUEST_S`` to say what they want is cut off, however steadily the bytes trickle.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: dict[socket.socket, float | None] = {}
        super().__init__(("127.0.0.1", port), handler)

    def waits_for(self, connection: socket.socket) -> None:
        """Its request is being read from now on."""
        self._open[connection] = time.monotonic()

    def has_read(self, connection: socket.socket) -> None:
        """The request is there."""
        self._open[connection] = None

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.1)  # the listener stays readable: without a pause this thread would only spin
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self._open) >= MOST_CONNECTIONS:
            self._turn_away(request)
            return
        self.waits_for(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called by the server's loop several times a second."""
        late = time.monotonic() - REQUEST_S
        for connection, since in list(self._open.items()):
            if since is not None and since < late:
                _let_go(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who went away, or for whom there is no thread, is no news."""

    def _turn_away(self, request: socket.socket) -> None:
        with suppress(OSError):
            request.setblocking(False)
            request.send(_FULL)
        super().shutdown_request(request)


class BoundedHandler(BaseHTTPRequestHandler, ABC):
    """Reads a request line and headers of ``LARGEST_HEAD`` bytes at most; ``turned_away`` answers what is refused."""

    timeout = 5
    wbufsize = -1  # head and body leave together: two packets would wait for each other on a kept connection
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "lineshaft", ""
    command, requestline, request_version = "", "", "HTTP/1.1"
    server: BoundedServer

    def setup(self) -> None:
        super().setup()
        self._head = _Head(self.rfile)
        self.rfile = self._head  # type: ignore[assignment]

    def handle_one_request(self) -> None:
        self.server.waits_for(self.connection)
        self._head.left = LARGEST_HEAD
        try:
            super().handle_one_request()
        except Denied as denied:
            self._refuse(denied)
        except OSError:
            self.close_connection = True  # the caller went away

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library finds wrong with a request; as a sentence, not as a page."""
        self._refuse(Denied(int(code), f"the request is not understood ({message or int(code)})"))

    @abstractmethod
    def turned_away(self, denied: Denied) -> None:
        """Answer a request that is not served."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """No line per request on the node's standard error; errors go to the caller."""

    def body(self, length: int) -> bytes:
        """So many bytes behind the head; ``Denied`` where fewer come."""
        content = self._head.file.read(length)
        if len(content) != length:
            raise Denied(400, "the request is shorter than its Content-Length")
        return content

    def _refuse(self, denied: Denied) -> None:
        self.close_connection, self.request_version = True, self.protocol_version
        with suppress(OSError):
            self.turned_away(denied)
            self._hear_out()

    def _hear_out(self) -> None:
        """To close while bytes wait unread would reset the connection, and take the answer with it."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(0.5)
        for _ in range(_MOST_HEARD // 65536):
            if not self.connection.recv(65536):
                return


class _Head:
    """A connection's reader that gives ``left`` bytes of lines, then refuses."""

    def __init__(self, file: BufferedIOBase) -> None:
        self.file, self.left = file, LARGEST_HEAD

    def readline(self, limit: int = -1) -> bytes:
        line = self.file.readline(self.left + 1 if limit < 0 else min(limit, self.left + 1))
        self.left -= len(line)
        if self.left < 0:
            raise Denied(431, f"the request's line and headers are longer than {LARGEST_HEAD} bytes")
        return line

    def close(self) -> None:
        self.file.close()

    @property
    def closed(self) -> bool:
        return self.file.closed


def _let_go(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)  # its thread wakes up with nothing read
