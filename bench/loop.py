"""The node's loop on a 64 x 52 window monitor, beside a bare ONNX Runtime call, an empty loop and scikit-learn.

One process, one deciding thread, batch 1. Blocks of the bare call, the loop and the empty loop take turns, so the
machine's noise hits all of them; every call is timed by the wall clock and by the thread's CPU clock. The tick is
the node's own: align, step, guard, record, disk buffer. Taking the samples in (``feed``) is timed apart. Ratios are
of median CPU times less what the clocks themselves cost (the empty loop).

    python bench/loop.py --ticks 1000000 --json
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, finish, progress
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.clock import SystemClock
from lineshaft.core.sample import Samples
from lineshaft.core.step import StepSignature
from lineshaft.node.agent import quiet_process
from lineshaft.node.buffer import DiskBuffer
from lineshaft.node.loop import Loop
from lineshaft.node.seat import Loaded
from lineshaft.node.swap import exchange, prepare
from loop_monitor import PERIOD, WINDOW, Fitted, SklearnMonitor, fitted, graph, loaded, replay

BLOCK = 1_000
SETTLED = 10_000
SWAPS = 5
Times = NDArray[np.int64]
Call = Callable[[int], object]


@dataclass
class Timed:
    """Wall and CPU nanoseconds of single calls, block after block."""

    wall: list[Times] = field(default_factory=list)
    cpu: list[Times] = field(default_factory=list)

    def start(self) -> None:
        self.wall.append(np.empty(BLOCK, np.int64))
        self.cpu.append(np.empty(BLOCK, np.int64))

    def once(self, place: int, call: Call, number: int) -> None:
        cpu = time.thread_time_ns()
        wall = time.perf_counter_ns()
        call(number)
        self.wall[-1][place] = time.perf_counter_ns() - wall
        self.cpu[-1][place] = time.thread_time_ns() - cpu

    def block(self, call: Call) -> None:
        for place in range(BLOCK):
            self.once(place, call, 0)

    def us(self, share: float, *, cpu: bool = False) -> float:
        """A quantile in microseconds."""
        return float(np.quantile(np.concatenate(self.cpu if cpu else self.wall), share)) / 1e3


class Plant:
    """Rows of the fitted process, one at a time, in one ``Samples`` whose columns are overwritten."""

    def __init__(self, model: Fitted, tags: tuple[str, ...]) -> None:
        self._rows = model.rows
        self.samples = Samples.row(tags, 0, model.rows[0].copy())

    def show(self, tick: int) -> None:
        self.samples.time.fill(tick * PERIOD)
        self.samples.value[:] = self._rows[tick % len(self._rows)]


def measure(loop: Loop, step: Callable[[], None], plant: Plant, ticks: int) -> dict[str, Timed]:
    """Blocks of every contender in turn."""
    seen = {name: Timed() for name in ("bare", "empty", "feed", "tick")}

    def bare(_: int) -> None:
        step()

    def empty(_: int) -> None:
        return

    def feed(tick: int) -> None:
        loop.table.feed(plant.samples, horizon=tick * PERIOD, now=tick * PERIOD)

    def tick(number: int) -> None:
        loop.tick(number * PERIOD)

    for first in range(1, ticks + 1, BLOCK):
        for timed in seen.values():
            timed.start()
        seen["bare"].block(bare)
        seen["empty"].block(empty)
        for i in range(BLOCK):
            plant.show(first + i)
            seen["feed"].once(i, feed, first + i)
            seen["tick"].once(i, tick, first + i)
        if first // BLOCK % 100 == 0:
            progress(f"{first - 1:,} of {ticks:,} ticks")
    return seen


def check_same(model: Fitted, artifact: bytes, signature: StepSignature) -> None:
    """Both pipelines must say the same, or the comparison is of two different things."""
    monitor = SklearnMonitor(model)
    theirs = [monitor.decide(row)[0] for row in model.rows[:300]]
    ours = replay(BoundEngine(artifact, signature), model.rows[:300].astype(np.float32))
    if not np.allclose(ours, theirs, rtol=1e-3):
        sys.exit("the graph and the scikit-learn pipeline differ: no ratio can be given")


def sklearn_us(model: Fitted, count: int) -> float:
    """CPU microseconds of a decision by scikit-learn, one sample at a time (median)."""
    monitor, spent = SklearnMonitor(model), np.empty(count)
    for i in range(count):
        before = time.thread_time_ns()
        monitor.decide(model.rows[i % len(model.rows)])
        spent[i] = time.thread_time_ns() - before
    return float(np.median(spent)) / 1e3


class SwapUnderLoad:
    """Swaps while the loop ticks flat out: ticks before each order, and from the order until it took over."""

    def __init__(self, loop: Loop, plant: Plant, first: int) -> None:
        self._loop, self._plant, self._tick = loop, plant, first
        self.before: list[int] = []
        self.during: list[int] = []

    def run(self, load: Callable[[int], Loaded], swaps: int) -> None:
        for version in range(2, swaps + 2):
            done = threading.Event()
            thread = threading.Thread(target=self._swap, args=(partial(load, version), done))
            self._go(self.before, partial(self._reached, len(self.before) + SETTLED))
            thread.start()
            self._go(self.during, done.is_set)
            thread.join()

    def _reached(self, count: int) -> bool:
        return len(self.before) >= count

    def _swap(self, load: Callable[[], Loaded], done: threading.Event) -> None:
        try:
            exchange(self._loop, prepare(self._loop, load))
        finally:
            done.set()

    def _go(self, times: list[int], enough: Callable[[], bool]) -> None:
        while not enough():
            self._tick += 1
            self._plant.show(self._tick)
            self._loop.table.feed(self._plant.samples, horizon=self._tick * PERIOD, now=self._tick * PERIOD)
            started = time.perf_counter_ns()
            self._loop.tick(self._tick * PERIOD)
            times.append(time.perf_counter_ns() - started)


def memory(tags: int, ticks: int, folder: Path) -> dict[str, float]:
    """Resident memory of an edge process (no onnx, no scikit-learn) with that many tags, at start and at the end."""
    artifact, signature = graph(fitted(tags))
    (folder / "step.onnx").write_bytes(artifact)
    (folder / "signature.json").write_text(json.dumps(asdict(signature)))
    child = Path(__file__).with_name("loop_memory.py")
    answer = subprocess.run([sys.executable, str(child), str(folder), str(ticks)], check=True, capture_output=True,
                            text=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--ticks", type=int, default=1_000_000)
    chosen = parser.parse_args()
    model = fitted()
    artifact, signature = graph(model)
    check_same(model, artifact, signature)
    slow = sklearn_us(model, min(2_000, chosen.ticks))
    with tempfile.TemporaryDirectory() as name:
        buffer = DiskBuffer(Path(name), loop="bench")
        loop = Loop(loaded(artifact, signature), clock=SystemClock(), emit=buffer.put)
        plant = Plant(model, loop.table.tags)
        quiet_process()
        progress("bare call, loop and empty loop in turn")
        seen = measure(loop, BoundEngine(artifact, signature).step, plant, chosen.ticks)
        progress("swaps under load")
        swap = SwapUnderLoad(loop, plant, chosen.ticks + BLOCK)
        swap.run(lambda version: loaded(artifact, signature, version), SWAPS)
        dropped = buffer.dropped
        buffer.close()
        progress("memory with 1,000 tags")
        used = memory(1_000, min(100_000, chosen.ticks), Path(name))
    finish(_result(seen, slow, swap, used, chosen.ticks, dropped), as_json=chosen.json)


def _result(seen: dict[str, Timed], slow: float, swap: SwapUnderLoad, used: dict[str, float], ticks: int,
            dropped: int) -> Result:
    tick, empty = seen["tick"], seen["empty"]
    clocks = empty.us(0.5, cpu=True)
    net = {name: timed.us(0.5, cpu=True) - clocks for name, timed in seen.items()}
    figures = {
        "step_ratio": net["tick"] / net["bare"], "sklearn_ratio": slow / net["tick"],
        "p50_us": tick.us(0.5), "p99_us": tick.us(0.99), "p999_us": tick.us(0.999), "max_us": tick.us(1.0),
        "empty_p999_us": empty.us(0.999), "empty_max_us": empty.us(1.0),
        "swap_p99_ratio": float(np.quantile(swap.during, 0.99) / np.quantile(swap.before, 0.99)),
        "swap_p50_ratio": float(np.median(swap.during) / np.median(swap.before)),
        "swap_max_us": max(swap.during) / 1e3, "before_swap_max_us": max(swap.before) / 1e3,
        "rss_mb": used["end_mb"], "rss_growth_mb": used["end_mb"] - used["start_mb"],
        "step_ratio_with_feed": (net["tick"] + net["feed"]) / net["bare"],
        "cpu_p50_us": net["tick"], "cpu_p99_us": tick.us(0.99, cpu=True), "cpu_p999_us": tick.us(0.999, cpu=True),
        "dropped": dropped,
    }
    bare = seen["bare"]
    peers = {"bare p50/p99/p99.9/max us": [round(bare.us(q), 2) for q in (0.5, 0.99, 0.999, 1.0)],
             "bare cpu p50 us": net["bare"], "feed cpu p50 us": net["feed"], "scikit-learn cpu p50 us": slow}
    aims = {"step_ratio": "<= 1.3", "sklearn_ratio": ">= 20", "swap_p99_ratio": "<= 1.2", "rss_mb": "<= 150"}
    return Result("loop", f"{WINDOW} x 52 PCA monitor, batch 1, {ticks:,} ticks flat out, blocks of {BLOCK:,} in "
                          f"turn, {SWAPS} swaps; memory in a process of its own with 1,000 tags", figures, aims, peers)


if __name__ == "__main__":
    main()
