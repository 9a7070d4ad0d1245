"""Certify: what an engine really does on this machine, beside what was promised."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence

import numpy as np

from lineshaft.bundle.machine import describe, resident_bytes
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.clock import Clock, SystemClock, format_duration
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget, Certificate, Tolerance
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Engine
from lineshaft.core.target import Target

_REPORT_EVERY = 256


def certify(engine_factory: Callable[[], Engine], golden: Sequence[Golden], target: Target, *, backend: str,
            graph: str, budget: Budget, tolerance: Tolerance | None = None, ticks: int = 2_000,
            warm_up: int = 200, clock: Clock | None = None, progress: Progress = silent) -> Certificate:
    """Measure a fresh engine, or ``Refused`` with the figures that broke the promise.

    ``golden.outputs`` are the independent reference's; ``graph`` is the digest of the graph that the engine was
    compiled from. Latency is the wall time of ``step`` alone over at least ``ticks`` ticks of the golden inputs
    after ``warm_up`` ones; its p99.9 must keep the stricter of target's and budget's deadline (the maximum is
    recorded, but a shared machine's scheduler makes it). Memory is the growth of this process's resident
    memory from before the engine is made to its largest while stepping, at least the engine's own buffers:
    libraries that the process had loaded before are not counted again.
    """
    clock, where = clock or SystemClock(), f"{backend} on {target.name}"
    gc.collect()
    before = resident_bytes()
    engine = engine_factory()
    found = replay_golden(engine, golden, tolerance or Tolerance(), where=where)
    latency, peak = _measure(engine, golden, ticks, warm_up, clock, progress)
    memory = max(peak - before, _buffers(engine))
    _require_budget(latency, memory, target, budget, where)
    return Certificate(backend=backend, target=target.name, machine=describe(), parity=found.parity,
                       flips=found.flips, ticks=ticks, latency_ns=latency, memory_bytes=memory,
                       created=clock.now(), graph=graph)


def _measure(engine: Engine, golden: Sequence[Golden], ticks: int, warm_up: int, clock: Clock,
             progress: Progress) -> tuple[tuple[int, int, int, int], int]:
    """Percentiles 50, 99, 99.9, 100 of a step, and the most resident memory seen."""
    x = np.concatenate([sequence.x for sequence in golden])
    quality = np.concatenate([sequence.quality for sequence in golden])
    taken, peak = np.empty(ticks, np.int64), 0
    monotonic, step = clock.monotonic, engine.step
    for tick in range(-warm_up, ticks):
        row = tick % len(x)
        engine.x[...], engine.quality[...] = x[row], quality[row]
        start = monotonic()
        step()
        end = monotonic()
        if tick >= 0:
            taken[tick] = end - start
        if tick % _REPORT_EVERY == 0:
            progress(max(tick, 0), ticks, "measuring steps")
            peak = max(peak, resident_bytes())
    progress(ticks, ticks, "measuring steps")
    p50, p99, p999, most = np.percentile(taken, (50, 99, 99.9, 100)).round().astype(int).tolist()
    return (p50, p99, p999, most), max(peak, resident_bytes())


def _buffers(engine: Engine) -> int:
    arrays = [engine.x, engine.quality, *engine.out.values(), *engine.state().values()]
    return sum(array.nbytes for array in arrays)


def _require_budget(latency: tuple[int, int, int, int], memory: int, target: Target, budget: Budget,
                    where: str) -> None:
    deadline = min(target.deadline_ns, budget.deadline_ns)
    if latency[2] > deadline:
        raise Refused(f"p99.9 of a step is {format_duration(latency[2])} (median {format_duration(latency[0])}"
                      f"), longer than the deadline of {format_duration(deadline)}",
                      where=where, do="choose a smaller learner, a faster target or a longer deadline")
    allowed = min(target.memory_bytes, budget.memory_bytes)
    if memory > allowed:
        raise Refused(f"the engine holds {memory / 2**20:.1f} MiB, more than the {allowed / 2**20:.1f} MiB "
                      "allowed",
                      where=where, do="choose a smaller learner or a larger budget")
