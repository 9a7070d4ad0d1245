"""The control server among callers who are too many, too slow or too long."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineshaft.core.clock import ManualClock
from lineshaft.node import bounded
from lineshaft.node.agent import Node
from lineshaft.node.seat import Loaded


@pytest.fixture
def port(load: Callable[..., Loaded], clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
         ) -> Iterator[int]:
    monkeypatch.setattr(bounded, "REQUEST_S", 0.3)
    monkeypatch.setattr(bounded, "MOST_CONNECTIONS", 3)
    node = Node(load(), tmp_path / "node", clock=clock)
    node.start()
    assert node.control is not None
    yield int(node.control.url.rpartition(":")[2])
    node.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def answer(connection: socket.socket, request: bytes = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
           ) -> tuple[int, str]:
    """Status, and the sentence where there is one."""
    connection.sendall(request)
    found = connection.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    return int(head.split()[1]), str(json.loads(body).get("error", ""))


def test_whoever_comes_when_there_are_too_many_is_told_so_and_the_others_are_served(port: int) -> None:
    held = [connected(port) for _ in range(3)]
    assert [answer(one)[0] for one in held] == [200] * 3
    with connected(port) as fourth:
        assert b"503" in (said := fourth.recv(4096)) and b"too many connections" in said
    held.pop().close()
    end = time.monotonic() + 60
    while True:  # its thread has yet to see that it went
        with connected(port) as again:
            if answer(again)[0] == 200:
                break
        assert time.monotonic() < end
    for one in held:
        one.close()


def test_a_request_that_trickles_is_cut_off(port: int) -> None:
    with connected(port) as slow:
        begun = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - begun < 60:
                slow.sendall(b"G")
                slow.settimeout(0.02)
                try:
                    if not slow.recv(1):
                        raise ConnectionResetError
                except TimeoutError:
                    continue


def test_a_head_that_is_too_long_is_refused_as_one_sentence(port: int) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 20 + b"\r\n"
    with connected(port) as connection:
        status, said = answer(connection, request)
    assert status == 431 and "longer than 16384 bytes" in said


@pytest.mark.parametrize(("line", "status", "sentence"), [
    (b"BREW /health HTTP/1.1", 501, "not understood (Unsupported method ('BREW'))"),
    (b"GET http://[ HTTP/1.1", 400, "the path is not understood"),
    (b"GET /outbox?after=--5 HTTP/1.1", 400, "'--5' is not a whole number"),
    (b"GET /outbox?after=99999999999999999999 HTTP/1.1", 400, "is not a whole number"),
    (b"GET /health HTTP/nine", 400, "Bad request version"),
])
def test_what_the_library_does_not_understand_is_a_sentence_too(port: int, line: bytes, status: int, sentence: str
                                                                 ) -> None:
    with connected(port) as connection:
        found, said = answer(connection, line + b"\r\nHost: 127.0.0.1\r\n\r\n")
    assert (found, sentence in said, "\n" in said) == (status, True, False), said


@pytest.mark.parametrize("length", [b"9" * 30, b"9" * 6000, b"-1", b"0x10"])
def test_a_length_that_is_none_is_refused(port: int, length: bytes) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + length + b"\r\n\r\n"
    with connected(port) as connection:
        status, said = answer(connection, request)
    assert status in (411, 413) and said
