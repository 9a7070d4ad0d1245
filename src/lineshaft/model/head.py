"""What a head is: the last learnt block of a supervised pipeline, from features to values or to probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import ClassVar, Literal, Protocol

from lineshaft.core import discovery
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

FAMILY = "lineshaft.model.heads"
Kind = Literal["number", "class"]
Setting = float | int | str
Settings = Mapping[str, Setting]


class Head(Protocol):
    """Features [F] in, ``value`` [V] out: V numbers, or the probabilities of V classes, which sum to 1.

    ``fit`` reads the wire ``features`` and the given column "target" [N, K] (K numbers, or the number of the class);
    every row it is given has both. Equal seeds give equal heads.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]]
    reads: tuple[str, ...]

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None: ...

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        """Settings worth trying, the default first."""

    def fit(self, seen: Seen) -> None:
        """From ``features`` [N, F] and "target" [N, K]."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        """Wire ``value`` [V]."""


@cache
def heads(kind: Kind) -> Mapping[str, type[Head]]:
    """Every head for numbers or for classes, by name."""
    found: dict[str, type[Head]] = {name: discovery.load(FAMILY, name).HEAD for name in discovery.names(FAMILY)}
    return {name: head for name, head in found.items() if kind in head.kinds}
