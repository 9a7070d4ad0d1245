"""Classes as a head sees them: the rows it learns from may lack some."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
NEVER = -30.0  # a logit whose probability is 0 in float32


def numbers_of(target: Matrix) -> NDArray[np.int64]:
    """The class [N] of each row, from the column "target" [N, 1]."""
    return np.asarray(target, np.float64)[:, 0].astype(np.int64)


def one_hot(classes: NDArray[np.int64], count: int) -> Matrix:
    """[N, count] of 0 and 1.

    >>> one_hot(np.array([2, 0]), 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    return np.eye(count)[classes]


def spread(columns: Matrix, present: NDArray[np.int64], count: int, absent: float = 0.0) -> Matrix:
    """Columns [..., len(present)] at their classes' places among ``count``; ``absent`` at the others.

    >>> spread(np.array([0.4, 0.6]), np.array([0, 2]), 3).tolist()
    [0.4, 0.0, 0.6]
    """
    found = np.full((*columns.shape[:-1], count), absent)
    found[..., present] = columns
    return found
