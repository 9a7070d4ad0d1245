"""A node from outside: kept connections, and what is said when nobody answers."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lineshaft.app.remote import RemoteNode
from lineshaft.core.errors import EnvironmentFailed, Refused

ALARM = b'{"error": "an alarm that is normal cannot be acknowledged"}'


class Server(ThreadingHTTPServer):
    """Counts connections and requests; ``hang_up`` closes each connection after its answer, without saying so."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.connections = 0
        self.heard: list[str] = []
        self.hang_up = False
        self.gone = threading.Semaphore(0)
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.server.gone.release()

    def do_GET(self) -> None:
        self._answer(200, b'{"alarms": []}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(409, ALARM)

    def _answer(self, code: int, body: bytes) -> None:
        self.server.heard.append(f"{self.command} {self.path}")
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.server.hang_up

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def node(server: Server, tmp_path: Path) -> RemoteNode:
    (tmp_path / "control.url").write_text(f"http://127.0.0.1:{server.server_port}")
    (tmp_path / "control.token").write_text("x" * 32)
    return RemoteNode(tmp_path)


def test_many_looks_share_one_connection_also_those_of_a_new_object(server: Server, node: RemoteNode) -> None:
    for _ in range(5):
        assert node.alarms() == RemoteNode(node.folder).alarms() == []
    assert server.connections == 1 and len(server.heard) == 10


def test_a_look_goes_on_over_a_new_connection_where_the_old_one_was_closed(server: Server, node: RemoteNode) -> None:
    server.hang_up = True
    for _ in range(3):
        assert node.alarms() == []
        server.gone.acquire(timeout=60)
    assert server.connections == 3 and len(server.heard) == 3


def test_what_changes_something_is_said_once_and_its_refusal_is_told(server: Server, node: RemoteNode) -> None:
    assert node.alarms() == []
    with pytest.raises(Refused, match="cannot be acknowledged"):
        node.act("cell", "acknowledge", by="ana")
    assert server.heard == ["GET /alarms", "POST /alarms/cell/acknowledge"]


def test_threads_look_at_once(server: Server, node: RemoteNode) -> None:
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(lambda _: node.alarms(), range(60))) == [[]] * 60
    assert len(server.heard) == 60 and server.connections <= 6


@pytest.mark.parametrize("look", [RemoteNode.alarms, RemoteNode.stop])
def test_a_node_that_is_gone_is_one_sentence(look: Callable[[RemoteNode], object], server: Server,
                                             node: RemoteNode) -> None:
    assert node.alarms() == []
    server.hang_up = True
    assert node.alarms() == []
    server.shutdown()
    server.server_close()
    with pytest.raises(EnvironmentFailed, match="the node does not answer") as caught:
        look(node)
    assert "\n" not in str(caught.value)


def test_nonsense_instead_of_an_answer_is_a_sentence(node: RemoteNode, monkeypatch: pytest.MonkeyPatch) -> None:
    def nonsense(*_: object) -> None:
        raise http.client.BadStatusLine("hello")

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", nonsense)
    with pytest.raises(EnvironmentFailed, match="does not answer"):
        node.health()
