"""The node's loop on a 64 x 52 window monitor, beside a bare ONNX Runtime call, an empty loop and scikit-learn.

One process, one thread that decides, batch 1. Blocks of the bare call, the loop and the empty loop take turns, so
the machine's noise hits all three; every single call is timed by wall clock and by the thread's CPU clock. The
loop is the node's own: feed is timed apart, the tick is align, step, guard, record and the disk buffer.

    python bench/loop.py --ticks 1000000 --json
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import Result, arguments, finish, progress
from loop_monitor import PERIOD, TAGS, WINDOW, Fitted, fitted, graph, loaded
from numpy.typing import NDArray

from lineshaft.core.clock import SystemClock
from lineshaft.core.sample import Samples
from lineshaft.node.agent import quiet_process
from lineshaft.node.buffer import BufferLimits, DiskBuffer
from lineshaft.node.loop import Loop
from lineshaft.node.swap import exchange, prepare

BLOCK = 2_000
Times = NDArray[np.int64]


@dataclass
class Timed:
    """Wall and CPU nanoseconds of single calls, block after block."""

    wall: list[Times]
    cpu: list[Times]

    @classmethod
    def nothing(cls) -> Timed:
        return cls([], [])

    def block(self, call: Callable[[int], object], first: int, count: int = BLOCK) -> None:
        wall, cpu = np.empty(count, np.int64), np.empty(count, np.int64)
        now, spent = time.perf_counter_ns, time.thread_time_ns
        for i in range(count):
            cpu_before = spent()
            before = now()
            call(first + i)
            wall[i] = now() - before
            cpu[i] = spent() - cpu_before
        self.wall.append(wall)
        self.cpu.append(cpu)

    def us(self, share: float, *, cpu: bool = False) -> float:
        """A quantile in microseconds."""
        return float(np.quantile(np.concatenate(self.cpu if cpu else self.wall), share)) / 1e3


class Plant:
    """Rows of the fitted process, one at a time, in one ``Samples`` whose columns are overwritten."""

    def __init__(self, model: Fitted, tags: tuple[str, ...]) -> None:
        self._rows = model.rows
        self.samples = Samples.row(tags, 0, model.rows[0])

    def at(self, tick: int) -> Samples:
        self.samples.time.fill(tick * PERIOD)
        self.samples.value[:] = self._rows[tick % len(self._rows)]
        return self.samples


def measure(loop: Loop, step: Callable[[], None], plant: Plant, ticks: int) -> dict[str, Timed]:
    """Interleaved blocks of every contender; ``tick`` runs on as the node would."""
    seen = {name: Timed.nothing() for name in ("bare", "tick", "feed", "empty")}

    def bare(_: int) -> None:
        step()

    def empty(_: int) -> None:
        return

    def feed(tick: int) -> None:
        loop.table.feed(plant.samples, horizon=tick * PERIOD, now=tick * PERIOD)

    def one(tick: int) -> None:
        loop.tick(tick * PERIOD)

    for first in range(1, ticks + 1, BLOCK):
        seen["bare"].block(bare, 0)
        seen["empty"].block(empty, 0)
        _feed_and_tick(seen["feed"], seen["tick"], feed, one, plant, first)
        if first // BLOCK % 50 == 0:
            progress(f"{first - 1} of {ticks} ticks")
    return seen


def _feed_and_tick(fed: Timed, ticked: Timed, feed: Callable[[int], None], tick: Callable[[int], None],
                   plant: Plant, first: int) -> None:
    columns = [np.empty(BLOCK, np.int64) for _ in range(4)]
    now, spent = time.perf_counter_ns, time.thread_time_ns
    for i in range(BLOCK):
        plant.at(first + i)
        c0 = spent()
        t0 = now()
        feed(first + i)
        t1 = now()
        c1 = spent()
        c2 = spent()
        t2 = now()
        tick(first + i)
        t3 = now()
        c3 = spent()
        columns[0][i], columns[1][i], columns[2][i], columns[3][i] = t1 - t0, c1 - c0, t3 - t2, c3 - c2
    fed.wall.append(columns[0])
    fed.cpu.append(columns[1])
    ticked.wall.append(columns[2])
    ticked.cpu.append(columns[3])
