"""ToldMode: the operating mode as a decision says it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lineshaft.core.answer import KNOWN, VALUE, Answer
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

MODE = Answer("mode")
OUTPUTS = (VALUE, KNOWN)


class ToldMode:
    """Wire ``value`` [1]: the number of the mode, 0 before one was told; ``known`` [1]: 0 where it is none of them."""

    reads: tuple[str, ...] = ()

    def __init__(self, numbers: ArrayLike) -> None:
        self.numbers = np.asarray(numbers, np.float64)

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: the block of modes knows their numbers."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {VALUE: g.project(wires["mode"], self.numbers[:, None]), KNOWN: wires["mode_known"]}
