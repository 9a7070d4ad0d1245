"""Certify: what an engine really does on this machine, beside what was promised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineshaft.bundle.latency import WALL, Clocks, Plan, kept
from lineshaft.bundle.machine import describe
from lineshaft.bundle.memory import fresh_process_memory
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.clock import Clock, SystemClock
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Budget, Certificate, Tolerance
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Engine, Facts
from lineshaft.core.target import Target


def certify(engine_factory: Callable[[], Engine], golden: Sequence[Golden], target: Target, *, backend: str,
            graph: str, budget: Budget, tolerance: Tolerance | None = None, facts: Facts | None = None,
            artifact_bytes: int = 0, ticks: int = 2_000, warm_up: int = 200, clock: Clock | None = None,
            progress: Progress = silent,
            memory_of: Callable[[Callable[[], Engine]], int] = fresh_process_memory) -> Certificate:
    """Measure a fresh engine, or ``Refused`` with the figures that broke the promise.

    ``golden.outputs`` are the independent reference's; ``graph`` is the digest of the graph that the engine was
    compiled from. ``tolerance`` is the target's declared bound unless told otherwise. Where ``facts`` say that the
    engine is emulated here, no time and no memory of this machine is judged: the compiler's own count of RAM and
    flash is, and the ticks are those of the golden sequences.

    Latency is the wall time of ``step`` alone, over ``ticks`` ticks of the golden inputs after
    ``warm_up`` ones. The p99.9 of what a step costs must keep the stricter of target's and budget's deadline; it is
    the thread's processor time where that is less than the wall time, since the rest is other work on this machine,
    which the node's own deadline watches for. If it does not, the measurement is repeated twice and the best one
    counts. Wall times are recorded; the maximum is not judged. A ``clock`` that is given turns both times. Memory
    is ``fresh_process_memory`` unless told otherwise.
    """
    facts, bound = facts or Facts(""), tolerance or Tolerance(target.parity, target.flips)
    where = f"{backend} on {target.name}"
    engine = engine_factory()
    found = replay_golden(engine, golden, bound, where=where)
    allowed = min(target.memory_bytes, budget.memory_bytes)
    _require_room(facts, target, allowed, where)
    if facts.emulator:
        latency, memory, ticks = (0, 0, 0, 0), 0, found.ticks
    else:
        times = Clocks(clock.monotonic, clock.monotonic) if clock else WALL
        latency = kept(engine, golden, Plan(ticks, warm_up, min(target.deadline_ns, budget.deadline_ns)), times,
                       progress, where)
        memory = memory_of(engine_factory)
        if memory > allowed:
            raise Refused(f"the engine holds {memory / 2**20:.1f} MiB, more than the {allowed / 2**20:.1f} MiB "
                          "allowed", where=where, do="choose a smaller learner or a larger budget")
    return Certificate(backend=backend, target=target.name, machine=describe(), parity=found.parity,
                       flips=found.flips, ticks=ticks, latency_ns=latency, memory_bytes=memory,
                       created=(clock or SystemClock()).now(), graph=graph, precision=target.precision,
                       absolute=found.absolute, relative=found.relative, bound=bound, artifact_bytes=artifact_bytes,
                       compiler=facts.compiler, emulator=facts.emulator, flash_bytes=facts.flash_bytes,
                       ram_bytes=facts.ram_bytes, conditions=_conditions(engine, golden, target, facts),
                       states=engine.signature.states)


def _require_room(facts: Facts, target: Target, ram: int, where: str) -> None:
    """What the compiler counted must fit what the target has."""
    for what, needed, allowed in (("RAM", facts.ram_bytes, ram), ("flash", facts.flash_bytes, target.flash_bytes)):
        if allowed and needed > allowed:
            raise Refused(f"it needs {needed / 1024:.1f} KiB of {what}, more than the {allowed / 1024:.1f} KiB there "
                          "are", where=where, do="choose a smaller learner, compress the graph or a larger target")


def _conditions(engine: Engine, golden: Sequence[Golden], target: Target, facts: Facts) -> dict[str, str]:
    """What the figures hold for."""
    return {"assets": str(engine.assets), "threads": str(target.threads), "golden_sequences": str(len(golden)),
            "golden_ticks": str(sum(len(one) for one in golden)),
            "timed": "no: emulated" if facts.emulator else "single steps of a warm engine, wall time", **facts.notes}
