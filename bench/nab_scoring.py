"""NAB's score, written to its definition: windows, one sigmoid, three profiles, one threshold, two anchors.

Lavin and Ahmad, ICMLA 2015 (arXiv:1510.03336), and the repository's ``sweeper`` in words:

- Rows of the probation, the first min(floor(0.15 n), 750), count for nothing.
- A window counts once, by its earliest worth: the greatest S(p) / S(-1) of its detected rows, ``-fn`` with none.
- A detected row outside windows costs ``fp`` times -S(p), p counted from the end of the window before it; 1 before the
  first.
- 100 is every window at its first row and nothing else; 0 is silence.

The official threshold is the one that scores best on the very rows that are scored. ``best_threshold`` of one half and
``normalised`` of the other tell what a threshold is worth that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
PROBATION_SHARE, LONGEST_PROBATION = 0.15, 5000 * 0.15
NEVER = np.inf


@dataclass(frozen=True)
class Profile:
    """Weights of a true window, of a false row, and of a missed window."""

    tp: float
    fp: float
    fn: float


@dataclass(frozen=True)
class Series:
    """What one file is to the scorer: worth of each row if it is detected, and the window that it lies in (or -1)."""

    worth: Vector
    window: NDArray[np.int64]
    scored: NDArray[np.bool_]
    windows: int

    @classmethod
    def of(cls, rows: int, windows: Sequence[tuple[int, int]]) -> Series:
        """``windows`` are (first, last) row numbers, both included, in order."""
        worth, window = np.full(rows, -1.0), np.full(rows, -1, np.int64)
        for number, (first, last) in enumerate(windows):
            width = last - first + 1
            inside = np.arange(first, last + 1)
            worth[inside] = sigmoid((inside - last - 1) / width) / sigmoid(np.array(-1.0))
            window[inside] = number
            after = np.arange(last + 1, rows)
            worth[after] = sigmoid((after - last) / max(width - 1, 1))
        return cls(worth, window, np.arange(rows) >= probation(rows), len(windows))


def sigmoid(place: Vector) -> Vector:
    """Worth of a detection: 0.987 at -1, the first row of a window; 0 at its end; -1 from 3 widths after it."""
    inside = 2.0 / (1.0 + np.exp(5.0 * np.minimum(place, 3.0))) - 1.0
    return np.asarray(np.where(place > 3.0, -1.0, inside), np.float64)


def probation(rows: int) -> int:
    """Rows at the start that are not scored.

    >>> probation(4032), probation(22695)
    (604, 750)
    """
    return int(min(np.floor(PROBATION_SHARE * rows), LONGEST_PROBATION))


def raw(series: Sequence[Series], scores: Sequence[Vector], threshold: float, profile: Profile) -> float:
    """The corpus score with every row of at least ``threshold`` detected."""
    steps, gains = _gains(series, scores, profile)
    return _silence(series, profile) + float(gains[steps >= threshold].sum())


def best_threshold(series: Sequence[Series], scores: Sequence[Vector], profile: Profile) -> float:
    """The threshold with the greatest ``raw`` score; ``NEVER`` where silence is better than any."""
    steps, gains = _gains(series, scores, profile)
    order = np.argsort(-steps, kind="stable")
    steps, total = steps[order], np.cumsum(gains[order])
    last_of_equals = np.flatnonzero(np.append(steps[1:] != steps[:-1], True)) if len(steps) else np.empty(0, np.intp)
    if not len(steps) or total[last_of_equals].max() <= 0.0:
        return NEVER
    return float(steps[last_of_equals[total[last_of_equals].argmax()]])


def normalised(series: Sequence[Series], scores: Sequence[Vector], threshold: float, profile: Profile) -> float:
    """0 for silence, 100 for a perfect detector."""
    silence, perfect = _silence(series, profile), profile.tp * sum(s.windows for s in series)
    return 100.0 * (raw(series, scores, threshold, profile) - silence) / max(perfect - silence, 1e-30)


def _silence(series: Sequence[Series], profile: Profile) -> float:
    return -profile.fn * sum(len(np.unique(s.window[s.scored & (s.window >= 0)])) for s in series)


def _gains(series: Sequence[Series], scores: Sequence[Vector], profile: Profile) -> tuple[Vector, Vector]:
    """(score, what the corpus score gains once the threshold falls to it), over all rows that count."""
    parts = [_of_one(one, score, profile) for one, score in zip(series, scores, strict=True)]
    return np.concatenate([s for s, _ in parts]), np.concatenate([g for _, g in parts])


def _of_one(one: Series, score: Vector, profile: Profile) -> tuple[Vector, Vector]:
    order = np.flatnonzero(one.scored)
    order = order[np.argsort(-score[order], kind="stable")]
    gain = one.worth[order] * profile.fp
    for number in range(one.windows):
        inside = np.flatnonzero(one.window[order] == number)
        if len(inside):
            best = np.maximum.accumulate(one.worth[order[inside]] * profile.tp)
            gain[inside] = np.diff(best, prepend=-profile.fn)
    return score[order], gain
