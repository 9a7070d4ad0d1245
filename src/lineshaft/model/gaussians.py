"""Diagonal Gaussians over standardised features, as a graph says them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.learner import scaled

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Gaussians:
    """``means`` and ``variances`` [K, F] of (features - centre) / scale, ``priors`` [K] are logarithms."""

    centre: Matrix
    scale: Matrix
    means: Matrix
    variances: Matrix
    priors: Matrix

    @classmethod
    def none(cls) -> Gaussians:
        """Before anything is learnt."""
        return cls(np.zeros(1), np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.zeros(1))

    def logs(self, g: StepBuilder, features: Wire) -> list[Wire]:
        """Logarithm [1] of each one's density times prior, less what all share."""
        z = scaled(g, features, self.centre, self.scale)
        found = []
        for mean, variance, prior in zip(self.means, self.variances, self.priors, strict=True):
            square = g.sum(g.square(g.multiply(g.subtract(z, mean), variance**-0.5)))
            found.append(g.subtract(float(prior - 0.5 * np.log(variance).sum()), g.multiply(square, 0.5)))
        return found
