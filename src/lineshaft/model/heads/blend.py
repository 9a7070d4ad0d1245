"""Two heads in one answer, their weighted mean (Breiman, Stacked regressions, Mach. Learn. 24, 1996)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.head import Head, Kind, Settings, heads
from lineshaft.model.pipeline import Seen, Wires

DEFAULT: dict[Kind, tuple[str, str]] = {"number": ("trees", "svm"), "class": ("trees", "forest")}


class Blend:
    """first + ``share`` (second - first) of two heads as they come.

    The share is a setting, judged by validation as any other: a share learnt from the rows that taught the heads
    would only reward the one that memorises more.
    """

    name: ClassVar[str] = "blend"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number", "class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        told = settings or {}
        first, second = DEFAULT[kind]
        names = str(told.get("first", first)), str(told.get("second", second))
        self.share = float(told.get("share", 0.5))
        self.parts: list[Head] = [heads(kind)[name](outputs, kind, seed=seed) for name in names]

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        others: dict[Kind, tuple[str, ...]] = {"number": ("forest", "ridge"), "class": ("svm", "logistic")}
        return ({}, *({"second": name} for name in others[kind]))

    def fit(self, seen: Seen) -> None:
        for part in self.parts:
            part.fit(seen)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        first, second = (part.emit(g, wires)["value"] for part in self.parts)
        return {"value": g.add(first, g.multiply(g.subtract(second, first), self.share))}


HEAD = Blend
