"""A plant of ten thousand tags, one in a hundred of which misbehaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tests.faults.case import Injection, Outcome, case
from tests.faults.plant import DIGEST

from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.health import Health
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.quality import BAD_SENSOR_FAILURE, UNCERTAIN
from lineshaft.core.sample import Samples
from lineshaft.core.step import Port, StepSignature
from lineshaft.core.tag import Tag
from lineshaft.graph.builder import StepBuilder
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.seat import Loaded

MANY, BAD, TICKS, STALE = 10_000, 100, 40, 5
SIGNATURE = StepSignature(MANY, (Port("score", (1,)), Port("alarm", (1,))), ())
WAYS = ("bad", "uncertain", "silent", "not a number", "infinite", "an hour ahead", "an hour behind")
UNUSABLE_AT_ONCE = {"bad", "not a number", "infinite"}
UNUSABLE_ONCE_STALE = {"silent", "an hour ahead", "an hour behind"}


@case(1, 2, 3, 4, times=10, quick=1)
def ten_thousand_tags(at: Injection) -> Outcome:
    """10,000 tags of which a random hundred turn bad, uncertain, silent, no number, infinite or an hour off in
    mid-run: exactly those are masked and named, the others are decided on as they are, and all come back."""
    chance = np.random.default_rng(at.seed)
    clock = ManualClock(1_700_000_000 * SECOND)
    tags = tuple(Tag(f"works/hall{i // 100}/t{i}") for i in range(MANY))
    manifest = Manifest("cell", "monitor", 1, tags, SECOND, STALE * SECOND, SIGNATURE, Budget(SECOND, 10**8),
                        Limits({}), Lineage("", "", "", 0, "sum", "the fault matrix"))
    node = Node(Loaded(BoundEngine(_sum(), SIGNATURE), manifest, DIGEST, lambda _: None), at.folder / "node",
                clock=clock, settings=NodeSettings(control_port=None))
    node.start()
    try:
        places = chance.choice(MANY, BAD, replace=False)
        lies = _run(node, clock, dict(zip(places.tolist(), chance.choice(WAYS, BAD).tolist(), strict=True)), chance)
    finally:
        node.close()
    return Outcome(BAD, lies=tuple(lies[:5]))


def _run(node: Node, clock: ManualClock, broken: dict[int, str], chance: np.random.Generator) -> list[str]:
    paths, lies = node.loop.table.tags, list[str]()
    for tick in range(3 * TICKS):
        clock.advance(SECOND - node.grid.grace_ns)
        whole = chance.integers(0, 100, MANY).astype(np.float64)
        faulty = broken if TICKS <= tick < 2 * TICKS else {}
        node.feed(_bent(paths, clock.now(), whole, faulty))
        node.poll()
        clock.advance(node.grid.grace_ns)  # who waits for a tag that is silent waits so long
        node.poll()
        settled = tick % TICKS > STALE + 1 and tick > STALE
        if settled:
            lies += _beside(node, whole, faulty)
    return lies


def _bent(paths: tuple[str, ...], now: int, whole: NDArray[np.float64], faulty: dict[int, str]) -> Samples:
    value, time, quality = whole.copy(), np.full(MANY, now), np.zeros(MANY, np.uint32)
    keep = np.ones(MANY, np.bool_)
    for place, way in faulty.items():
        quality[place] = {"bad": BAD_SENSOR_FAILURE, "uncertain": UNCERTAIN}.get(way, 0)
        value[place] = {"not a number": np.nan, "infinite": np.inf}.get(way, value[place])
        time[place] += {"an hour ahead": 3600 * SECOND, "an hour behind": -3600 * SECOND}.get(way, 0)
        keep[place] = way != "silent"
    index = np.flatnonzero(keep).astype(np.int32)
    return Samples(paths, index, time[keep], value[keep], quality[keep])


def _beside(node: Node, whole: NDArray[np.float64], faulty: dict[int, str]) -> list[str]:
    """What the newest decision says, beside what it should for these values."""
    paths, decision, health = node.loop.table.tags, node.decisions(limit=1)[-1], node.health()
    out = [place for place, way in faulty.items() if way in UNUSABLE_AT_ONCE | UNUSABLE_ONCE_STALE]
    masked, lies = {paths[place] for place in out}, list[str]()
    if set(decision.masked) != masked:
        lies.append(f"{decision.time}: {len(decision.masked)} tags are masked instead of {len(masked)}")
    expected = whole.sum() - whole[out].sum()
    if decision.score != expected:
        lies.append(f"{decision.time}: says {decision.score} instead of {expected}")
    if set(health.tags) != masked or (health.state is Health.ACTIVE) != (not masked):
        lies.append(f"{decision.time}: health is {health.state} and names {len(health.tags)} tags")
    return lies


def _sum() -> bytes:
    """The sum of all values that may be used: of whole numbers below 2^24, which no order of adding rounds."""
    g = StepBuilder(MANY)
    score = g.reshape(g.sum(g.multiply(g.x, g.quality)), (1,))
    return g.model({"score": score, "alarm": g.number(g.at_least(score, np.full(1, 1e9)))})
