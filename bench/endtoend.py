"""OPC UA write at the plant -> decision readable at the node's OPC UA server, 50 tags, and where the time goes.

Three processes on one machine: a plant (the simulator, real OPC UA), the node (connector, the node's own loop on a
64 x 50 window monitor, publisher) and a control system that subscribes to the score. The plant writes all tags once
a period, somewhere in the middle of the node's slot; a decision is readable when the control system has it. Stages:

    write       the plant sets 50 variables in its server
    subscribe   until the node's loop is handed the last of them
    decide      align and step, until the decision is told
    publish     until it stands in the node's OPC UA server
    read        until the control system has it (its publishing interval is 0: as soon as possible)

``ours`` is the CPU time in the node that Lineshaft's own code takes for one decision: decoding, align and step,
making the values to publish. The rest is asyncua, the event loops and the operating system.

    python bench/endtoend.py --json
    python bench/endtoend.py --compare --rows 1000     publishing intervals, polling, uvloop if it is installed
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from harness import Result, arguments, finish, progress
from lineshaft.connect.opcua import feed, wire
from lineshaft.connect.opcua.publisher import Publisher
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.connect.registry import open_connector
from lineshaft.core.connector import Connector
from lineshaft.core.decision import Decision
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

TAGS, WARM_UP = 50, 100
STAGES = ("write", "subscribe", "decide", "publish", "read")
Stamps = dict[int, int]


@dataclass(frozen=True)
class Setup:
    """What is varied: ``publishing_ms`` of the node's subscription (None: the plant is polled in lock-step)."""

    publishing_ms: float | None = 1.0
    uvloop: bool = False
    rows: int = 3000
    period_ns: int = 20_000_000

    @property
    def name(self) -> str:
        way = "lock-step reads" if self.publishing_ms is None else f"publishing {self.publishing_ms:g} ms"
        return f"{way}, {'uvloop' if self.uvloop else 'asyncio'}"

    def options(self) -> dict[str, Any]:
        interval = 0.0 if self.publishing_ms is None else self.publishing_ms
        return {"publishing_ns": round(interval * 1e6), "keepalive_s": 30.0}


