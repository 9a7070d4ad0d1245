"""Embedding: the directions that told classes apart somewhere else, for a site where examples are few.

Rao's several discriminant directions (J. R. Stat. Soc. B 10, 1948): within a class of the source the embedding varies
by 1 in every direction, so that at the new site the mean of a few examples is all that has to be learnt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import numbers_of
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
FARTHEST = 20.0  # deviations


class Embedding:
    """Replaces ``features`` [F] by at most V - 1 discriminant directions; ``shrinkage`` draws their metric to plain."""

    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, shrinkage: float = 0.2) -> None:
        self.shrinkage = shrinkage
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.directions: Matrix = np.zeros((1, 1))

    def fit(self, seen: Seen) -> None:
        features, kind = np.asarray(seen["features"], np.float64), numbers_of(seen["target"])
        self.centre, self.scale = standard_scale(features)
        z = ((features - self.centre) / self.scale).clip(-FARTHEST, FARTHEST)
        present = np.unique(kind)
        means = np.stack([z[kind == k].mean(axis=0) for k in present])
        rest = z - means[np.searchsorted(present, kind)]
        within = rest.T @ rest / len(rest)
        plain = np.trace(within) / len(within)
        within = (1 - self.shrinkage) * within + self.shrinkage * max(plain, 1e-6) * np.eye(len(within))
        values, vectors = np.linalg.eigh(within)
        whiten = vectors * values**-0.5
        _, _, leading = np.linalg.svd((means - means.mean(axis=0)) @ whiten, full_matrices=False)
        self.directions = whiten @ leading[:max(1, len(present) - 1)].T

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = g.clip(scaled(g, wires["features"], self.centre, self.scale), -FARTHEST, FARTHEST)
        return {"features": g.project(z, self.directions)}
