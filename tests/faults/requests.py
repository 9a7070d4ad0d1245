"""Requests that mean harm, to any HTTP server of ours; ``%HOST%`` stands for its own address."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass

_HOST = b"Host: %HOST%\r\n"
_GET = b"GET /health HTTP/1.1\r\n" + _HOST

REQUESTS: dict[str, bytes] = {
    "nothing": b"",
    "line ends": b"\r\n\r\n\r\n",
    "noise": bytes(range(256)) * 20,
    "zeros": bytes(5000),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "no version": b"GET /health\r\n\r\n",
    "HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version of digits": b"GET / HTTP/" + b"9" * 5000 + b".1\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "a wrong host": b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "a host with a name of ours in it": b"GET /health HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: evil.example\r\n" + _HOST + b"\r\n",
    "an unknown method": b"BREW /health HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a method of another case": b"get /health HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a giant path": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a giant header": _GET + b"X: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "a giant name": _GET + b"a" * 2_000_000 + b": 1\r\n\r\n",
    "countless headers": _GET + b"".join(b"X-%d: 1\r\n" % at for at in range(20_000)) + b"\r\n",
    "headers without colon": _GET + b"no colon here\r\n\r\n",
    "a folded header": _GET + b"X: a\r\n b\r\n\r\n",
    "a header that is not UTF-8": _GET + b"Authorization: Bearer \xff\xfe\r\nX: \x80\r\n\r\n",
    "a header with NUL": _GET + b"X: a\0b\r\n\r\n",
    "traversal": b"GET /../../../etc/passwd HTTP/1.1\r\n" + _HOST + b"\r\n",
    "traversal, encoded": b"GET /static/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + _HOST + b"\r\n",
    "traversal, encoded twice": b"GET /static/%252e%252e%252fetc/passwd HTTP/1.1\r\n" + _HOST + b"\r\n",
    "traversal, backslash": b"GET /static/..\\..\\etc\\passwd HTTP/1.1\r\n" + _HOST + b"\r\n",
    "an absolute path": b"GET //etc/passwd HTTP/1.1\r\n" + _HOST + b"\r\n",
    "another server": b"GET http://evil.example/ HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a proxy request": b"CONNECT evil.example:443 HTTP/1.1\r\n" + _HOST + b"\r\n",
    "no address": b"GET //[ HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a path that is not UTF-8": b"GET /\xff\xfe%ff%00 HTTP/1.1\r\n" + _HOST + b"\r\n",
    "NUL in a path": b"GET /static/%00 HTTP/1.1\r\n" + _HOST + b"\r\n",
    "numbers beyond": b"GET /outbox?after=" + b"9" * 20 + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
    "numbers far beyond": b"GET /outbox?after=" + b"9" * 6000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
    "two signs": b"GET /outbox?after=--5 HTTP/1.1\r\n" + _HOST + b"\r\n",
    "digits of another script": b"GET /outbox?after=%D9%A3&limit=%D9%A3 HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a limit beyond": b"GET /decisions?after=-9223372036854775808&limit=9223372036854775807 HTTP/1.1\r\n" + _HOST
                      + b"\r\n",
    "no length": b"POST /stop HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a negative length": b"POST /stop HTTP/1.1\r\n" + _HOST + b"Content-Length: -5\r\n\r\n",
    "a giant length": b"POST /stop HTTP/1.1\r\n" + _HOST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    "a length beyond all": b"POST /stop HTTP/1.1\r\n" + _HOST + b"Content-Length: " + b"9" * 6000 + b"\r\n\r\n",
    "two lengths": b"POST /stop HTTP/1.1\r\n" + _HOST + b"Content-Length: 2\r\nContent-Length: 50\r\n\r\n{}",
    "both lengths": b"POST /stop HTTP/1.1\r\n" + _HOST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "a giant chunk": b"POST /stop HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
    "a giant body": b"POST /stop HTTP/1.1\r\n" + _HOST + b"Content-Length: 3000000\r\n\r\n" + b"[" * 3_000_000,
    "a body on a look": _GET + b"Content-Length: 40\r\n\r\nGET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a socket of nonsense": _GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: \xff\r\n"
                            b"Sec-WebSocket-Version: 99\r\n\r\n",
    "a socket of a stranger": b"GET /api/v1/live HTTP/1.1\r\n" + _HOST + b"Connection: Upgrade\r\n"
                              b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              b"Origin: https://evil.example\r\n\r\n",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` 0 where the connection was closed without one."""

    status: int
    body: bytes

    @property
    def lie(self) -> str:
        """What is wrong with it as an answer to a stranger; "" where nothing is."""
        if self.status >= 500 and self.status not in (501, 503, 505):
            return f"status {self.status}: {self.body[:200]!r}"
        if b"Traceback" in self.body or b"root:" in self.body:
            return f"it says too much: {self.body[:200]!r}"
        if self.status >= 400 and self.body.startswith(b"{"):
            first, _ = json.JSONDecoder().raw_decode(self.body.decode("utf-8", "replace"))  # a second answer may follow
            if "\n" in first.get("error", ""):
                return f"not one sentence: {self.body[:200]!r}"
        return ""


def ask(port: int, request: bytes, timeout_s: float = 30.0) -> Answer:
    """The answer to the bytes as they are, however the server ends the conversation; raises where it hangs."""
    told = request.replace(b"%HOST%", b"127.0.0.1:%d" % port)
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        with suppress(ConnectionError):
            connection.sendall(told)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        found = b""
        with suppress(ConnectionError):
            while more := connection.recv(65536):
                found += more
    head, _, body = found.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return Answer(int(words[1]) if len(words) > 1 and words[1][:3].isdigit() else 0, body)
