"""The machine lets a node down: another node in its place, ports, files, memory, the disk."""

from __future__ import annotations

import resource
import signal
import socket
import time

import psutil
from tests.faults.case import Injection, Outcome, case
from tests.faults.small import PERIOD_NS, SmallNode, small_node, without_override
from tests.processes import until

from lineshaft.core.health import Health

ENVIRONMENT = 3


def whole(node: SmallNode) -> Outcome:
    """What is lost and doubled in the outbox: numbers follow each other, no time is there twice."""
    kept = node.kept()
    numbers, times = [number for number, _ in kept], [time for _, time in kept]
    return Outcome(lost=max(numbers, default=0) - len(set(numbers)), doubled=len(times) - len(set(times)))


@case(5, 7, times=3, quick=1)
def two_nodes_in_one_folder(at: Injection) -> Outcome:
    """A second node starts in a running node's folder; then the first is killed and another follows at once."""
    with small_node(at.folder) as node:
        first = node.start()
        first.first_line()
        node.active()
        code, said = node.start().refused()
        assert (code, "another node is at work here" in said) == (ENVIRONMENT, True), said
        assert f"lineshaft node stop --folder {node.folder}" in said, said
        assert node.remote.health().state is Health.ACTIVE, "the first one didn't notice"
        first.popen.send_signal(signal.SIGKILL)
        first.popen.wait()
        begun = time.monotonic()
        node.start().first_line()
        node.active()
        took = time.monotonic() - begun
        node.remote.stop()
        node.running[-1].popen.wait(60)
        found = whole(node)
        return Outcome(2, found.lost, found.doubled, recovery_s=(took,))


@case(7, times=2, quick=1)
def a_port_is_in_use(at: Injection) -> Outcome:
    """The control port, or the one of the OPC UA server, belongs to another program."""
    with small_node(at.folder) as node, socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = node.start("--control-port" if at.seed % 2 == 0 else "--opcua-port", port).refused()
        assert code == ENVIRONMENT, said
        assert port in said, said
    return Outcome()


@case(3, 4, 8, times=3, quick=1)
def file_handles_run_out(at: Injection) -> Outcome:
    """A node with 64 file handles, and more connections to its control server than that; then they go."""
    with small_node(at.folder) as node:
        process = node.start(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        port = int(process.first_line()["control"].rpartition(":")[2])
        node.active()
        before = int(node.remote.status()["ticks"])
        begun = time.monotonic()
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(at.chance.randint(70, 120))]
        time.sleep(10 * PERIOD_NS / 1e9)  # ten ticks under it: it must go on deciding
        held = time.monotonic() - begun
        for one in crowd:
            one.close()
        begun = time.monotonic()
        status = until(lambda: node.remote.status(), "answer after the crowd")
        took = time.monotonic() - begun
        assert int(status["ticks"]) - before >= 0.5 * held / (PERIOD_NS / 1e9), (status, held)
        assert node.remote.health().state is Health.ACTIVE
        node.remote.stop()
        process.popen.wait(60)
        found = whole(node)
        return Outcome(1, found.lost, found.doubled, recovery_s=(took,))


@case(3, 4, 7, 8, times=3, quick=1)
def the_disk_of_a_node_is_full(at: Injection) -> Outcome:
    """Nothing more can be written to the outbox; it decides on, says so in its health, and writes all of it later."""
    with small_node(at.folder) as node:
        process = node.start()
        process.first_line()
        node.active()
        handle = psutil.Process(process.popen.pid)
        handle.rlimit(psutil.RLIMIT_FSIZE, (at.chance.choice([1, 4096, 40_000]), resource.RLIM_INFINITY))
        told = until(lambda: next((why for why in node.remote.health().reasons if "disk buffer" in why), None),
                     "word on the disk in the health")
        assert "wait in memory" in told, told
        handle.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        took = node.active()
        until(lambda: node.remote.status()["dropped"] == 0, "no decision dropped")
        node.remote.stop()
        process.popen.wait(60)
        found = whole(node)
        return Outcome(1, found.lost, found.doubled, recovery_s=(took,))


@case(7, times=2, quick=1)
def the_folder_of_a_node_is_read_only(at: Injection) -> Outcome:
    """The node's folder, or the one in which it would be made, can't be written."""
    with small_node(at.folder) as node:
        node.folder.mkdir()
        folder = node.folder / "inner" if at.seed % 2 else node.folder
        node.folder.chmod(0o555)
        try:
            code, said = node.start(before=without_override, folder=folder).refused()
        finally:
            node.folder.chmod(0o755)
        assert (code, str(folder) in said, "writable" in said) == (ENVIRONMENT, True, True), said
        node.start().first_line()
        return Outcome(recovery_s=(node.active(),))


@case(7, 8, times=3, quick=1)
def memory_runs_out_at_the_start(at: Injection) -> Outcome:
    """A node that may have less memory than it needs ends with a sentence, and starts where there is enough."""
    with small_node(at.folder) as node:
        most = at.chance.choice([110, 130, 150, 200, 350]) << 20
        code, said = node.start(before=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most))).refused()
        assert code == ENVIRONMENT, said
        assert "memory" in said, said
        node.start().first_line()
        return Outcome(recovery_s=(node.active(),))
