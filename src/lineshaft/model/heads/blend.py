"""Two heads in one answer, their weighted mean (Breiman, Stacked regressions, Mach. Learn. 24, 1996)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.head import Head, Kind, Settings, heads
from lineshaft.model.heads.trees import QUICK
from lineshaft.model.pipeline import Seen, Wires

DEFAULT: dict[Kind, tuple[str, str]] = {"number": ("trees", "svm"), "class": ("trees", "forest")}
OTHERS: dict[Kind, tuple[str, ...]] = {"number": ("forest", "ridge"), "class": ("svm", "logistic")}
MADE: dict[str, tuple[str, Settings]] = {"quick trees": ("trees", QUICK),
                                         "random forest": ("forest", {"kind": "random", "features": 0.25})}
"""Parts that are a head with settings of its own; any other part is the head of that name as it comes."""


class Blend:
    """first + ``share`` (second - first) of two heads.

    Boosted trees are sure of themselves and a forest is not; their errors differ. The share is a setting, judged by
    validation as any other: a share learnt from the rows that taught the heads would only reward the one that
    memorises more.
    """

    name: ClassVar[str] = "blend"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number", "class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        told = settings or {}
        first, second = DEFAULT[kind]
        names = str(told.get("first", first)), str(told.get("second", second))
        self.share = float(told.get("share", 0.5))
        made = [MADE.get(name, (name, {})) for name in names]
        self.parts: list[Head] = [heads(kind)[head](outputs, kind, own, seed) for head, own in made]

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, *({"second": name} for name in OTHERS[kind]))

    def fit(self, seen: Seen) -> None:
        for part in self.parts:
            part.fit(seen)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        first, second = (part.emit(g, wires)["value"] for part in self.parts)
        return {"value": g.add(first, g.multiply(g.subtract(second, first), self.share))}


HEAD = Blend
