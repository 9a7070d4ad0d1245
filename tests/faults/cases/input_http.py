"""What strangers on this machine say to a node's control server and to the console."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.faults.case import Injection, Outcome, case
from tests.faults.mutants import mutant
from tests.faults.requests import REQUESTS, ask
from tests.faults.small import small_node
from tests.processes import Process

from lineshaft.core.health import Health

MUTANTS, CROWD = 60, 1000
MIB = 2**20
_SMALL = [request for request in REQUESTS.values() if 0 < len(request) < 10_000]


@dataclass(frozen=True, slots=True)
class Server:
    """A server of ours: its process and port; ``honest`` asks it what it should always answer."""

    process: psutil.Process
    port: int
    log: Path
    honest: Callable[[], None]

    @property
    def megabytes(self) -> float:
        return float(self.process.memory_info().rss / MIB)


@contextmanager
def node_server(folder: Path) -> Iterator[Server]:
    with small_node(folder) as node:
        process = node.start()
        port = int(process.first_line()["control"].rpartition(":")[2])
        node.active()

        def honest() -> None:
            assert node.remote.health().state is Health.ACTIVE

        yield Server(psutil.Process(process.popen.pid), port, process.log, honest)


@contextmanager
def console_server(folder: Path) -> Iterator[Server]:
    (folder / "project").mkdir()
    process = Process(["console", "serve", "--project", str(folder / "project"), "--port", "0"], folder / "console.log")
    try:
        url = process.first_line()["url"]

        def honest() -> None:
            with urllib.request.urlopen(f"{url}/api/v1/session", timeout=30) as answer:
                assert "token" in json.loads(answer.read())

        honest()
        yield Server(psutil.Process(process.popen.pid), int(url.rpartition(":")[2]), process.log, honest)
    finally:
        process.close()


def harmed(at: Injection, server: Server) -> Outcome:
    """All known requests and some of chance, one after another; then an honest one is answered as before."""
    before = server.megabytes
    told = {**REQUESTS, **{f"mutant {number}": mutant(at.chance, _SMALL) for number in range(MUTANTS)}}
    lies = [f"{name}: {lie}" for name, request in told.items() if (lie := ask(server.port, request).lie)]
    begun = time.monotonic()
    server.honest()
    if server.megabytes > before + 100:
        lies.append(f"{server.megabytes - before:.0f} MiB more memory")
    if "Traceback" in (said := server.log.read_text("utf-8", "replace")):
        lies.append(f"a traceback in its log: {said[-300:]}")
    return Outcome(len(told), lies=tuple(lies), recovery_s=(time.monotonic() - begun,))


def crowded(server: Server) -> Outcome:
    """A thousand callers who never finish their request, a byte a second each; an honest one comes after them."""
    before, threads = server.megabytes, server.process.num_threads()
    crowd, begun = [], time.monotonic()
    for _ in range(CROWD):
        one = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        one.setblocking(False)
        crowd.append(one)
    most = 0.0
    while time.monotonic() - begun < 15:
        for one in crowd:
            try:
                one.send(b"G" if one.fileno() % 2 else b"GET / HTTP/1.1\r\nX: ")
            except OSError:
                continue
        most = max(most, server.megabytes)
        assert server.process.num_threads() <= threads + 40
        time.sleep(1)
    for one in crowd:
        one.close()
    begun = time.monotonic()
    _once_it_answers(server)
    lies = (f"{most - before:.0f} MiB more memory",) if most > before + 100 else ()
    return Outcome(CROWD, lies=lies, recovery_s=(time.monotonic() - begun,))


def _once_it_answers(server: Server) -> None:
    end = time.monotonic() + 40
    while True:
        try:
            server.honest()
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@case(3, 4, 7, 8, times=5, quick=1)
def hostile_requests_to_a_node(at: Injection) -> Outcome:
    """Hostile and random requests to a node's control server: it decides on, and says what was wrong."""
    with node_server(at.folder) as server:
        return harmed(at, server)


@case(7, 8, times=5, quick=1)
def hostile_requests_to_the_console(at: Injection) -> Outcome:
    """Hostile and random requests to the console: it serves on, and says what was wrong."""
    with console_server(at.folder) as server:
        return harmed(at, server)


@case(3, 4, 7, 8, times=2, quick=0)
def slow_callers_of_a_node(at: Injection) -> Outcome:
    """A thousand callers of a node who trickle a request without end: threads and memory stay bounded."""
    with node_server(at.folder) as server:
        return crowded(server)


@case(7, 8, times=2, quick=0)
def slow_callers_of_the_console(at: Injection) -> Outcome:
    """A thousand callers of the console who trickle a request without end: memory stays bounded, others are served."""
    with console_server(at.folder) as server:
        return crowded(server)
