"""Change points: where the mean or the spread of tags changed, exactly and in linear time as a rule.

Killick, Fearnhead and Eckley, J. Am. Stat. Assoc. 107, 2012 (PELT), with the Gaussian cost of mean and variance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError

LEAST = 5  # rows between two changes: fewer have no spread
LEAST_VARIANCE = 1e-4  # of the tag's whole variance


def changes(values: NDArray[np.float64], strength: float = 3.0, least: int = LEAST) -> tuple[int, ...]:
    """Rows at which another stretch begins, of ``values`` [N, C]; NaN counts as the tag's median.

    A change must save ``strength`` times ln N nats a number that describes the stretch (2 C of them); more finds fewer.
    Successive rows are taken as independent given the stretch: average a slow signal over its memory first. Raises
    ``UsageError`` for fewer than two stretches' rows.

    >>> x = np.repeat([[0.0], [4.0], [0.0]], 60, axis=0) + np.random.default_rng(0).normal(size=(180, 1))
    >>> changes(x)
    (60, 120)
    """
    if values.ndim != 2 or len(values) < 2 * least:
        raise UsageError(f"{len(values)} rows hold no change point", where="changes", do="give a longer stretch")
    cost = _Cost(values)
    rows, penalty = len(values), strength * values.shape[1] * np.log(len(values))
    best = np.full(rows + 1, np.inf)
    best[0], last = -penalty, np.zeros(rows + 1, np.int64)
    open_starts = np.array([0])
    for stop in range(least, rows + 1):
        starts = open_starts[open_starts <= stop - least]
        totals = best[starts] + cost(starts, stop) + penalty
        place = int(np.argmin(totals))
        best[stop], last[stop] = totals[place], starts[place]
        hopeless = starts[totals - penalty > best[stop]]
        open_starts = np.append(np.setdiff1d(open_starts, hopeless, assume_unique=True), stop - least + 1)
    return _back(last, rows)


def _back(last: NDArray[np.int64], stop: int) -> tuple[int, ...]:
    found: list[int] = []
    while stop > 0:
        stop = int(last[stop])
        found.append(stop)
    return tuple(sorted(row for row in found if row > 0))


class _Cost:
    """Twice the shortest negative log-likelihood of rows start to stop, up to a constant a row."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        filled = np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
        spread = filled.std(axis=0)
        z = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        zero = np.zeros((1, z.shape[1]))
        self.sums = np.concatenate([zero, np.cumsum(z, axis=0)])
        self.squares = np.concatenate([zero, np.cumsum(z**2, axis=0)])

    def __call__(self, starts: NDArray[np.int64], stop: int) -> NDArray[np.float64]:
        count = (stop - starts)[:, None]
        mean = (self.sums[stop] - self.sums[starts]) / count
        variance = (self.squares[stop] - self.squares[starts]) / count - mean**2
        return np.asarray((count * np.log(np.maximum(variance, LEAST_VARIANCE))).sum(axis=1))
