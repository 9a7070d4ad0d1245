"""Reliability: whether what a model says of its own certainty comes true (Murphy and Winkler, Appl. Stat. 26, 1977)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.conformal import upper_quantile

Matrix = NDArray[np.float64]
BINS = 10
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Mark:
    """One point of the curve: the certainty that was ``said``, and how often it was right, over ``rows`` rows."""

    said: float
    found: float
    rows: int


def of_classes(value: Matrix, kind: NDArray[np.integer], bins: int = BINS) -> tuple[Mark, ...]:
    """Probability of the likeliest class (of ``value`` [N, V]) in bins of equal width, against ``kind`` [N].

    >>> of_classes(np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7]]), np.array([0, 1, 1]), bins=2)
    (Mark(said=0.8333333333333334, found=0.6666666666666666, rows=3),)
    """
    top, right = value.max(axis=1), value.argmax(axis=1) == kind
    place = np.minimum((top * bins).astype(int), bins - 1)
    return tuple(Mark(float(top[here].mean()), float(right[here].mean()), int(here.sum()))
                 for here in (place == k for k in range(bins)) if here.any())


def of_intervals(size: Matrix, fresh: Matrix, group: NDArray[np.integer], fresh_group: NDArray[np.integer],
                 levels: Sequence[float] = LEVELS) -> tuple[Mark, ...]:
    """Intervals of several stated coverages, set on some rows and counted on others.

    ``size`` [N, V] and ``fresh`` [M, V] are errors in units of the model's own interval; every group weighs alike.
    """
    _, code, count = np.unique(fresh_group, return_inverse=True, return_counts=True)
    weight = 1.0 / count[code] / len(count)
    inside = [(fresh <= upper_quantile(size, group, level)).mean(axis=1) for level in levels]
    return tuple(Mark(level, float(held @ weight), len(fresh)) for level, held in zip(levels, inside, strict=True))


def calibration_error(marks: Sequence[Mark]) -> float:
    """Expected calibration error: mean distance of found from said, by rows (Naeini et al., AAAI 2015).

    >>> calibration_error([Mark(0.9, 0.8, 30), Mark(0.6, 0.6, 10)]).__round__(3)
    0.075
    """
    rows = np.array([mark.rows for mark in marks], np.float64)
    return float(np.abs([mark.said - mark.found for mark in marks]) @ rows / rows.sum())


def drawn(marks: Sequence[Mark], width: int = 20) -> list[str]:
    """A row of Markdown for each mark, with a bar.

    >>> drawn([Mark(0.9, 0.85, 40)], width=10)
    ['| 90 % | 85 % | `########..` | 40 |']
    """
    return [f"| {mark.said * 100:.0f} % | {mark.found * 100:.0f} % "
            f"| `{'#' * round(mark.found * width - 1e-9):.<{width}}` | {mark.rows} |" for mark in marks]
