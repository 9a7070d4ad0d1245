"""Autotune: every backend, precision and thread count that this machine has, timed in turns; the best p99 wins.

A choice of the moment would follow the machine's noise, so all candidates are loaded first and step in turns, block
after block, and the p99 of a candidate is the median of its blocks' p99.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lineshaft import backend as backends
from lineshaft.app.forms import offered
from lineshaft.app.in_turns import in_turns
from lineshaft.app.precision import Prepared
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.core.foreign import told
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Tolerance
from lineshaft.core.progress import Progress, silent
from lineshaft.core.step import Engine, StepSignature
from lineshaft.core.target import FLOAT32, Target
from lineshaft.graph.check import signature

BLOCKS = 12
MemoryOf = Callable[[bytes, StepSignature, Target, str], int]
"""Bytes that an engine of this artifact holds, by target and backend."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """One candidate: what was measured, or the ``reason`` why it is out. Times in ns, of single steps."""

    backend: str
    precision: str
    threads: int
    p50: int = 0
    p99: int = 0
    parity: float = 0.0
    flips: int = 0
    memory_bytes: int = 0
    artifact_bytes: int = 0
    reason: str = ""

    @property
    def name(self) -> str:
        """As a person says it."""
        return f"{self.backend} {self.precision} x{self.threads}"


def autotune(graph: bytes, golden: Sequence[Golden], target: Target, precisions: Mapping[str, Prepared], *,
             tolerance: Tolerance | None = None, memory_of: MemoryOf, only: Sequence[str] = (),
             blocks: int = BLOCKS, progress: Progress = silent) -> tuple[Tuned, ...]:
    """All candidates, the quickest allowed one first, then the slower ones, then those that are out with why.

    ``only`` names the backends to try, all there are unless given.

    ``precisions`` maps a precision to what makes the graph of it; float32 needs none. A candidate is out when its
    backend says no, it is farther from the reference than ``tolerance`` (the target's bound unless given), it holds
    more than the target's memory, or its p99 is over the deadline.
    """
    bound = tolerance or Tolerance(target.parity, target.flips)
    found: list[Tuned] = []
    engines: list[Engine] = []
    candidates = _candidates(only or backends.backends(), target, precisions)
    for number, (backend, precision, threads) in enumerate(candidates):
        progress(number, len(candidates), "compiling candidates")
        one, engine = _prepared(graph, golden, replace(target, precision=precision, threads=threads), backend,
                                precisions, bound, memory_of)
        found.append(one)
        if engine is not None:
            engines.append(engine)
    progress(len(candidates), len(candidates), "compiling candidates")
    timed = iter(in_turns(engines, golden, blocks, progress))
    measured = [one if one.reason else _timed(one, *next(timed)) for one in found]
    late = [replace(one, reason=f"p99 {one.p99 / 1e6:.3g} ms is over the deadline")
            if not one.reason and one.p99 > target.deadline_ns else one for one in measured]
    return tuple(sorted(late, key=lambda one: (bool(one.reason), one.p99)))


def best(tuned: Sequence[Tuned], target: Target) -> Tuned:
    """The quickest one that is in; ``Refused`` with all reasons where none is."""
    if not tuned or tuned[0].reason:
        raise Refused("no candidate keeps the bounds: " + "; ".join(f"{one.name}: {one.reason}" for one in tuned),
                      where=f"target {target.name}", do="allow more memory, a wider bound or a longer deadline")
    return tuned[0]


def _candidates(names: Sequence[str], target: Target, precisions: Mapping[str, Prepared]) -> list[tuple[str, str, int]]:
    threads = sorted({1, target.threads, min(os.cpu_count() or 1, 4)})
    return [(name, precision, count) for name in names
            for precision in (FLOAT32, *precisions) for count in threads]


def _prepared(graph: bytes, golden: Sequence[Golden], target: Target, name: str, precisions: Mapping[str, Prepared],
              bound: Tolerance, memory_of: MemoryOf) -> tuple[Tuned, Engine | None]:
    """A candidate that was compiled, loaded and compared with the reference, with its engine; without one it is out."""
    one, backend = Tuned(name, target.precision, target.threads), backends.backend(name)
    try:
        with told("compiling and running it"):
            own = graph if target.precision == FLOAT32 else precisions[target.precision]()
            forms, reason = offered(own, backend, target)
            if not forms:
                return replace(one, reason=reason), None
            artifact = backend.compile(forms[0].graph, target)
            if emulator := backend.facts(artifact, target).emulator:
                return replace(one, reason=f"runs here only emulated ({emulator})"), None
            engine = backend.load(artifact, signature(forms[0].graph), target)
            replayed = replay_golden(engine, golden, bound)
            memory = memory_of(artifact, engine.signature, target, name)
    except LineshaftError as error:
        return replace(one, reason=str(error)), None
    one = replace(one, parity=replayed.parity, flips=replayed.flips, memory_bytes=memory, artifact_bytes=len(artifact))
    if memory > target.memory_bytes:
        allowed = f"{target.memory_bytes / 2**20:.0f} MiB allowed"
        return replace(one, reason=f"holds {memory / 2**20:.0f} MiB, {allowed}"), None
    return one, engine


def _timed(one: Tuned, p50: int, p99: int) -> Tuned:
    return replace(one, p50=p50, p99=p99)
