"""Impute: what a tag would read, from the others, while its own value can't be used.

The missing part is set to its principal-component reconstruction from the known part, iterated (the
"iterative" algorithm of Walczak and Massart, Chemom. Intell. Lab. Syst. 58, 2001, with a fixed model).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires


class Impute:
    """Replaces ``z`` [C] of tags held for more than ``patience`` ticks by their reconstruction."""

    reads: tuple[str, ...] = ("z", "held")

    def __init__(self, channels: int, patience: int = 3, share: float = 0.9, rounds: int = 3) -> None:
        self.patience, self.share, self.rounds = patience, share, rounds
        self.projector: NDArray[np.float64] = np.zeros((channels, channels))

    def fit(self, seen: Seen) -> None:
        z = np.asarray(seen["z"], np.float64)[(seen["held"] == 0).all(axis=1)]
        if len(z) <= z.shape[1]:
            return  # too few whole rows for a correlation: the projector stays 0 and a lost tag reads normal
        values, vectors = np.linalg.eigh(z.T @ z / len(z))
        order = np.argsort(values)[::-1]
        kept = np.cumsum(values[order]) / max(values.sum(), 1e-12)
        components = vectors[:, order[:int(np.searchsorted(kept, self.share)) + 1]]
        self.projector = components @ components.T

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        lost = g.greater(wires["held"], float(self.patience))
        z = g.where(lost, 0.0, wires["z"])
        for _ in range(self.rounds):
            z = g.where(lost, g.project(z, self.projector), z)
        return {"z": z}
