"""Gaussian mixture (Dempster, Laird and Rubin, J. R. Stat. Soc. B 39, 1977), diagonal; how many modes by BIC."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.clusters import MOST_MODES, Matrix, membership, spread
from lineshaft.model.gaussians import Gaussians
from lineshaft.model.learner import standard_scale
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

MOST_ROWS = 4000
FLOOR = 1e-3


class Mixture:
    """Membership is the posterior of each Gaussian."""

    name: ClassVar[str] = "mixture"
    reads: tuple[str, ...] = ("features",)

    def __init__(self, modes: int = 0, seed: int = 0) -> None:
        self.modes, self.seed, self.count = modes, seed, 0
        self.parts = Gaussians.none()

    def fit(self, seen: Seen) -> None:
        features = np.asarray(seen["features"], np.float64)
        centre, scale = standard_scale(features)
        z = ((features - centre) / scale)[spread(len(features), MOST_ROWS)]
        counts = [self.modes] if self.modes else range(1, min(MOST_MODES, max(2, len(z) // 20)) + 1)
        made = min((self._mixture(z, count) for count in counts), key=lambda one: float(one.bic(z)))
        order = np.argsort(-np.asarray(made.weights_), kind="stable")
        self.count = len(order)
        priors = np.log(made.weights_[order])
        self.parts = Gaussians(centre, scale, made.means_[order], made.covariances_[order], priors)

    def _mixture(self, z: Matrix, count: int) -> Any:
        kind = library("sklearn.mixture").GaussianMixture
        return kind(count, covariance_type="diag", reg_covar=FLOOR, n_init=2, random_state=self.seed).fit(z)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"value": membership(g, self.parts.logs(g, wires["features"]))}


LEARNER = Mixture
