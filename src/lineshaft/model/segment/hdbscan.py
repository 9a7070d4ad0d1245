"""HDBSCAN (Campello, Moulavi and Sander, PAKDD 2013): dense modes of differing density."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lineshaft.model.clusters import Labels, Matrix, Places
from lineshaft.model.library import library
from lineshaft.model.segment.dbscan import dense

SURE = 0.5
LEAST_SHARE = 0.05


class Hdbscan(Places):
    """Rows that belong to a mode with at least half the surest row's probability are its cores."""

    name: ClassVar[str] = "hdbscan"

    def found(self, z: Matrix) -> tuple[Matrix, Labels]:
        size = max(5, int(LEAST_SHARE * len(z)))
        made = library("sklearn.cluster").HDBSCAN(min_cluster_size=size, copy=True).fit(z)
        return dense(z, np.asarray(made.labels_, np.intp), np.flatnonzero(made.probabilities_ >= SURE))


LEARNER = Hdbscan
