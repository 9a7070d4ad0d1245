"""Weeks of a plant in minutes, by a clock that is turned by hand: nothing may grow. Each in a process of its own.

What a case itself keeps is reserved before it begins, so that only what it watches is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.faults.case import Injection, Outcome, case
from tests.faults.growth import Bounds, Size, grown, size
from tests.faults.plant import DIGEST, LOOP, NODE, SIGNATURE, TAGS, graph

from lineshaft.app.arenas import give_back_freed
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.sample import Samples
from lineshaft.historian.store import EmbeddedHistorian, open_historian
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.seat import Loaded

Numbers = NDArray[np.int64]

PERIOD_NS = 10 * SECOND
A_DAY = 86_400 * SECOND // PERIOD_NS
START = 1_700_000_000 * SECOND // PERIOD_NS * PERIOD_NS
FETCH = 500
OF_A_NODE = Bounds(later=Size(0.5, 0, 1.0, 50.0), ever=Size(8.0, 8, 8.0, 100.0))
"""A decision is 8,640 times a day here: one that is kept shows within a third of a month, whatever is kept of it."""

LINE = tuple(f"works/line/tag{number:02d}" for number in range(30))
"""So many tags that a merged file is full after eight days: each third of a month has every size of a merge."""
AN_APPEND = 360
BYTES_A_ROW, HANDLES = 16.0, 3
"""One handle a day that stays open makes ten from a third of the month to the next."""


@case(2, 4, 8, times=1, quick=0)
def a_month_of_a_node(at: Injection) -> Outcome:
    """30 plant days through the real loop and its outbox: memory, handles, disk and the median tick stay flat, every
    decision is given out once."""
    return _in_a_process(_node, at.folder, 30)


@case(2, 4, 8, times=1, quick=1)
def two_days_of_a_node(at: Injection) -> Outcome:
    """The same for two days."""
    return _in_a_process(_node, at.folder, 2)


@case(1, 8, times=1, quick=0)
def a_month_of_a_centre(at: Injection) -> Outcome:
    """30 plant days of thirty tags into the real historian, merged daily: the most memory of a day, handles and bytes a
    row are bounded, every sample is there once."""
    return _in_a_process(_centre, at.folder, 30)


def _in_a_process(work: Callable[[Path, int], Outcome], folder: Path, days: int) -> Outcome:
    with ProcessPoolExecutor(1, get_context("spawn"), give_back_freed) as alone:  # before it imports the historian
        return alone.submit(work, folder, days).result()


def _node(folder: Path, days: int) -> Outcome:
    clock = ManualClock(START)
    manifest = Manifest(LOOP, "monitor", 1, TAGS, PERIOD_NS, 5 * PERIOD_NS, SIGNATURE, Budget(PERIOD_NS, 10**8),
                        Limits({}), Lineage("", "", "", 0, "soak", "the fault matrix"))
    node = Node(Loaded(BoundEngine(graph(), SIGNATURE), manifest, DIGEST, lambda _: None), folder / "node", name=NODE,
                asset="works/cell", clock=clock, settings=NodeSettings(control_port=None))
    given, took, sizes = np.full(2 * days * A_DAY, -1), np.full(A_DAY, -1), list[Size]()
    node.start()
    try:
        many = 0
        for day in range(days):
            many = _a_day(node, clock, np.random.default_rng(day), given, many, took)
            sizes.append(size(folder / "node", float(np.median(took)) / 1e3))
    finally:
        node.close()
    times = given[:many]
    lost, doubled = node.loop.ticks - len(np.unique(times)), many - len(np.unique(times))
    disorder = [] if (np.diff(times) == PERIOD_NS).all() else ["not in order"]
    return Outcome(days, lost, doubled, (*grown(sizes, OF_A_NODE), *disorder))


def _a_day(node: Node, clock: ManualClock, chance: np.random.Generator, given: Numbers, many: int,
           took: Numbers) -> int:
    """How many decisions were given out by its end: their times go to ``given``, its ticks' ns to ``took``."""
    paths = [tag.path for tag in TAGS]
    for tick in range(1, A_DAY + 1):
        clock.advance(PERIOD_NS)
        node.feed(Samples.row(paths, clock.now(), chance.normal(50.0, 1.0, len(paths))))
        begun = time.thread_time_ns()
        node.poll()
        took[tick - 1] = time.thread_time_ns() - begun
        if tick % FETCH == 0 or tick == A_DAY:
            many = _emptied(node, given, many)
    return many


def _emptied(node: Node, given: Numbers, many: int) -> int:
    assert node.buffer.flush(), node.buffer.fault
    while entries := node.outbox(limit=FETCH):
        given[many:many + len(entries)] = [entry.decision.time for entry in entries]
        many += len(entries)
        node.acknowledge_outbox(entries[-1].sequence)
    return many


def _centre(folder: Path, days: int) -> Outcome:
    sizes = list[Size]()
    with open_historian(folder) as historian:
        for day in range(days):
            _recorded(historian, day)
            historian.compact()
            sizes.append(size(folder))
        times = [historian.read([path], 0, 2**62)[path].time for path in LINE]
    rows = days * A_DAY
    lost = sum(rows - len(np.unique(time)) for time in times)
    doubled = sum(len(time) - len(np.unique(time)) for time in times)
    a_day_mb = BYTES_A_ROW * A_DAY * len(LINE) / 2**20
    bounds = Bounds(later=Size(60.0, HANDLES, a_day_mb * 2 * days / 3), ever=Size(350.0, HANDLES, a_day_mb * days))
    return Outcome(days, lost, doubled, tuple(grown(sizes, bounds)))


def _recorded(historian: EmbeddedHistorian, day: int) -> None:
    chance = np.random.default_rng(day)
    for first in range(day * A_DAY, (day + 1) * A_DAY, AN_APPEND):
        moments = START + np.repeat(np.arange(first, first + AN_APPEND), len(LINE)) * PERIOD_NS
        place = np.tile(np.arange(len(LINE), dtype=np.int32), AN_APPEND)
        historian.append(Samples(LINE, place, moments, chance.normal(50.0, 1.0, len(moments)).round(2),
                                 np.zeros(len(moments), np.uint32)))
