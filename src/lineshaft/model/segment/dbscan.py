"""DBSCAN (Ester et al., KDD 1996): modes are dense, of any shape; what is between them is of none.

The distance is where the sorted distances to the tenth neighbour bend most (the "knee" of the paper's figure 4).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lineshaft.model.clusters import Labels, Matrix, Places
from lineshaft.model.library import library

NEIGHBOURS = 10
LEAST_SHARE = 0.02


class Dbscan(Places):
    """Core points are kept, and the nearest of them says the mode."""

    name: ClassVar[str] = "dbscan"

    def found(self, z: Matrix) -> tuple[Matrix, Labels]:
        near = library("sklearn.neighbors").NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(z))).fit(z)
        reach = _knee(np.sort(near.kneighbors(z)[0][:, -1]))
        made = library("sklearn.cluster").DBSCAN(eps=max(reach, 1e-9), min_samples=NEIGHBOURS).fit(z)
        core = np.asarray(made.core_sample_indices_, np.intp)
        return dense(z, np.asarray(made.labels_, np.intp), core)


def dense(z: Matrix, labels: Labels, core: Labels) -> tuple[Matrix, Labels]:
    """Core points of the modes with at least 2 % of the rows, the largest mode first."""
    kept = [k for k in np.unique(labels[labels >= 0]).tolist() if (labels == k).mean() >= LEAST_SHARE]
    order = sorted(kept, key=lambda k: -int((labels == k).sum()))
    place = {k: number for number, k in enumerate(order)}
    renumbered = np.array([place.get(k, -1) for k in labels.tolist()], np.intp)
    core = core[renumbered[core] >= 0]
    return z[core], renumbered[core]


def _knee(sorted_distances: Matrix) -> float:
    """The value farthest below the line from the first to the last."""
    line = np.linspace(sorted_distances[0], sorted_distances[-1], len(sorted_distances))
    return float(sorted_distances[int(np.argmax(line - sorted_distances))])


LEARNER = Dbscan
