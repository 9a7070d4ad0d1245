"""Impute: what a tag would read while its own value can't be used.

A short gap is bridged by regression on the other tags and on the tick before, since a slow tag follows its own past
and a fast one the others; a value that fits neither would look like a fault to a learner of dynamics. After that the
missing part is set to its principal-component reconstruction from the known part, iterated (the "iterative" algorithm
of Walczak and Massart, Chemom. Intell. Lab. Syst. 58, 2001, with a fixed model), which stays bounded however many
tags are lost for however long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
RIDGE = 1e-4
FARTHEST = 5.0  # deviations: no gap is bridged by a value that was never seen


class Impute:
    """Replaces ``z`` [C] of masked tags: by regression for ``patience`` ticks, then by their reconstruction."""

    reads: tuple[str, ...] = ("z", "held")

    def __init__(self, channels: int, patience: int = 3, share: float = 0.9, rounds: int = 3) -> None:
        self.patience, self.share, self.rounds = patience, share, rounds
        self.projector: Matrix = np.zeros((channels, channels))
        self.now: Matrix = np.zeros((channels, channels))
        self.before: Matrix = np.zeros((channels, channels))

    def fit(self, seen: Seen) -> None:
        known = (seen["held"] == 0).astype(np.float64)
        z, channels = np.asarray(seen["z"], np.float64) * known, known.shape[1]
        follows = (np.diff(seen.age) == 1) & (np.diff(seen.run) == 0)
        if len(z) > channels:
            self.projector = _projector(*_spectrum(z, known), self.share)
        if follows.sum() > 2 * channels:
            values, vectors = _spectrum(*(np.hstack([part[1:][follows], part[:-1][follows]]) for part in (z, known)))
            precision = (vectors / (values + RIDGE)) @ vectors.T
            gain = -precision[:channels] / np.diag(precision)[:channels, None]
            np.fill_diagonal(gain, 0.0)
            self.now, self.before = gain[:, :channels].T, gain[:, channels:].T

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = self._regressed(g, wires["z"], wires["held"])
        lost = g.greater(wires["held"], float(self.patience))
        z = g.where(lost, 0.0, z)
        for _ in range(self.rounds):
            z = g.where(lost, g.project(z, self.projector), z)
        g.keep("z_before", z)
        return {"z": z}

    def _regressed(self, g: StepBuilder, z: Wire, held: Wire) -> Wire:
        masked = g.greater(held, 0.5)
        past = g.project(g.state("z_before", z.shape), self.before)
        expected = g.clip(g.add(past, g.project(z, self.now)), -FARTHEST, FARTHEST)
        return g.where(masked, expected, z)


def _spectrum(z: Matrix, known: Matrix) -> tuple[Matrix, Matrix]:
    """Eigenvalues and vectors of the correlation, each pair of columns over the rows that have both."""
    values, vectors = np.linalg.eigh(z.T @ z / np.maximum(known.T @ known, 1.0))
    return np.maximum(values, 0.0), vectors


def _projector(values: Matrix, vectors: Matrix, share: float) -> Matrix:
    order = np.argsort(values)[::-1]
    kept = np.cumsum(values[order]) / max(values.sum(), 1e-12)
    components = vectors[:, order[:int(np.searchsorted(kept, share)) + 1]]
    return np.asarray(components @ components.T, np.float64)
