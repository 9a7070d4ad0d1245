"""The processes of ``bench/console.py`` beside the console itself: a node, a recorder, an empty loop, and screens."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

PERIOD_NS = 100_000_000
LEAD_NS = 20_000_000
"""Values come this long before their slot ends."""
PATIENCE_S = 120.0
TREND_TAGS, TREND_MS, ALL_MS = 8, 100, 1000
SCREENS_NICE = 10
Role = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Setup:
    """A project folder, and how many tags its plant has."""

    folder: Path
    tags: int

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(f"bench/cell/tag{i:04}" for i in range(self.tags))


class Process:
    """A role in a process of its own. ``ask`` gives its answer to a word."""

    def __init__(self, role: Role, *given: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._talk, far = context.Pipe()
        self._process = context.Process(target=_enter, args=(role, far, *given), daemon=True)
        self._process.start()

    def hear(self) -> Any:
        end = time.monotonic() + PATIENCE_S
        while not self._talk.poll(0.2):
            if not self._process.is_alive() or time.monotonic() > end:
                sys.exit("a process of the bench ended early or says nothing; its own words are above")
        return self._talk.recv()

    def ask(self, word: str) -> Any:
        self._talk.send(word)
        return self.hear()

    def end(self) -> None:
        self._process.terminate()
        self._process.join(10)


def _enter(role: Role, talk: Connection, *given: Any) -> None:
    asyncio.run(role(talk, *given))


async def heard(talk: Connection) -> str:
    """The parent's next word, without holding up the event loop."""
    word, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(talk.fileno(), word.set)
    await word.wait()
    loop.remove_reader(talk.fileno())
    return str(talk.recv())


async def rows(setup: Setup, seed: int) -> AsyncIterator[Samples]:
    """A value of every tag in every slot."""
    rng, paths = np.random.default_rng(seed), setup.paths
    slot = time.time_ns() // PERIOD_NS * PERIOD_NS
    while True:
        slot += PERIOD_NS
        await asyncio.sleep(max(0.0, (slot + PERIOD_NS - LEAD_NS - time.time_ns()) / 1e9))
        yield Samples.row(paths, slot + PERIOD_NS - LEAD_NS, 50 + rng.normal(size=setup.tags))


async def node(talk: Connection, setup: Setup) -> None:
    """The node with its control server, as ``lineshaft node run`` has it; asked, it gives its latencies since."""
    from lineshaft.node.agent import Node, NodeSettings, quiet_process
    from loop_monitor import fitted, graph, loaded

    ready = loaded(*graph(fitted(setup.tags)))
    ready = replace(ready, manifest=replace(ready.manifest, period_ns=PERIOD_NS, stale_ns=5 * PERIOD_NS))
    agent = Node(ready, setup.folder / "node", name="node1", asset="bench",
                 settings=NodeSettings(control_port=0))
    latencies: list[int] = []
    agent.on_decision.append(lambda decision: latencies.append(decision.latency_ns))
    quiet_process()
    agent.start()
    running = asyncio.create_task(agent.run(rows(setup, 1)))
    talk.send("ready")
    while not running.done():
        await heard(talk)
        talk.send(latencies[:])
        latencies.clear()


async def recorder(talk: Connection, setup: Setup) -> None:
    """What ``lineshaft run`` does beside the node: every value into history."""
    from lineshaft.historian.store import open_historian

    with open_historian(setup.folder / "history") as historian:
        historian.register([Tag(path, unit="bar", low=0.0, high=100.0) for path in setup.paths])
        talk.send("ready")
        async for samples in rows(setup, 2):
            await asyncio.to_thread(historian.append, samples)


async def empty(talk: Connection) -> None:
    """A loop that does nothing but wake up in time; asked, it gives how late it was since (ns)."""
    late: list[int] = []

    async def beat() -> None:
        slot = time.time_ns() // PERIOD_NS * PERIOD_NS
        while True:
            slot += PERIOD_NS
            await asyncio.sleep(max(0.0, (slot - time.time_ns()) / 1e9))
            late.append(time.time_ns() - slot)

    beating = asyncio.create_task(beat())
    talk.send("ready")
    while not beating.done():
        await heard(talk)
        talk.send(late[:])
        late.clear()


async def screens(talk: Connection, setup: Setup, url: str, count: int) -> None:
    """Browsers' sockets: each a live trend and a page of all tags. Asked, it gives the bytes of each since."""
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.typing import Origin

    class Counting(ClientConnection):
        """Counts what came over the wire, compressed as browsers have it."""

        came = 0

        def data_received(self, data: bytes) -> None:
            self.came += len(data)
            super().data_received(data)

    os.nice(SCREENS_NICE)  # they are other machines'
    opened: list[Counting] = []

    async def one() -> None:
        async with connect(f"ws{url.removeprefix('http')}/api/v1/live", origin=Origin(url), max_size=None,
                           create_connection=Counting) as socket:
            assert isinstance(socket, Counting)
            opened.append(socket)
            await socket.send(json.dumps({"watch": 1, "tags": setup.paths[:TREND_TAGS], "every": TREND_MS}))
            await socket.send(json.dumps({"watch": 2, "tags": setup.paths, "every": ALL_MS, "newest": True}))
            async for _ in socket:
                pass

    under_way = [asyncio.create_task(one()) for _ in range(count)]
    talk.send("ready")
    while not any(task.done() for task in under_way):
        await heard(talk)
        talk.send([socket.came for socket in opened])
        for socket in opened:
            socket.came = 0
    for task in under_way:
        if task.done():
            task.result()
