"""What a learner of fault classes is, and the settings that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import ClassVar, Protocol

import numpy as np

from lineshaft.core import discovery
from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import numbers_of
from lineshaft.model.examples import Examples
from lineshaft.model.head import Settings as HeadSettings
from lineshaft.model.head import heads
from lineshaft.model.pipeline import Block, Seen, Wires
from lineshaft.model.supervised import Candidate

FAMILY = "lineshaft.model.diagnose"
MOST_ROWS = 100  # of a class


@dataclass(frozen=True, slots=True)
class Vibration:
    """Rows that hold blocks of fast samples: C sensors of ``samples`` each, one sensor after the other.

    ``rate`` is in Hz. ``speed`` is the shaft speed in Hz, or the number of the column behind the samples that holds it
    in revolutions a minute (``speed_column``); 0 and None where nobody knows it. ``orders`` are the machine's fault
    frequencies by name, in multiples of the shaft speed (of a bearing: BPFO, BPFI, BSF, FTF). ``top`` is the highest
    frequency in Hz that all recordings hold, 0 for all that the rate allows.
    """

    samples: int
    rate: float
    sensors: int = 1
    speed: float = 0.0
    speed_column: int | None = None
    orders: Mapping[str, float] = field(default_factory=dict)
    top: float = 0.0

    def __post_init__(self) -> None:
        if self.samples < 64 or self.rate <= 0 or self.sensors < 1:
            raise UsageError(f"{self.sensors} sensors of {self.samples} samples at {self.rate:g} Hz are no blocks of "
                             "vibration", where="vibration", do="give at least 64 samples a sensor and the rate in Hz")
        if self.orders and not self.speed and self.speed_column is None:
            raise UsageError("orders are multiples of the shaft speed, which is not given", where="vibration.orders",
                             do="give the speed in Hz, or the column that holds it in 1/min")

    @property
    def highest(self) -> float:
        """Up to where the spectrum is used, in Hz."""
        return min(self.top or self.rate / 2, self.rate / 2)


@dataclass(frozen=True, slots=True)
class Settings:
    """One default for all plants.

    ``windows`` are how many ticks an answer may look back, each tried; ``vibration`` says that rows are blocks of fast
    samples; ``blocks`` how many of them one answer may look back. ``folds`` judge the candidates, ``held_out`` is the
    share of each stretch that calibrates.
    """

    windows: tuple[int, ...] = (20, 50, 100)
    vibration: Vibration | None = None
    blocks: int = 1
    folds: int = 3
    held_out: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.windows or min(self.windows) < 1:
            raise UsageError(f"windows are {self.windows}", where="windows", do="give one or more, of 1 tick at least")

    @property
    def memory(self) -> int:
        """The longest look back of any candidate, in ticks."""
        return self.blocks if self.vibration else max(self.windows)


class Learner(Protocol):
    """A way from tags to fault classes: fronts and heads, as candidates that are worth trying, in that order."""

    name: ClassVar[str]

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        """None where it does not fit such rows."""


@cache
def learners() -> Mapping[str, type[Learner]]:
    """Every learner there is, by name."""
    return {name: discovery.load(FAMILY, name).LEARNER for name in discovery.names(FAMILY)}


def with_heads(name: str, kinds: Mapping[str, HeadSettings], front: Callable[[], Sequence[Block]], front_name: str,
               examples: Examples, settings: Settings) -> list[Candidate]:
    """The same front with each of these heads, as ``kinds`` sets it; its other settings are variants."""
    found, classes = heads("class"), len(examples.names)

    def made(kind: str, told: HeadSettings, shown: str = "") -> Candidate:
        def head() -> Block:
            return Thinned(found[kind](classes, "class", told, settings.seed), MOST_ROWS)

        return Candidate(f"{name} {kind}{shown}", front_name, front, head, dict(told))

    def others(kind: str) -> Callable[[], Sequence[Candidate]]:
        return lambda: [made(kind, {**kinds[kind], **other}, "".join(f", {k} {v}" for k, v in other.items()))
                        for other in found[kind].choices("class")[1:] if {**kinds[kind], **other} != kinds[kind]]

    return [replace(made(kind, told), variants=others(kind)) for kind, told in kinds.items() if kind in found]


class Thinned:
    """A head that learns from at most ``most`` rows of each class, evenly spread: neighbouring windows say the same."""

    def __init__(self, head: Block, most: int) -> None:
        self.head, self.most, self.reads = head, most, head.reads

    def fit(self, seen: Seen) -> None:
        kind, keep = numbers_of(seen["target"]), np.zeros(len(seen), np.bool_)
        for k in np.unique(kind):
            rows = np.flatnonzero(kind == k)
            keep[rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), self.most)).astype(int))]] = True
        self.head.fit(seen.rows(keep))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return self.head.emit(g, wires)
