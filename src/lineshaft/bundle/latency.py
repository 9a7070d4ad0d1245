"""How long a step takes on this machine, judged by what the machine can be blamed for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.core.clock import format_duration
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Engine

Latency = tuple[int, int, int, int]

_REPORT_EVERY = 256
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """How many steps are timed after how many that aren't, and how long one may take."""

    ticks: int
    warm_up: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Clocks:
    """Nanoseconds of time, and of this thread's work."""

    wall: Callable[[], int]
    processor: Callable[[], int]


@dataclass(frozen=True, slots=True)
class _Measured:
    """``wall`` percentiles 50, 99, 99.9, 100 in ns; ``cost`` is the p99.9 that is judged."""

    wall: Latency
    cost: int


WALL = Clocks(time.perf_counter_ns, time.thread_time_ns)


def measure(engine: Engine, golden: Sequence[Golden], deadline_ns: int, *, ticks: int = 500,
            where: str = "") -> Latency:
    """Wall time of a step on this machine now (p50, p99, p99.9, max in ns); ``Refused`` where it breaks the deadline.

    The same judgement as ``certify``'s, in a shorter run: what a node does before it trusts somebody else's figures.
    The engine is left reset.
    """
    found = kept(engine, golden, Plan(ticks, ticks // 10, deadline_ns), WALL, silent, where)
    engine.reset()
    return found


def kept(engine: Engine, golden: Sequence[Golden], plan: Plan, times: Clocks, progress: Progress,
         where: str) -> Latency:
    """Latencies of the best of three runs, if that keeps the deadline."""
    measured = _best(engine, golden, plan, times, progress)
    if measured.cost > plan.deadline:
        median = format_duration(measured.wall[0])
        raise Refused(f"p99.9 of a step is {format_duration(measured.cost)} (median {median}), longer than "
                      f"the deadline of {format_duration(plan.deadline)}", where=where,
                      do="choose a smaller learner, a faster target or a longer deadline")
    return measured.wall


def _best(engine: Engine, golden: Sequence[Golden], plan: Plan, clocks: Clocks, progress: Progress) -> _Measured:
    best = _measure(engine, golden, plan, clocks, progress)
    for _ in range(_ATTEMPTS - 1):
        if best.cost <= plan.deadline:
            break
        best = min(best, _measure(engine, golden, plan, clocks, progress), key=lambda found: found.cost)
    return best


def _measure(engine: Engine, golden: Sequence[Golden], plan: Plan, clocks: Clocks,
             progress: Progress) -> _Measured:
    ticks, warm_up = plan.ticks, plan.warm_up
    x = np.concatenate([sequence.x for sequence in golden])
    quality = np.concatenate([sequence.quality for sequence in golden])
    wall, own = np.empty(ticks, np.int64), np.empty(ticks, np.int64)
    monotonic, processor, step = clocks.wall, clocks.processor, engine.step
    for tick in range(-warm_up, ticks):
        row = tick % len(x)
        engine.x[...], engine.quality[...] = x[row], quality[row]
        begun, start = processor(), monotonic()
        step()
        end, done = monotonic(), processor()
        if tick >= 0:
            wall[tick], own[tick] = end - start, done - begun
        if tick % _REPORT_EVERY == 0:
            progress(max(tick, 0), ticks, "measuring steps")
    progress(ticks, ticks, "measuring steps")
    p50, p99, p999, most = np.percentile(wall, (50, 99, 99.9, 100)).round().astype(int).tolist()
    return _Measured((p50, p99, p999, most), min(p999, round(float(np.percentile(own, 99.9)))))
