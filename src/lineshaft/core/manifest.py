"""Manifest and certificate: what a bundle says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lineshaft.core.answer import Answer
from lineshaft.core.step import Port, StepSignature
from lineshaft.core.tag import Tag


@dataclass(frozen=True, slots=True)
class Limits:
    """The declared fallback when no bundle can decide: low and high per tag path, both optional (None)."""

    by_tag: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a decision may cost: the promise that is checked at packing, placement and run time."""

    deadline_ns: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a bundle comes from.

    ``dataset`` is the training data's digest, ``history`` the historian's version, ``code`` Lineshaft's own,
    ``parent`` the digest of the bundle that this one was retrained from (empty for the first).
    """

    dataset: str
    history: str
    code: str
    created: int
    learner: str
    why: str
    parent: str = ""
    feedback: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a node must know to run a graph. ``version`` only ever grows for one ``loop``.

    ``answers`` say what each place of the graph's ``value`` means, none where the task gives no values.
    """

    loop: str
    task: str
    version: int
    tags: tuple[Tag, ...]
    period_ns: int
    stale_ns: int
    signature: StepSignature
    budget: Budget
    limits: Limits
    lineage: Lineage
    figures: dict[str, float] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far an engine may be from the reference and still be certified."""

    parity: float = 1e-4
    flips: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was measured when a graph was lowered to one backend on one machine.

    ``parity`` is the largest |engine - reference| / (1 + |reference|) over the golden sequences, ``flips`` the
    verdicts (alarm, known or not) that differed there; latencies are of single steps in nanoseconds (p50, p99, p99.9,
    max); ``machine`` is data (processor, system, versions), so figures of two machines can be told apart; ``graph``
    the digest.

    ``absolute`` is the largest |engine - reference| and ``relative`` the largest one over |reference| where that is
    at least 1e-3. ``bound`` is the tolerance that was declared and kept. ``emulator`` is empty where the engine ran as
    it does on the target; otherwise latencies and memory are the emulation's and bind nobody, and ``flash_bytes`` and
    ``ram_bytes`` (0: unknown) are the compiler's own count. ``conditions`` says what the figures hold for. ``states``
    are those of the form that was compiled, where rewriting gave it others than the graph's (None: the graph's).
    """

    backend: str
    target: str
    machine: dict[str, str]
    parity: float
    flips: int
    ticks: int
    latency_ns: tuple[int, int, int, int]
    memory_bytes: int
    created: int
    graph: str
    precision: str = "float32"
    absolute: float = 0.0
    relative: float = 0.0
    bound: Tolerance = Tolerance()
    artifact_bytes: int = 0
    compiler: str = ""
    emulator: str = ""
    flash_bytes: int = 0
    ram_bytes: int = 0
    conditions: dict[str, str] = field(default_factory=dict)
    states: tuple[Port, ...] | None = None

    def signature(self, graph: StepSignature) -> StepSignature:
        """What ``load`` is to be told of the artifact: the graph's own inputs and outputs, the states of its form."""
        return graph if self.states is None else replace(graph, states=self.states)
