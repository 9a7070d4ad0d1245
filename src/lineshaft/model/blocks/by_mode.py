"""ByMode: a learner of its own for each operating mode, all in one graph; the one of the mode that is on counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.learner import Learner
from lineshaft.model.pipeline import Seen, Wires

ROWS_PER_NUMBER = 3  # fewer rows for each of the features would be learnt by heart


class ByMode:
    """Wires ``energy`` [1] and ``contribution`` [C] of the mode's own learner; 0 while no mode is known.

    A mode with fewer than ``least`` rows, or than three for each feature, has the learner of all modes.
    """

    def __init__(self, make: Callable[[], Learner], modes: int, least: int) -> None:
        self.make, self.modes, self.least = make, modes, least
        self.learners: list[Learner] = [make()]
        self.reads: tuple[str, ...] = (*self.learners[0].reads, "mode")

    def fit(self, seen: Seen) -> None:
        mode = seen["mode"].argmax(axis=1)
        whole = self.make()
        whole.fit(seen)
        enough = max(self.least, ROWS_PER_NUMBER * seen["features"].shape[1])
        self.learners = [self._own(seen, mode == k) if (mode == k).sum() >= enough else whole
                         for k in range(self.modes)]

    def _own(self, seen: Seen, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Learner:
        learner = self.make()
        learner.fit(seen.rows(rows))
        return learner

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        told: dict[int, Wires] = {}
        for number, learner in enumerate(self.learners):
            if id(learner) not in told:
                with g.within(f"mode{number}"):
                    told[id(learner)] = learner.emit(g, wires)
        each = [told[id(learner)] for learner in self.learners]
        return {name: _chosen(g, [one[name] for one in each], wires["mode"]) for name in ("energy", "contribution")}


def _chosen(g: StepBuilder, each: list[Wire], mode: Wire) -> Wire:
    """The wire of the mode that is 1."""
    parts = [g.multiply(one, g.slice(mode, k, k + 1)) for k, one in enumerate(each)]
    total = parts[0]
    for part in parts[1:]:
        total = g.add(total, part)
    return total
