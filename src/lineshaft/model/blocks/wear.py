"""Wear: the linear combination of all tags that tells remaining life best, so that one line is followed, not twenty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
PENALTY = 1e-4
FARTHEST = 3.0  # lives: one wild value must not leave its mark on every window


class Wear:
    """Wire ``wear`` [K]: about 1 (healthy) to 0 (worn out), one projection for each ``cap``, in periods.

    Each is the ridge regression of min(remaining life, cap) / cap on ``z``: a low cap looks at the end of life, where
    other tags speak than at its start. Noisy by itself; later blocks smooth it.
    """

    reads: tuple[str, ...] = ("z", "target")

    def __init__(self, caps: Sequence[float]) -> None:
        self.caps = tuple(caps)
        self.weights: Matrix = np.zeros((1, len(self.caps)))
        self.offset: Matrix = np.zeros(len(self.caps))

    def fit(self, seen: Seen) -> None:
        z, life = np.asarray(seen["z"], np.float64), np.asarray(seen["target"], np.float64)[:, :1]
        wanted = np.minimum(life, self.caps) / np.asarray(self.caps)
        centre, middle = z.mean(axis=0), wanted.mean(axis=0)
        away = z - centre
        square = away.T @ away / len(z) + PENALTY * np.eye(z.shape[1])
        self.weights = np.linalg.solve(square, away.T @ (wanted - middle) / len(z))
        self.offset = middle - centre @ self.weights

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        wear = g.add(g.project(wires["z"], self.weights), self.offset)
        return {"wear": g.clip(wear, -FARTHEST, FARTHEST)}
