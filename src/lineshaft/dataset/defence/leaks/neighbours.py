"""Neighbours: a random split of rows that follow each other, so every judging row has its like among the teachers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.dataset.defence.evidence import Evidence, Leak, some

LEAST_MEMORY = 3.0  # rows; less is as good as independent
LEAST_SHARE = 0.05
FEWEST = 30


def find(evidence: Evidence) -> list[Leak]:
    """Judging rows nearer to a teaching row of the same recording than columns remember.

    Certain where half of the columns or more remember; with fewer, a look is advised: they may tell the time.
    """
    memory = _memory(evidence)
    slow = memory >= LEAST_MEMORY
    if not slow.any():
        return []
    reach = float(np.median(memory[slow]))
    near = evidence.judges & (_distance(evidence) < reach)
    share = near.sum() / evidence.judges.sum()
    if share < LEAST_SHARE:
        return []
    names = [name for name, remembers in zip(evidence.names, slow.tolist(), strict=True) if remembers]
    what = (f"{share:.0%} of the judging rows stand within {reach:.0f} rows of one that teaches, and {len(names)} of "
            f"{len(slow)} columns resemble themselves for as long")
    return [Leak("neighbours", bool(slow.mean() >= 0.5), what, ", ".join(names[:5]),
                 f"split by time or by recording, and leave at least {reach:.0f} rows out between the sides",
                 int(near.sum()), some(near))]


def _memory(evidence: Evidence) -> NDArray[np.float64]:
    """Rows [F] for which each column remembers: (1 + r) / (1 - r) of its correlation r with the row before."""
    follows = np.flatnonzero(np.diff(evidence.run) == 0)
    now, before = evidence.values[follows + 1], evidence.values[follows]
    return np.array([_remembered(now[:, column], before[:, column]) for column in range(evidence.values.shape[1])])


def _remembered(now: NDArray[np.float64], before: NDArray[np.float64]) -> float:
    both = np.isfinite(now) & np.isfinite(before)
    if both.sum() < FEWEST or now[both].std() == 0 or before[both].std() == 0:
        return 1.0
    r = float(np.clip(np.corrcoef(now[both], before[both])[0, 1], 0.0, 0.9999))
    return (1 + r) / (1 - r)


def _distance(evidence: Evidence) -> NDArray[np.float64]:
    """Rows [N] to the nearest teaching row of the same recording; infinite where there is none."""
    found = np.full(len(evidence), np.inf)
    for number in np.unique(evidence.run):
        rows = np.flatnonzero(evidence.run == number)
        teaching = np.flatnonzero(evidence.teaches[rows])
        if len(teaching):
            after = np.searchsorted(teaching, np.arange(len(rows)))
            left, right = teaching[(after - 1).clip(0)], teaching[after.clip(0, len(teaching) - 1)]
            place = np.arange(len(rows))
            found[rows] = np.minimum(np.abs(place - left), np.abs(place - right))
    return found
