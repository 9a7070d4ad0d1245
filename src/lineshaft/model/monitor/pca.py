"""Principal components of the tags' levels: T2 in the model plane and SPE off it, in one index.

Combined index of Yue and Qin (Ind. Eng. Chem. Res. 40, 2001): T2 over its degrees of freedom plus SPE over
the residual variance.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lineshaft.model.learner import Matrix, standard_scale
from lineshaft.model.pipeline import Seen
from lineshaft.model.quadratic import Quadratic

SHARE = 0.9


class Pca(Quadratic):
    """PCA on the tags' levels; keeps 90 % of the variance."""

    name: ClassVar[str] = "pca"
    features: ClassVar[Literal["level", "past", "signal"]] = "level"
    aside: ClassVar[str] = ""

    def fit(self, seen: Seen) -> None:
        features = np.asarray(seen["features"], np.float64)
        self.centre, self.scale = standard_scale(features)
        self.root = combined_index_root((features - self.centre) / self.scale)


def combined_index_root(z: Matrix) -> Matrix:
    """R with |z R|^2 = T2 / k + SPE / (residual variance), k the components that hold 90 % of it."""
    values, vectors = np.linalg.eigh(np.cov(z, rowvar=False).reshape(z.shape[1], -1))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    share = np.cumsum(values) / max(values.sum(), 1e-12)
    k = min(int(np.searchsorted(share, SHARE)) + 1, max(len(values) - 1, 1))
    plane = vectors[:, :k] / np.sqrt(k * np.maximum(values[:k], 1e-9))
    off_plane = vectors[:, k:] / np.sqrt(max(values[k:].sum(), 1e-9))
    root: Matrix = np.hstack([plane, off_plane])
    return root


LEARNER = Pca
