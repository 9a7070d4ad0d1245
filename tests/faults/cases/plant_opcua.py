"""What a plant does to those who listen: over real OPC UA, alone and in random pairs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace

from tests.faults.case import Injection, Outcome, case
from tests.faults.plant import PERIOD_NS, TAGS, World, running

from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core.clock import SECOND
from lineshaft.core.quality import BAD_SENSOR_FAILURE, UNCERTAIN_LAST_USABLE

Fault = Callable[[World], AbstractAsyncContextManager[set[str]]]
"""Broken inside, mended after; gives the tags of which nothing usable comes (none: all is usable all the same)."""
ALL = {tag.path for tag in TAGS}
HOLD_S = 1.6
"""Eight periods: longer than a value may be old."""


@asynccontextmanager
async def server_killed(world: World) -> AsyncIterator[set[str]]:
    """The server dies and is started again on its port."""
    world.serving = False
    await world.simulator.stop()
    yield ALL
    await world.simulator.start()
    world.serving = True


@asynccontextmanager
async def nodes_numbered_anew(world: World) -> AsyncIterator[set[str]]:
    """The server comes back with other NodeIds for the same paths, and stays so."""
    world.serving = False
    await world.simulator.stop()
    world.simulator = Simulator(TAGS, world.simulator.url, namespace="urn:another:program")
    yield ALL
    await world.simulator.start()
    world.serving = True


@asynccontextmanager
async def tag_of_another_type(world: World) -> AsyncIterator[set[str]]:
    """The server comes back with a text where a number was, for a while."""
    await world.served(replace(TAGS[3], kind="text"))
    yield set()
    await world.served(TAGS[3])


@asynccontextmanager
async def tag_in_another_unit(world: World) -> AsyncIterator[set[str]]:
    """The server comes back with a tag in kPa that was in bar, under the same NodeId, for a while."""
    await world.served(replace(TAGS[3], unit="kPa"))
    yield {TAGS[3].path}
    await world.served(TAGS[3])


@asynccontextmanager
async def tag_vanished(world: World) -> AsyncIterator[set[str]]:
    """The server comes back without one of its tags, for a while."""
    await world.served(None)
    yield set()
    await world.served(TAGS[3])


@asynccontextmanager
async def link_cut(world: World) -> AsyncIterator[set[str]]:
    """Every connection is reset, and each new one too."""
    world.wire.cut()
    yield ALL
    world.wire.mend()


@asynccontextmanager
async def link_silent(world: World) -> AsyncIterator[set[str]]:
    """Connections stand and nothing comes: a server that hangs, a half-open socket."""
    world.wire.silent = True
    yield ALL
    world.wire.mend()


@asynccontextmanager
async def link_slow(world: World) -> AsyncIterator[set[str]]:
    """Each piece of the answer takes two periods."""
    world.wire.delay_s = 2 * PERIOD_NS / SECOND
    yield set()
    world.wire.mend()


@asynccontextmanager
async def link_garbled(world: World) -> AsyncIterator[set[str]]:
    """Half of what the server says arrives as noise."""
    world.wire.garble = 0.5
    yield set()
    world.wire.mend()


@asynccontextmanager
async def subscription_lost(world: World) -> AsyncIterator[set[str]]:
    """The server forgets its subscriptions and says nothing of it; the session goes on."""
    for subscription in list(world.simulator.server.core.subscription_service.subscriptions.values()):
        await subscription.stop()
    yield set()


@asynccontextmanager
async def tag_frozen(world: World) -> AsyncIterator[set[str]]:
    """One tag is never given again, without a word."""
    world.bends["tag_frozen"] = {TAGS[0].path: None}
    yield set()  # it may be as old as its limit of age says, so health has nothing to say within two periods
    world.bends.pop("tag_frozen")


@asynccontextmanager
async def tag_bad(world: World) -> AsyncIterator[set[str]]:
    """One tag's instrument fails and the server says so."""
    world.bends["tag_bad"] = {TAGS[1].path: (7.0, BAD_SENSOR_FAILURE, 0)}
    yield {TAGS[1].path}
    world.bends.pop("tag_bad")


