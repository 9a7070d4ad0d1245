"""Linear regression whose errors follow each other: all of it from second moments of rows and of the rows before them.

Errors of a plant's signal last, so least squares on raw rows would trust slow columns too much and quick ones too
little; both sides less a share of the row before them have errors that are about independent (Cochrane and Orcutt, J.
American Statistical Association 44, 1949).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Stretch = tuple[Matrix, NDArray[np.bool_]]
"""Regressors and, last, what they explain [n, G + 1]; which rows were read [n]."""

PENALTY = 1e-3  # of a column's own variance
ROUNDS = 3
LARGEST = 0.98


@dataclass(frozen=True, slots=True, eq=False)
class Lagged:
    """Second moments [G + 1, G + 1] of rows, of the rows before them, and of the two, over ``count`` pairs."""

    now: Matrix
    across: Matrix
    before: Matrix
    count: int

    @classmethod
    def of(cls, stretches: Iterable[Stretch]) -> Lagged:
        now, before = (np.concatenate(part) for part in zip(*(_pairs(one, 1) for one in stretches), strict=True))
        count = max(len(now), 1)
        now, before = now - now.sum(axis=0) / count, before - before.sum(axis=0) / count
        return cls(now.T @ now / count, now.T @ before / count, before.T @ before / count, len(now))

    def weights(self, columns: int) -> Vector:
        """Coefficients [G] of the first ``columns`` regressors; those of the others are 0.

        >>> x = np.sin(np.arange(400.0))
        >>> rows = np.stack([x, np.cos(3.0 * x), 2.0 * x], axis=1)
        >>> Lagged.of([(rows, np.ones(400, np.bool_))]).weights(1).round(2).tolist()
        [2.0, 0.0]
        """
        share, found = 0.0, np.zeros(len(self.now) - 1)
        for _ in range(ROUNDS):
            both = self.now - share * (self.across + self.across.T) + share**2 * self.before
            gram, pull = both[:columns, :columns], both[:columns, -1]
            penalty = PENALTY * np.diag(gram) + 1e-9
            found[:columns] = np.linalg.solve(gram + np.diag(penalty), pull)
            share = self._share(found)
        return found

    def _share(self, weights: Vector) -> float:
        """How much of an error is left in the next one."""
        v = np.append(-weights, 1.0)
        size = np.sqrt(max(float(v @ self.now @ v) * float(v @ self.before @ v), 1e-18))
        return float(np.clip(v @ self.across @ v / size, 0.0, LARGEST))


def moved(stretches: Sequence[Stretch], leads: Iterable[int]) -> Matrix:
    """Mean second moments [G + 1, G + 1] of what rows have changed by after each lead, summed over the leads.

    With weights w and v = (-w, 1), v' M v is the squared error of a forecast that repeats the last error of the
    regression.
    """
    total = np.zeros((stretches[0][0].shape[1],) * 2)
    for lead in leads:
        change = np.concatenate([after - before for after, before in (_pairs(one, lead) for one in stretches)])
        total += change.T @ change / max(len(change), 1)
    return total


def parted(stretches: Sequence[Stretch], share: float) -> tuple[list[Stretch], list[Stretch]]:
    """The first ``share`` of the rows and the later ones."""
    left, early, late = round(share * sum(len(x) for x, _ in stretches)), [], []
    for x, known in stretches:
        cut = min(left, len(x))
        early.append((x[:cut], known[:cut]))
        late.append((x[cut:], known[cut:]))
        left -= cut
    return early, late


def _pairs(stretch: Stretch, lag: int) -> tuple[Matrix, Matrix]:
    """Rows and those ``lag`` before them, where both were read."""
    x, known = stretch
    first = max(len(x) - lag, 0)
    both = known[lag:] & known[:first]
    return x[lag:][both], x[:first][both]
