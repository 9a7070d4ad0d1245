"""The naive baseline: the share of each class in history, whatever the tags say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.signal import Tags
from lineshaft.model.classes import numbers_of
from lineshaft.model.diagnosis import Settings
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.supervised import Candidate


class Shares:
    """``value`` [V]: how often each class occurred.

    >>> block = Shares(2)
    >>> block.fit(Seen({"target": np.array([[0.0], [1.0], [1.0], [1.0]])}, np.zeros(4, np.int32), np.arange(4)))
    >>> block.shares.tolist()
    [0.25, 0.75]
    """

    reads: tuple[str, ...] = ("target",)

    def __init__(self, classes: int) -> None:
        self.shares = np.full(classes, 1.0 / classes)

    def fit(self, seen: Seen) -> None:
        self.shares = np.bincount(numbers_of(seen["target"]), minlength=len(self.shares)) / len(seen)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        nothing = g.multiply(g.slice(wires["features"], 0, 1), 0.0)
        return {"value": g.add(nothing, self.shares)}


class Naive:
    """The class that was most often there, always."""

    name: ClassVar[str] = "naive"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (Candidate("naive", "tags", lambda: (Tags(),), lambda: Shares(len(examples.names))),)


LEARNER = Naive