def slot(moment: int, period_ns: int) -> int:
    """The grid time of the tick that a sample belongs to."""
    return -(-moment // period_ns) * period_ns


# -- the plant ---------------------------------------------------------------------------------------------------

async def plant(setup: Setup, talk: Connection) -> None:
    """Write rows when told to; give the start and end of each write by slot."""
    tags = [Tag(f"bench/cell/tag{i:04}", unit="bar", low=0.0, high=100.0) for i in range(TAGS)]
    started, ended = Stamps(), Stamps()
    rng, jitter = np.random.default_rng(3), random.Random(3)
    async with Simulator(tags) as simulator:
        talk.send(simulator.url)
        await heard(talk)
        paths, coming = [tag.path for tag in tags], slot(time.time_ns(), setup.period_ns) + setup.period_ns
        for _ in range(setup.rows):
            coming += setup.period_ns
            middle = coming - setup.period_ns * jitter.uniform(0.6, 0.9)
            await asyncio.sleep((middle - time.time_ns()) / 1e9)
            began = time.time_ns() // 1000 * 1000
            await simulator.publish(Samples.row(paths, began, 50 + rng.normal(size=TAGS)))
            tick = slot(began, setup.period_ns)
            started[tick], ended[tick] = began, time.time_ns()
        await asyncio.sleep(0.5)
        talk.send((started, ended))
        await heard(talk)


# -- the node ----------------------------------------------------------------------------------------------------

@dataclass
class Clocks:
    """Stamps and durations of one node by slot; ``own`` is CPU time in our code since the last decision."""

    arrived: Stamps
    decided: Stamps
    published: Stamps
    ours: Stamps
    tick: Stamps
    own: int = 0
    newest: int = 0

    @contextmanager
    def counting(self, sign: int = 1) -> Iterator[None]:
        began = time.thread_time_ns()
        try:
            yield
        finally:
            self.own += sign * (time.thread_time_ns() - began)


async def node(setup: Setup, talk: Connection, plant_url: str) -> None:
    """The node as ``app/edge.py`` wires it, with a clock at every joint."""
    from lineshaft.node.agent import Node, NodeSettings, quiet_process
    from loop_monitor import fitted, graph, loaded

    ready = loaded(*graph(fitted(TAGS)))
    ready = replace(ready, manifest=replace(ready.manifest, period_ns=setup.period_ns, stale_ns=10**9))
    clocks, publisher = Clocks({}, {}, {}, {}, {}), Publisher()
    connector = open_connector(plant_url, **setup.options())
    await connector.open()
    await publisher.start()
    await publisher.add("bench", ready.manifest.loop)
    count_ours(clocks, publisher)
    with tempfile.TemporaryDirectory() as folder:
        agent = Node(ready, Path(folder), asset="bench", settings=NodeSettings(control_port=None))
        under_way: set[asyncio.Task[None]] = set()

        def show(decision: Decision) -> None:
            clocks.decided[decision.time] = time.time_ns()
            clocks.arrived[decision.time] = clocks.newest
            clocks.tick[decision.time] = decision.latency_ns
            task = asyncio.create_task(publish(decision, publisher, clocks))
            under_way.add(task)
            task.add_done_callback(under_way.discard)

        agent.on_decision.append(show)
        tags = [tag for tag in await connector.browse() if tag.path.startswith("bench/")]
        quiet_process()
        talk.send((publisher.url, publisher.address("bench", agent.loop.name, "Score")))
        agent.start()
        stream = stamped(source(connector, tags, setup), clocks)
        running = asyncio.create_task(agent.run(stream))
        await heard(talk)
        agent.stop()
        await asyncio.gather(running, return_exceptions=True)
    talk.send(clocks)
    await connector.close()
    await publisher.stop()


def source(connector: Connector, tags: list[Tag], setup: Setup) -> AsyncIterator[Samples]:
    """The subscription, or reads one after another."""
    async def polled() -> AsyncIterator[Samples]:
        while True:
            yield await connector.read(tags)
    return polled() if setup.publishing_ms is None else connector.subscribe(tags, setup.period_ns)


async def stamped(stream: AsyncIterator[Samples], clocks: Clocks) -> AsyncIterator[Samples]:
    """The stream, with the moment at which each batch is handed to the loop; what it does then is ours."""
    async for samples in stream:
        clocks.newest = time.time_ns()
        with clocks.counting():
            yield samples


async def publish(decision: Decision, publisher: Publisher, clocks: Clocks) -> None:
    with clocks.counting():
        await publisher.publish(decision)
    clocks.published[decision.time] = time.time_ns()
    clocks.ours[decision.time], clocks.own = clocks.own, 0


def count_ours(clocks: Clocks, publisher: Publisher) -> None:
    """Clocks around our decoding, and (negative) around what asyncua does inside our publishing."""
    decode, decode_read, space = wire.decode_notification, wire.decode_read, publisher.server.core.aspace
    receive, put = feed.Feed.receive, space.write_attribute_value

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*given: Any) -> Any:
            with clocks.counting():
                return call(*given)
        return inner

    async def timed_put(*given: Any) -> Any:
        with clocks.counting(-1):
            return await put(*given)

    wire.decode_notification, wire.decode_read = timed(decode), timed(decode_read)
    feed.Feed.receive = timed(receive)  # type: ignore[method-assign]  # measured, not changed
    space.write_attribute_value = timed_put


# -- the control system ------------------------------------------------------------------------------------------

async def reader(setup: Setup, talk: Connection, url: str, address: str) -> None:
    """Subscribe to the score; give the moment at which each decision was there."""
    seen = Stamps()
    connector = open_connector(url, publishing_ns=0, keepalive_s=30.0)
    await connector.open()

    async def follow() -> None:
        async for samples in connector.subscribe([Tag("bench/score", address=address)], setup.period_ns):
            now = time.time_ns()
            for moment in samples.time.tolist():
                seen.setdefault(moment, now)

    following = asyncio.create_task(follow())
    talk.send("ready")
    await heard(talk)
    following.cancel()
    talk.send(seen)
    await connector.close()


# -- all together ------------------------------------------------------------------------------------------------

async def heard(talk: Connection) -> None:
    """Wait for the next word of the parent without holding up the event loop."""
    word, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(talk.fileno(), word.set)
    await word.wait()
    loop.remove_reader(talk.fileno())
    talk.recv()


