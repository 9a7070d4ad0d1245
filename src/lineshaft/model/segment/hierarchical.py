"""Hierarchical clustering by Ward's criterion (J. Am. Stat. Assoc. 58, 1963); its rows are the cores."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lineshaft.model.clusters import Labels, Matrix, Places, by_description
from lineshaft.model.library import library


class Hierarchical(Places):
    """A mode is the rows that were merged, so it may have any shape."""

    name: ClassVar[str] = "hierarchical"

    def found(self, z: Matrix) -> tuple[Matrix, Labels]:
        cluster = library("sklearn.cluster")

        def label(count: int) -> Labels:
            return np.asarray(cluster.AgglomerativeClustering(count, linkage="ward").fit_predict(z), np.intp)

        labels = by_description(z, self.modes, label)
        return z, labels


LEARNER = Hierarchical
