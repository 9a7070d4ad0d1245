"""A small plant over real OPC UA, a node on it and a centre that records, all watched while something is broken."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from asyncua import ua
from tests.faults.wire import Wire

from lineshaft.app import flow
from lineshaft.app.record import Recorder
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.connect.registry import open_connector
from lineshaft.core.clock import SECOND
from lineshaft.core.connector import Connector
from lineshaft.core.decision import Decision
from lineshaft.core.errors import LineshaftError
from lineshaft.core.health import Health
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.quality import usable
from lineshaft.core.sample import Samples
from lineshaft.core.step import Array, Port, StepSignature
from lineshaft.core.tag import Tag
from lineshaft.feedback.decisions import decisions
from lineshaft.graph.builder import StepBuilder
from lineshaft.historian.store import EmbeddedHistorian, open_historian
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.health import HealthReport
from lineshaft.node.seat import Loaded

PERIOD_NS = SECOND // 5
STALE_NS = 5 * PERIOD_NS
TAGS = tuple(Tag(f"works/cell/t{number}", low=0.0, high=1e6, unit="bar") for number in range(6))
LOOP, NODE, DIGEST = "cell", "node1", f"sha256:{1:064x}"
SIGNATURE = StepSignature(len(TAGS), (Port("score", (1,)), Port("alarm", (1,)), Port("cause", (len(TAGS),))),
                           (Port("window", (4, len(TAGS))), Port("level", (1,))))
_QUICK: dict[str, object] = {"backoff_s": (0.05, 0.3), "timeout_s": 3.0, "keepalive_s": 0.5}
PATIENCE_S = 40.0
Bend = tuple[float, int, int]
_PLAIN: Bend = (0.0, 0, 0)


@cache
def graph() -> bytes:
    g = StepBuilder(len(TAGS))
    window = g.window("window", g.multiply(g.x, g.quality), 4)
    square = g.reshape(g.mean(g.square(window), axis=0), (len(TAGS),))
    score = g.ewma("level", g.sum(square), 0.5)
    return g.model({"score": score, "alarm": g.number(g.at_least(score, np.full(1, 1e9))), "cause": square})


class Watched(BoundEngine):
    """Keeps a copy of each step's inputs, so that a second engine can be asked the same."""

    def __init__(self) -> None:
        self.seen: list[tuple[Array, Array]] = []
        super().__init__(graph(), SIGNATURE)

    def step(self) -> None:
        self.seen.append((self.x.copy(), self.quality.copy()))
        super().step()

    def reset(self) -> None:
        self.seen.clear()
        super().reset()


@dataclass(slots=True)
class Told:
    """What health said at a moment (UTC ns)."""

    at: int
    report: HealthReport


