"""Blocks of rows left out in turn, for a setting that a head chooses by itself from the rows it learns from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.bool_]


def left_out(classes: NDArray[np.int64], parts: int = 5) -> Iterator[tuple[Rows, Rows]]:
    """(rows that teach, rows that judge), masks [N]: unbroken blocks of each class, since neighbours resemble.

    A class of fewer rows than ``parts`` is in every teaching part at least once less often than it is judged;
    parts without rows on either side are left out.

    >>> [judge.nonzero()[0].tolist() for _, judge in left_out(np.array([0, 0, 0, 0, 1, 1]), 2)]
    [[0, 1, 4], [2, 3, 5]]
    """
    part = np.empty(len(classes), np.int64)
    for one in np.unique(classes):
        own = np.flatnonzero(classes == one)
        part[own] = np.arange(len(own)) * parts // len(own)
    for number in range(parts):
        judge = part == number
        if judge.any() and not judge.all():
            yield ~judge, judge