def enter(role: Callable[..., Coroutine[Any, Any, None]], setup: Setup, talk: Connection, *given: str) -> None:
    """One process of the three."""
    factory = None
    if setup.uvloop:
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(role(setup, talk, *given))


class Process:
    """A role in a process of its own, and the line to it."""

    def __init__(self, role: Callable[..., Coroutine[Any, Any, None]], setup: Setup, *given: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.talk, far = context.Pipe()
        self._process = context.Process(target=enter, args=(role, setup, far, *given), daemon=True)
        self._process.start()

    def hear(self) -> Any:
        while not self.talk.poll(0.5):
            if not self._process.is_alive():
                sys.exit("one of the three processes ended early; its own words are above")
        return self.talk.recv()

    def tell(self) -> None:
        self.talk.send("go on")


def measure(setup: Setup) -> dict[str, Any]:
    """Run the three; milliseconds by stage."""
    machine = Process(plant, setup)
    agent = Process(node, setup, machine.hear())
    control = Process(reader, setup, *agent.hear())
    control.hear()
    time.sleep(1.0)
    machine.tell()
    started, ended = machine.hear()
    agent.tell()
    clocks: Clocks = agent.hear()
    control.tell()
    seen: Stamps = control.hear()
    machine.tell()
    return summary(started, ended, clocks, seen)


def summary(started: Stamps, ended: Stamps, clocks: Clocks, seen: Stamps) -> dict[str, Any]:
    """Percentiles of the whole way and of each stage, over the writes that a decision was made of in time.

    A write that reached the node after its slot had to be decided is ``late``: the machine stalled.
    """
    chain = (started, ended, clocks.arrived, clocks.decided, clocks.published, seen)
    whole = [tick for tick in sorted(started)[WARM_UP:] if all(tick in stamps for stamps in chain)
             and clocks.arrived[tick] > started[tick]]
    stamps = np.array([[step[tick] for step in chain] for tick in whole], np.float64) / 1e6
    total = stamps[:, -1] - stamps[:, 0]
    own = np.array([clocks.ours.get(tick, 0) for tick in whole]) / 1e6
    found = {"p50_ms": at(total, 0.5), "p99_ms": at(total, 0.99), "p999_ms": at(total, 0.999),
             "max_ms": float(total.max()), "ours_p50_ms": at(own, 0.5), "ours_p99_ms": at(own, 0.99),
             "tick_p50_ms": at(np.array([clocks.tick[tick] for tick in whole]) / 1e6, 0.5),
             "decisions": len(whole), "late": len(started) - WARM_UP - len(whole)}
    for name, spent in zip(STAGES, np.diff(stamps, axis=1).T, strict=True):
        found |= {f"{name}_p50_ms": at(spent, 0.5), f"{name}_p99_ms": at(spent, 0.99)}
    return found


def at(values: Any, share: float) -> float:
    return float(np.quantile(values, share))


def variants(setup: Setup) -> list[Setup]:
    """What ``--compare`` runs beside the default."""
    ways = [replace(setup, publishing_ms=interval) for interval in (0.0, 1.0, 2.0, 5.0, 10.0, None)]
    if importlib.util.find_spec("uvloop") is not None:
        ways += [replace(way, uvloop=True) for way in ways[:2]]
    return ways


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=3000, help="writes of the plant, one each 20 ms")
    parser.add_argument("--publishing-ms", type=float, default=1.0, help="of the node's subscription")
    parser.add_argument("--uvloop", action="store_true", help="use uvloop in all three processes")
    parser.add_argument("--compare", action="store_true", help="also other intervals, polling and uvloop")
    given = parser.parse_args()
    setup = Setup(given.publishing_ms, given.uvloop, given.rows + WARM_UP)
    progress(f"{setup.name}: {given.rows} writes")
    figures, beside = measure(setup), {}
    for way in variants(setup) if given.compare else []:
        progress(f"{way.name}: {given.rows} writes")
        beside[way.name] = measure(way)
    finish(Result(
        "endtoend", f"{TAGS} tags each {setup.period_ns / 1e6:g} ms over real OPC UA, three processes, "
        f"64 x {TAGS} monitor in the node's own loop; {setup.name}", figures,
        {"p99_ms": "aim < 5 on a quiet core", "ours_p50_ms": "aim < 0.5"}, beside), as_json=given.json)


if __name__ == "__main__":
    main()