@asynccontextmanager
async def tag_uncertain(world: World) -> AsyncIterator[set[str]]:
    """One tag's value is uncertain, which may be used."""
    world.bends["tag_uncertain"] = {TAGS[2].path: (7.0, UNCERTAIN_LAST_USABLE, 0)}
    yield set()
    world.bends.pop("tag_uncertain")


@asynccontextmanager
async def tag_far_ahead(world: World) -> AsyncIterator[set[str]]:
    """One tag's source time jumps an hour ahead."""
    world.bends["tag_far_ahead"] = {TAGS[3].path: (7.0, 0, 3600 * SECOND)}
    yield set()
    world.bends.pop("tag_far_ahead")


@asynccontextmanager
async def tag_far_behind(world: World) -> AsyncIterator[set[str]]:
    """One tag's source time jumps an hour back."""
    world.bends["tag_far_behind"] = {TAGS[4].path: (7.0, 0, -3600 * SECOND)}
    yield set()
    world.bends.pop("tag_far_behind")


@asynccontextmanager
async def tag_not_a_number(world: World) -> AsyncIterator[set[str]]:
    """One tag gives infinity and says that it is good."""
    world.bends["tag_not_a_number"] = {TAGS[5].path: (float("inf"), 0, 0)}
    yield {TAGS[5].path}
    world.bends.pop("tag_not_a_number")


@asynccontextmanager
async def plant_stalls(world: World) -> AsyncIterator[set[str]]:
    """The server lives and answers, but no value moves: the program behind it has stopped."""
    world.bends["plant_stalls"] = dict.fromkeys(ALL)
    yield ALL
    world.bends.pop("plant_stalls")


@asynccontextmanager
async def flooded(world: World) -> AsyncIterator[set[str]]:
    """Everything comes a hundred times as often."""
    ended = asyncio.Event()

    async def pour() -> None:
        while not ended.is_set():
            now = time.time_ns()
            await world.flood(now)
            await asyncio.sleep(PERIOD_NS / SECOND / 100)

    pouring = asyncio.create_task(pour())
    yield set()
    ended.set()
    await pouring


FAULTS: Mapping[str, Fault] = {fault.__name__: fault for fault in (
    server_killed, nodes_numbered_anew, tag_of_another_type, tag_in_another_unit, tag_vanished, link_cut, link_silent,
    link_slow, link_garbled, subscription_lost, tag_frozen, tag_bad, tag_uncertain, tag_far_ahead, tag_far_behind,
    tag_not_a_number, plant_stalls, flooded)}


@case(1, 2, 3, 7, times=3 * len(FAULTS), quick=4)
def plant_fault(at: Injection) -> Outcome:
    """One fault of the plant or its wire for eight periods: killed, numbered anew, of another type, in another unit,
    vanished, cut, hung, slow, garbled, forgotten, frozen, bad, uncertain, in another hour, not a number, stalled, a
    hundredfold."""
    names = list(FAULTS)
    return asyncio.run(_broken(at, [names[at.seed * 5 % len(names)]]))


@case(1, 2, 3, 7, times=20, quick=1)
def plant_faults_in_pairs(at: Injection) -> Outcome:
    """Two of them at once, begun and mended in random order."""
    return asyncio.run(_broken(at, at.chance.sample(list(FAULTS), 2)))


async def _broken(at: Injection, names: list[str]) -> Outcome:
    async with running(at.folder, seed=at.seed) as world:
        spans: list[tuple[int, int, set[str]]] = []
        async with AsyncExitStack() as faults:
            for name in names:
                begun = time.time_ns()
                tags = await faults.enter_async_context(FAULTS[name](world))
                spans.append((begun, 0, tags))
                await asyncio.sleep(at.chance.uniform(0.0, 0.5))
            await asyncio.sleep(HOLD_S)
            spans = [(begun, time.time_ns(), tags) for begun, _, tags in spans]
        took = await world.until_well()
        lost, doubled = await world.settle()
        lies = world.lies() + [one for span in spans if span[2] for one in world.unsaid(*span, alone=len(names) == 1)]
        return Outcome(len(names), lost, doubled, tuple(f"{'+'.join(names)}: {one}" for one in lies), (took,))
