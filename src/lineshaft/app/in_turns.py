"""Engines timed in turns, so that the machine's noise hits all of them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.golden import Golden
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Engine

BLOCK = 200


def in_turns(engines: Sequence[Engine], golden: Sequence[Golden], blocks: int, progress: Progress = silent, *,
             block_steps: int = BLOCK) -> list[tuple[int, int]]:
    """p50 and p99 of a step of each engine in ns: medians over blocks in which the engines take turns."""
    x = np.concatenate([one.x for one in golden])
    quality = np.concatenate([one.quality for one in golden])
    seen: list[list[tuple[float, float]]] = [[] for _ in engines]
    for block in range(-1, blocks):
        for engine, times in zip(engines, seen, strict=True):
            spent = _block(engine, x, quality, block_steps)
            if block >= 0:  # the first warms up
                times.append((float(np.median(spent)), float(np.quantile(spent, 0.99))))
        progress(block + 1, blocks, "timing in turns")
    return [(round(float(np.median([p50 for p50, _ in times]))), round(float(np.median([p99 for _, p99 in times]))))
            for times in seen]


def _block(engine: Engine, x: NDArray[np.float32], quality: NDArray[np.float32], steps: int) -> NDArray[np.int64]:
    spent, step, clock = np.empty(steps, np.int64), engine.step, time.perf_counter_ns
    for i in range(steps):
        engine.x[...], engine.quality[...] = x[i % len(x)], quality[i % len(x)]
        begun = clock()
        step()
        spent[i] = clock() - begun
    return spent
