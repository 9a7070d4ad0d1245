"""Certify: what an engine really does on this machine, beside what was promised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lineshaft.bundle.machine import describe
from lineshaft.bundle.memory import fresh_process_memory
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.clock import Clock, SystemClock, format_duration
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget, Certificate, Tolerance
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Engine
from lineshaft.core.target import Target

Latency = tuple[int, int, int, int]

_REPORT_EVERY = 256
_ATTEMPTS = 3


def certify(engine_factory: Callable[[], Engine], golden: Sequence[Golden], target: Target, *, backend: str,
            graph: str, budget: Budget, tolerance: Tolerance | None = None, ticks: int = 2_000,
            warm_up: int = 200, clock: Clock | None = None, progress: Progress = silent,
            memory_of: Callable[[Callable[[], Engine]], int] = fresh_process_memory) -> Certificate:
    """Measure a fresh engine, or ``Refused`` with the figures that broke the promise.

    ``golden.outputs`` are the independent reference's; ``graph`` is the digest of the graph that the engine was
    compiled from. Latency is the wall time of ``step`` alone, over ``ticks`` ticks of the golden inputs after
    ``warm_up`` ones. Its p99.9 must keep the stricter of target's and budget's deadline; if it does not, the
    measurement is repeated twice and the best one counts, since other work on the machine can only add time.
    The maximum is recorded and not judged. Memory is ``fresh_process_memory`` unless told otherwise.
    """
    clock, where = clock or SystemClock(), f"{backend} on {target.name}"
    engine = engine_factory()
    found = replay_golden(engine, golden, tolerance or Tolerance(), where=where)
    deadline = min(target.deadline_ns, budget.deadline_ns)
    latency = _best(engine, golden, ticks, warm_up, deadline, clock, progress)
    if latency[2] > deadline:
        raise Refused(f"p99.9 of a step is {format_duration(latency[2])} (median {format_duration(latency[0])}), "
                      f"longer than the deadline of {format_duration(deadline)}", where=where,
                      do="choose a smaller learner, a faster target or a longer deadline")
    memory, allowed = memory_of(engine_factory), min(target.memory_bytes, budget.memory_bytes)
    if memory > allowed:
        raise Refused(f"the engine holds {memory / 2**20:.1f} MiB, more than the {allowed / 2**20:.1f} MiB "
                      "allowed", where=where, do="choose a smaller learner or a larger budget")
    return Certificate(backend=backend, target=target.name, machine=describe(), parity=found.parity,
                       flips=found.flips, ticks=ticks, latency_ns=latency, memory_bytes=memory,
                       created=clock.now(), graph=graph)


def _best(engine: Engine, golden: Sequence[Golden], ticks: int, warm_up: int, deadline: int, clock: Clock,
          progress: Progress) -> Latency:
    best = _measure(engine, golden, ticks, warm_up, clock, progress)
    for _ in range(_ATTEMPTS - 1):
        if best[2] <= deadline:
            break
        best = min(best, _measure(engine, golden, ticks, warm_up, clock, progress), key=lambda found: found[2])
    return best


def _measure(engine: Engine, golden: Sequence[Golden], ticks: int, warm_up: int, clock: Clock,
             progress: Progress) -> Latency:
    """Percentiles 50, 99, 99.9, 100 of the nanoseconds of a step."""
    x = np.concatenate([sequence.x for sequence in golden])
    quality = np.concatenate([sequence.quality for sequence in golden])
    taken = np.empty(ticks, np.int64)
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
    progress(ticks, ticks, "measuring steps")
    p50, p99, p999, most = np.percentile(taken, (50, 99, 99.9, 100)).round().astype(int).tolist()
    return p50, p99, p999, most
