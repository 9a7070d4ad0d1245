"""Naive baselines: the mean remaining life, and a straight line on the machine's age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.trend import MOST_AGE
from lineshaft.model.examples import Examples
from lineshaft.model.heads.ridge import Ridge
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.prognosis import Capped, Settings
from lineshaft.model.supervised import Candidate


class Age:
    """Wire ``features`` [1]: ticks since the machine's start, and nothing else."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": g.ticks("life_age", MOST_AGE)}


class Mean:
    """Wire ``value`` [1]: the mean target, always."""

    reads: tuple[str, ...] = ("target",)

    def __init__(self) -> None:
        self.mean = 0.0

    def fit(self, seen: Seen) -> None:
        self.mean = float(np.mean(seen["target"]))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value": g.add(g.multiply(wires["features"], 0.0), self.mean)}


class Naive:
    """What needs no tag."""

    name: ClassVar[str] = "naive"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (Candidate("naive mean", "age", lambda: (Age(),), lambda: Capped(Mean(), settings.cap)),
                Candidate("naive age", "age", lambda: (Age(),), lambda: Capped(Ridge(1, "number"), settings.cap)))


LEARNER = Naive
