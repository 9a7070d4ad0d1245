"""Cost of a decision when one process watches many assets: the batch axis beside one call each.

    python bench/assets.py --json

A monitor of 52 tags trained with the default settings on synthetic history of six
slow causes, run by ONNX Runtime with bound buffers on one thread. Each figure is the median over blocks of ticks.
``batch_gain_100`` compares with one call for one asset on a warm engine; 100 engines of their own, shown beside, are
slower than that, since their weights don't fit into the processor's cache together.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from harness import Result, arguments, finish, progress
from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.step import Engine
from lineshaft.core.tag import Tag
from lineshaft.graph.check import signature
from lineshaft.model.train import Monitor, train_monitor

TAGS, HISTORY = 52, 2000
ASSETS = (1, 10, 100, 1000)
BLOCKS = 15


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--learner", default="auto", help="one learner instead of the choice")
    chosen = parser.parse_args()
    monitor = trained(chosen.learner)
    progress(f"{monitor.learner}: {monitor.why}")
    batched, apart = {}, {}
    for assets in ASSETS:
        batched[assets] = median_us(batch(monitor, assets), assets)
        if assets <= 100:
            apart[assets] = median_us(one_each(monitor, assets), assets)
        beside = f", {apart[assets]:.1f} by an engine and a call each" if assets in apart else ""
        progress(f"{assets} assets: {batched[assets]:.1f} us each by batch{beside}")
    figures = {f"us_per_asset_{n}": us for n, us in batched.items()} | {
        "batch_gain_100": batched[1] / batched[100], "learner": monitor.learner}
    peers = {f"one_call_each_{n}": {"us_per_asset": us} for n, us in apart.items()}
    finish(Result("assets", f"default monitor of {TAGS} tags, one process, one thread; median of {BLOCKS} blocks, "
                  "wall time of filling inputs and stepping", figures, {"batch_gain_100": "> 1"}, peers),
           as_json=chosen.json)
    return 0


def trained(learner: str) -> Monitor:
    """A monitor of slow, related tags."""
    random = np.random.default_rng(0)
    causes = random.normal(size=(HISTORY, 6))
    for row in range(1, HISTORY):
        causes[row] = 0.8 * causes[row - 1] + 0.6 * causes[row]
    values = causes @ random.normal(size=(6, TAGS)) + random.normal(size=(HISTORY, TAGS))
    dataset = Dataset.of(values, tuple(Tag(f"t{i:02d}") for i in range(TAGS)))
    return train_monitor(dataset, np.ones(HISTORY, np.bool_), execute, learner=learner)


def loaded(monitor: Monitor, assets: int) -> Engine:
    pc = target("pc")
    runtime = backend("onnxruntime")
    return runtime.load(runtime.compile(monitor.graph, pc), signature(monitor.graph), pc, assets=assets)


def batch(monitor: Monitor, assets: int) -> Callable[[], None]:
    """One tick of all assets in one call."""
    engine = loaded(monitor, assets)
    rows = np.random.default_rng(1).normal(size=(assets, TAGS)).astype(np.float32)

    def tick() -> None:
        engine.x[...] = rows
        engine.step()
    return tick


def one_each(monitor: Monitor, assets: int) -> Callable[[], None]:
    """One tick of all assets, an engine and a call each."""
    engines = [loaded(monitor, 1) for _ in range(assets)]
    rows = np.random.default_rng(1).normal(size=(assets, TAGS)).astype(np.float32)

    def tick() -> None:
        for engine, row in zip(engines, rows, strict=True):
            engine.x[0] = row
            engine.step()
    return tick


def median_us(tick: Callable[[], None], assets: int) -> float:
    """Microseconds an asset and tick: the median over blocks of about 2,000 asset-ticks."""
    ticks = max(2000 // assets, 5)
    found = []
    for _ in range(BLOCKS + 1):
        before = time.perf_counter_ns()
        for _ in range(ticks):
            tick()
        found.append((time.perf_counter_ns() - before) / 1e3 / ticks / assets)
    return float(np.median(found[1:]))  # the first block warms up


if __name__ == "__main__":
    sys.exit(main())
