"""k-means (Lloyd, IEEE Trans. Inf. Theory 28, 1982); how many modes by the shortest description."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lineshaft.model.clusters import Labels, Matrix, Places, by_description, centres
from lineshaft.model.library import library


class KMeans(Places):
    """One centre a mode."""

    name: ClassVar[str] = "kmeans"
    most_rows: ClassVar[int] = 4000

    def found(self, z: Matrix) -> tuple[Matrix, Labels]:
        cluster = library("sklearn.cluster")

        def label(count: int) -> Labels:
            return np.asarray(cluster.KMeans(count, n_init=4, random_state=self.seed).fit_predict(z), np.intp)

        labels = by_description(z, self.modes, label)
        return centres(z, labels)


LEARNER = KMeans
