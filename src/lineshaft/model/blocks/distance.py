"""How unlike the rows it learnt from a row is: a shrunken Mahalanobis distance of its features.

The covariance of the standardised features is shrunk towards the identity (Ledoit and Wolf, J. Multivar. Anal. 88,
2004) and kept as its leading directions and one variance for all others (Tipping and Bishop, J. R. Stat. Soc. B 61,
1999), so that thousands of features cost a few dozen products each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
MOST_DIRECTIONS, SHARE = 32, 0.95
MOST_ROWS = 4000
LEAST_SHRINKAGE = 1e-2
FARTHEST = 1e3


class Distance:
    """Wires ``distance`` [1] (per feature, about 1 for a row like those learnt from), ``deviation`` and ``strangeness``
    [F]: each feature in its own deviations, and its additive part of the squared distance."""

    reads: tuple[str, ...] = ("features",)

    def __init__(self) -> None:
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.directions: Matrix = np.zeros((1, 1))
        self.variances: Matrix = np.ones(1)
        self.rest = 1.0

    def fit(self, seen: Seen) -> None:
        features = np.asarray(seen["features"], np.float64)
        features = features[np.unique(np.linspace(0, len(features) - 1, min(len(features), MOST_ROWS)).astype(int))]
        self.centre, self.scale = standard_scale(features)
        z = np.clip((features - self.centre) / self.scale, -FARTHEST, FARTHEST)
        variances, vectors = np.linalg.eigh(z.T @ z / len(z))
        variances, vectors = np.maximum(variances[::-1], 0.0), vectors[:, ::-1]
        shrinkage = _ledoit_wolf(z, variances)
        count = int(np.searchsorted(np.cumsum(variances), SHARE * variances.sum())) + 1
        count = min(count, MOST_DIRECTIONS, len(variances))
        self.directions = vectors[:, :count]
        self.variances = (1 - shrinkage) * variances[:count] + shrinkage
        rest = float(variances[count:].mean()) if count < len(variances) else 1.0
        self.rest = (1 - shrinkage) * rest + shrinkage

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = g.clip(scaled(g, wires["features"], self.centre, self.scale), -FARTHEST, FARTHEST)
        along = g.project(z, self.directions)
        across = g.square(g.subtract(z, g.project(along, self.directions.T)))
        sure = g.multiply(along, 1.0 / self.variances)
        strangeness = g.add(g.multiply(across, 1.0 / self.rest), g.multiply(z, g.project(sure, self.directions.T)))
        # Only squares are added up: in the sum of the parts above large ones of both signs would leave their rounding.
        square = g.add(g.multiply(g.sum(across), 1.0 / self.rest), g.sum(g.multiply(sure, along)))
        distance = g.sqrt(g.multiply(square, 1.0 / len(self.centre)))
        return {"deviation": z, "strangeness": strangeness, "distance": distance}


def _ledoit_wolf(z: Matrix, variances: Matrix) -> float:
    """Their shrinkage towards the mean variance, from rows [N, F] with mean 0 and the eigenvalues of their covariance.
    """
    rows, width = z.shape
    spread = float((variances**2).sum()) / width - (float(variances.sum()) / width) ** 2
    square = float(((z**2).sum(axis=1) ** 2).mean())
    noise = max(square - float((variances**2).sum()), 0.0) / (rows * width)
    return float(np.clip(noise / max(spread, 1e-12), LEAST_SHRINKAGE, 1.0))
