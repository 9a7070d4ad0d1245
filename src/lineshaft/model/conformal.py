"""Conformal quantiles: how far held-out errors reach, so that a new one stays within with the stated chance.

Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; for groups, the pooled distribution functions
of Dunn, Wasserman and Ramdas, J. Am. Stat. Assoc. 118, 2023.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Rows = NDArray[np.bool_]
FEWEST_HALVED = 40
BLOCKS = 20


def upper_quantile(errors: Vector, group: NDArray[np.integer], coverage: float) -> Vector:
    """Per column of ``errors`` [N, V], the least size [V] that a new row's error stays under with chance ``coverage``.

    Rows of one group are not independent: every group weighs alike, and G groups are G looks, so that the chance holds
    for a row of a new group. One group alone counts as N rows that are as good as exchangeable. With too few looks for
    any such size (9 are the fewest for 0.9) it is the widest of the groups' own quantiles, and the largest error of a
    single group; the chance is then at most G / (G + 1).

    >>> upper_quantile(np.arange(1.0, 20.0)[:, None], np.zeros(19, np.int32), 0.9)
    array([18.])
    """
    weight, looks = _weights(group)
    level = coverage * (looks + 1) / looks
    if level <= 1.0 + 1e-12:
        return _weighted(errors, weight, level)
    if looks == len(errors):
        return np.asarray(errors.max(axis=0))
    own = [upper_quantile(errors[group == g], group[group == g], coverage) for g in np.unique(group)]
    return np.asarray(np.max(own, axis=0))


def looks(group: NDArray[np.integer]) -> int:
    """How many independent looks these rows are: groups, or rows where there is one group."""
    return _weights(group)[1]


def halves(group: NDArray[np.integer], kind: NDArray[np.float64] | None = None, seed: int = 0) -> tuple[Rows, Rows]:
    """Rows [N] that shape an interval and rows that set its size: other groups, or other stretches of one group.

    ``kind`` [N] are classes: each is dealt to both. Fewer than 40 looks are too few to halve, and are both.
    """
    if looks(group) < FEWEST_HALVED:
        return np.ones(len(group), np.bool_), np.ones(len(group), np.bool_)
    names, first, code = np.unique(group, return_index=True, return_inverse=True)
    if len(names) == 1:
        first_half = np.arange(len(group)) * BLOCKS // len(group) % 2 == 0
        return first_half, ~first_half
    order = np.random.default_rng(seed).permutation(len(names))
    if kind is not None:
        order = order[np.argsort(kind[first][order], kind="stable")]
    dealt = np.empty(len(names), np.int64)
    dealt[order] = np.arange(len(names)) % 2
    return dealt[code] == 0, dealt[code] == 1


def _weights(group: NDArray[np.integer]) -> tuple[Vector, int]:
    """Weight [N] of each row (sum 1), and how many independent looks there are."""
    names, code, count = np.unique(group, return_inverse=True, return_counts=True)
    if len(names) == 1:
        return np.full(len(group), 1.0 / len(group)), len(group)
    return 1.0 / (len(names) * count[code]), len(names)


def _weighted(errors: Vector, weight: Vector, level: float) -> Vector:
    """The least value of each column up to which at least ``level`` of the weight lies."""
    order = np.argsort(errors, axis=0, kind="stable")
    reached = np.cumsum(weight[order], axis=0)
    place = np.minimum((reached < level - 1e-9).sum(axis=0), len(errors) - 1)
    return np.asarray(np.take_along_axis(errors, order, axis=0)[place, np.arange(errors.shape[1])])
