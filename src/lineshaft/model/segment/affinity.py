"""Affinity propagation (Frey and Dueck, Science 315, 2007): modes are exemplars that rows agree on."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.model.clusters import MOST_MODES, Labels, Matrix, Places
from lineshaft.model.library import library

DAMPING = 0.9
ROUNDS = 500
SHARES = (1.0, 4.0, 16.0, 64.0)  # of the median similarity: the farther, the fewer exemplars


class Affinity(Places):
    """The preference is lowered until there are at most eight exemplars, or as many as were asked for."""

    name: ClassVar[str] = "affinity"
    most_rows: ClassVar[int] = 300

    def found(self, z: Matrix) -> tuple[Matrix, Labels]:
        cluster = library("sklearn.cluster")
        square = ((z[:, None] - z[None]) ** 2).sum(axis=2)
        median, most = -float(np.median(square)), self.modes or MOST_MODES
        for share in SHARES:
            made = cluster.AffinityPropagation(damping=DAMPING, max_iter=ROUNDS, affinity="precomputed",
                                               preference=share * median, random_state=self.seed).fit(-square)
            exemplars = np.asarray(made.cluster_centers_indices_, np.intp)
            if 1 <= len(exemplars) <= most:
                return z[exemplars], np.arange(len(exemplars))
        raise UsageError(f"it agreed on no {most} exemplars or fewer", where="affinity", do="use another learner")


LEARNER = Affinity
