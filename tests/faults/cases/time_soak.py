"""Weeks of a plant in a minute, by a clock that is turned by hand: nothing may grow. Each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from tests.faults.case import Injection, Outcome, case
from tests.faults.plant import DIGEST, LOOP, NODE, SIGNATURE, TAGS, graph

from lineshaft.app.arenas import few_arenas
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.sample import Samples
from lineshaft.historian.store import open_historian
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.seat import Loaded

PERIOD_NS = 10 * SECOND
A_DAY = 86_400 * SECOND // PERIOD_NS
START = 1_700_000_000 * SECOND // PERIOD_NS * PERIOD_NS
FETCH = 500
NODE_MB, CENTRE_MB, HANDLES, DISK_MB, SLOWER = 16.0, 250.0, 8, 8.0, 2.0
"""What a month may add after its first day: memory of a node and of a centre (which merges ever larger files), open
files, megabytes in the node's folder; and how much slower a median tick may be."""
BYTES_A_ROW = 16.0


@dataclass(frozen=True, slots=True)
class Size:
    """A process and its folder at the end of a day."""

    rss_mb: float
    handles: int
    disk_mb: float
    tick_ns: float = 0.0


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
    """30 plant days of six tags into the real historian, merged daily: memory, handles and bytes a row are bounded,
    every sample is there once."""
    return _in_a_process(_centre, at.folder, 30)


def _in_a_process(work: Callable[[Path, int], Outcome], folder: Path, days: int) -> Outcome:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(work, folder, days).result()


def _node(folder: Path, days: int) -> Outcome:
    clock = ManualClock(START)
    manifest = Manifest(LOOP, "monitor", 1, TAGS, PERIOD_NS, 5 * PERIOD_NS, SIGNATURE, Budget(PERIOD_NS, 10**8),
                        Limits({}), Lineage("", "", "", 0, "soak", "the fault matrix"))
    node = Node(Loaded(BoundEngine(graph(), SIGNATURE), manifest, DIGEST, lambda _: None), folder / "node", name=NODE,
                asset="works/cell", clock=clock, settings=NodeSettings(control_port=None))
    node.start()
    try:
        given, sizes = list[int](), list[Size]()
        for day in range(days):
            _a_day(node, clock, day, given)
            ticks = median(record[4] for record in node.loop.recent)
            sizes.append(_size(folder / "node", float(ticks)))
    finally:
        node.close()
    every = np.diff(np.array(given)) == PERIOD_NS
    lost, doubled = node.loop.ticks - len(set(given)), len(given) - len(set(given))
    return Outcome(days, lost, doubled, (*_grown(sizes, NODE_MB), *([] if every.all() else ["not in order"])))


def _a_day(node: Node, clock: ManualClock, day: int, given: list[int]) -> None:
    paths, chance = [tag.path for tag in TAGS], np.random.default_rng(day)
    for tick in range(1, A_DAY + 1):
        clock.advance(PERIOD_NS)
        node.feed(Samples.row(paths, clock.now(), chance.normal(50.0, 1.0, len(paths))))
        node.poll()
        if tick % FETCH == 0 or tick == A_DAY:
            assert node.buffer.flush(), node.buffer.fault
            while entries := node.outbox(limit=FETCH):
                given += [entry.decision.time for entry in entries]
                node.acknowledge_outbox(entries[-1].sequence)


def _centre(folder: Path, days: int) -> Outcome:
    few_arenas()
    paths, sizes, per_append = tuple(tag.path for tag in TAGS), list[Size](), 360
    with open_historian(folder) as historian:
        historian.register(TAGS)
        for day in range(days):
            chance = np.random.default_rng(day)
            for first in range(day * A_DAY, (day + 1) * A_DAY, per_append):
                time = START + np.repeat(np.arange(first, first + per_append), len(paths)) * PERIOD_NS
                place = np.tile(np.arange(len(paths), dtype=np.int32), per_append)
                historian.append(Samples(paths, place, time, chance.normal(50.0, 1.0, len(time)).round(2),
                                         np.zeros(len(time), np.uint32)))
            historian.compact()
            sizes.append(_size(folder))
        times = [series.time for series in historian.read(list(paths), 0, 2**62).values()]
    rows = days * A_DAY
    lost = sum(rows - len(np.unique(time)) for time in times)
    doubled = sum(len(time) - len(np.unique(time)) for time in times)
    lies = _grown(sizes, CENTRE_MB, disk_mb=BYTES_A_ROW * rows * len(paths) / 2**20)
    return Outcome(days, lost, doubled, tuple(lies))


def _size(folder: Path, tick_ns: float = 0.0) -> Size:
    process = psutil.Process()
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Size(process.memory_info().rss / 2**20, process.num_fds(), disk / 2**20, tick_ns)


def _grown(sizes: list[Size], rss_mb: float, disk_mb: float = DISK_MB) -> list[str]:
    """What is more at the end than after the first day, when every cache is filled."""
    first, last = sizes[0], sizes[-1]
    grown = [(last.rss_mb - first.rss_mb, rss_mb, "MB of memory"), (last.handles - first.handles, HANDLES, "handles"),
             (last.disk_mb - first.disk_mb, disk_mb, "MB on disk"),
             (last.tick_ns - SLOWER * first.tick_ns, 0.0, "ns a tick than twice the first day's")]
    return [f"{more:.1f} {what} more after {len(sizes)} days" for more, most, what in grown if more > most]