@dataclass(eq=False)
class World:
    """All that runs, and all that was published, decided and said.

    ``published`` has by tag and source time what the plant gave. ``bends`` has by fault what it makes of a tag's next
    value: (value, quality, shift of its time in ns), or None where nothing is given at all.
    """

    simulator: Simulator
    wire: Wire
    node: Node
    engine: Watched
    historian: EmbeddedHistorian
    recorder: Recorder
    connector: Connector
    published: dict[str, dict[int, tuple[float, int]]] = field(default_factory=lambda: {t.path: {} for t in TAGS})
    decided: list[Decision] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    bends: dict[str, dict[str, Bend | None]] = field(default_factory=dict)
    serving: bool = True
    delivered: int = 0
    delivering: threading.Lock = field(default_factory=threading.Lock)

    async def publish(self, slot: int) -> None:
        """One value of every tag, as the plant has it or as a fault bends it: (value, quality, shift of time)."""
        time_ns = slot * PERIOD_NS
        for number, tag in enumerate(TAGS):
            bent = self.bend(tag.path, (float(slot % 100_000 + number * 0.125), 0, 0))
            if bent is None or not self.serving:
                continue
            value, quality, shift = bent
            text = any(one.path == tag.path and one.kind == "text" for one in self.simulator.tags)
            self.published[tag.path][time_ns + shift] = (np.nan if text else value, quality)
            with suppress(LineshaftError, ua.UaError):  # a server that is going down
                await self.simulator.publish(Samples.row([tag.path], time_ns + shift, np.array([value]),
                                                         np.array([quality], np.uint32)))

    def bend(self, path: str, plain: Bend) -> Bend | None:
        """What the faults make of a value; silence is stronger than all else."""
        found = [bends[path] for bends in self.bends.values() if path in bends]
        return None if None in found else (found or [plain])[-1]

    async def served(self, tag: Tag | None) -> None:
        """The server starts anew with this tag in place of the fourth, or without one there."""
        self.serving = False
        await self.simulator.stop()
        fourth = () if tag is None else (tag,)
        self.simulator = Simulator((*TAGS[:3], *fourth, *TAGS[4:]), self.simulator.url,
                                   namespace=self.simulator.server.namespace)
        await self.simulator.start()
        self.serving = True

    async def flood(self, time_ns: int) -> None:
        """One more value of every tag that nothing else bends, between two slots."""
        value = float(time_ns // 1000 % 100_000)
        for tag in TAGS:
            if self.serving and self.bend(tag.path, _PLAIN) is _PLAIN:
                self.published[tag.path][time_ns // 1000 * 1000] = (value, 0)
                with suppress(LineshaftError, ua.UaError):  # a server that is going down
                    await self.simulator.publish(Samples.row([tag.path], time_ns // 1000 * 1000, np.array([value])))

    async def until_well(self) -> float:
        """Wait until the node is active and decides on every tag; how many seconds that took."""
        begun, well = time.monotonic(), 0
        while well < 3:
            if time.monotonic() - begun > PATIENCE_S:
                raise AssertionError(f"not well again after {PATIENCE_S:g} s: {self.node.health()}")
            count = len(self.decided)
            await asyncio.sleep(PERIOD_NS / SECOND)
            fine = self.node.health().state is Health.ACTIVE and len(self.decided) > count
            well = well + 1 if fine and not self.decided[-1].masked else 0
        return time.monotonic() - begun

    def lies(self) -> list[str]:
        """What was said that was not so: decisions beside their inputs, and values that the plant never gave."""
        again, found = BoundEngine(graph(), SIGNATURE), []
        newest: dict[str, int] = {}
        for (x, quality), decision in zip(self.engine.seen, self.decided, strict=True):
            again.x[:], again.quality[:] = x, quality
            again.step()
            if decision.score != again.out["score"].item(0) or decision.bundle != DIGEST:
                found.append(f"the decision of {decision.time} is not the graph's for its inputs")
            masked = {TAGS[i].path for i in np.flatnonzero(quality[0] == 0)}
            if set(decision.masked) != masked:
                found.append(f"the decision of {decision.time} names other masked tags than it used")
            for number, tag in enumerate(TAGS):
                if tag.path not in masked:
                    found += self._untrue(tag.path, float(x[0, number]), decision.time, newest)
        return found

    def _untrue(self, path: str, value: float, at: int, newest: dict[str, int]) -> list[str]:
        given = [moment for moment, (was, quality) in self.published[path].items()
                 if np.float32(was) == np.float32(value) and usable(np.array([quality], np.uint32))[0]
                 and at - STALE_NS <= moment <= at]
        if not given:
            return [f"{path} at {at}: {value:g} was never given within its age"]
        if max(given) < newest.get(path, 0):
            return [f"{path} at {at}: an older value came after a newer one"]
        newest[path] = max(newest.get(path, 0), min(given))
        return []

    def unsaid(self, begun: int, ended: int, tags: set[str], *, alone: bool) -> list[str]:
        """When health did not say, two periods after ``begun``, that nothing usable comes of ``tags``.

        Where another fault runs beside, something may still come or not pass: then a value's limit of age counts too.
        """
        late = begun + 3 * PERIOD_NS + (0 if alone else STALE_NS)  # two, and what a tick and a shared machine take
        stalled = PERIOD_NS // 2  # this very process had no turn, and the node with it
        wrong = [one for before, one in pairwise(self.told)
                 if late <= one.at < ended and one.at - before.at < stalled
                 and (one.report.state is Health.ACTIVE or not tags <= set(one.report.tags))]
        return [f"health said {wrong[0].report.state} {(wrong[0].at - begun) / PERIOD_NS:.1f} periods after the "
                f"fault, naming {len(wrong[0].report.tags)} tags"] if wrong else []

    async def settle(self) -> tuple[int, int]:
        """Bring everything to the centre; decisions and samples (lost, doubled) there."""
        made = [one.time for one in self.decided]
        assert await asyncio.to_thread(self.node.buffer.flush), self.node.buffer.fault
        await asyncio.to_thread(self.deliver)
        kept = [one.time for one in decisions(self.historian, LOOP, "works/cell", 0, 2**62)]
        lost, doubled = len(set(made) - set(kept)), len(kept) - len(set(kept))
        for path, series in self.historian.read([tag.path for tag in TAGS], 0, 2**62).items():
            good = usable(series.quality)
            for moment, value, code in zip(series.time[good], series.value[good], series.quality[good], strict=True):
                given = self.published[path].get(int(moment))
                if given is None or int(code) != given[1] or not np.array_equal(value, given[0], equal_nan=True):
                    raise AssertionError(f"{path} at {moment}: the history holds {value:g}, the plant gave {given}")
        return lost, doubled

    def deliver(self) -> None:
        """node -> historian, as the keeper does it."""
        with self.delivering:
            while entries := self.node.outbox(limit=500):
                self.node.acknowledge_outbox(flow.deliver(entries, self.historian, NODE))
                self.delivered += len(entries)


@asynccontextmanager
async def running(folder: Path, *, seed: int = 0) -> AsyncIterator[World]:
    """The whole world until it is left; well when it is entered."""
    simulator = Simulator(TAGS)
    await simulator.start()
    wire = Wire(int(simulator.url.split(":")[-1].split("/")[0]), random.Random(seed))
    await wire.start()
    address = f"opc.tcp://127.0.0.1:{wire.port}/lineshaft/"
    connector = open_connector(address, guard=None, **_QUICK)
    await connector.open()
    tags = await connector.browse()
    engine = Watched()
    manifest = Manifest(LOOP, "monitor", 1, tuple(replace(tag, period_ns=PERIOD_NS) for tag in tags), PERIOD_NS,
                        STALE_NS, SIGNATURE, Budget(PERIOD_NS // 2, 10**8), Limits({}),
                        Lineage("", "", "", 0, "fault", "the fault matrix"))
    node = Node(Loaded(engine, manifest, DIGEST, lambda _: None), folder / "node", name=NODE, asset="works/cell",
                settings=NodeSettings(control_port=None))
    historian = open_historian(folder / "history")
    historian.register(tags)
    world = World(simulator, wire, node, engine, historian, Recorder(historian, lambda _: None), connector)
    node.on_decision.append(world.decided.append)
    node.start()
    works = [asyncio.create_task(work) for work in (
        node.run(connector.subscribe(tags, PERIOD_NS)), _plant(world), _listen(world), _centre(world),
        world.recorder.run(connector.subscribe(tags, PERIOD_NS), PERIOD_NS))]
    try:
        await world.until_well()
        yield world
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        await connector.close()
        await wire.stop()
        await simulator.stop()
        await asyncio.to_thread(node.close)
        historian.close()


async def _plant(world: World) -> None:
    slot = time.time_ns() // PERIOD_NS
    while True:
        slot = max(slot + 1, time.time_ns() // PERIOD_NS)
        await asyncio.sleep(max(0, slot * PERIOD_NS - time.time_ns()) / SECOND)
        await world.publish(slot)


async def _listen(world: World) -> None:
    while True:
        world.told.append(Told(time.time_ns(), world.node.health()))
        await asyncio.sleep(0.02)


async def _centre(world: World) -> None:
    while True:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(world.deliver)
