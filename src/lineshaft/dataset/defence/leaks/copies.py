"""Copies: rows that judge and, with the same values, teach."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.dataset.defence.evidence import Evidence, Leak, some

DIGITS = 6
FEWEST_MOVING = 3  # columns; rows of fewer values are alike by nature
MOST_BY_NATURE = 0.01


def find(evidence: Evidence) -> list[Leak]:
    """Judging rows whose values, to six digits, all stand in a teaching row too.

    A plant at rest repeats itself: where teaching rows are copies of each other as often, it is told as doubtful.
    """
    moving = np.nanstd(evidence.values, axis=0) > 0
    if moving.sum() < FEWEST_MOVING:
        return []
    keys = _keys(evidence.values[:, moving])
    teaching = keys[evidence.teaches]
    copied = evidence.judges & np.isin(keys, teaching)
    share = copied.sum() / evidence.judges.sum()
    by_nature = 1.0 - len(np.unique(teaching)) / len(teaching)
    if not copied.any():
        return []
    certain = bool(share > MOST_BY_NATURE and share > 2 * by_nature)
    what = (f"{int(copied.sum())} of {int(evidence.judges.sum())} judging rows ({share:.1%}) are copies of rows that "
            f"teach; among the teaching rows {by_nature:.1%} are copies")
    return [Leak("copies", certain, what, f"rows {', '.join(map(str, some(copied)[:5]))}",
                 "keep one of each, or put all copies on one side", int(copied.sum()), some(copied))]


def _keys(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """One number a row: equal for rows that are equal to six digits of each column's spread."""
    scale = np.nanstd(values, axis=0)
    places = np.where(np.isnan(values), 2.0**40, np.round((values - np.nanmean(values, axis=0)) / scale * 10**DIGITS))
    weights = np.random.default_rng(0).integers(1, 2**63, values.shape[1], dtype=np.uint64) | np.uint64(1)
    with np.errstate(over="ignore"):
        key: NDArray[np.uint64] = (places.astype(np.int64).astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64)
    return key
