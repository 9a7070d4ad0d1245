"""Which tags look like mode words, for those who did not say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag

FEWEST_VALUES, MOST_VALUES = 2, 12
DISCRETE_KINDS = frozenset({"bool", "int", "enum"})
SHORTEST_DWELL = 100  # ticks, in the median: a mode lasts, a flickering contact does not
LEAST_SHARE = 0.05  # of the rows, for each value
LEAST_VISITS = 2  # a value seen in one stretch only may be a step of anything


def detect_modes(dataset: Dataset, normal: NDArray[np.bool_]) -> tuple[str, ...]:
    """Paths of tags that clearly are mode words in the ``normal`` rows [N]; doubtful ones are left out.

    A mode word is whole-numbered (a tag of kind float has to look so), takes 2 to 12 values, each for at least
    5 % of the rows and in at least two stretches, and stays with a value for 100 ticks in the median.
    """
    rows = np.asarray(normal, np.bool_)
    return tuple(tag.path for column, tag in enumerate(dataset.tags)
                 if _is_mode_word(tag, dataset.values[rows, column], dataset.good[rows, column], dataset.run[rows]))


def _is_mode_word(tag: Tag, values: NDArray[np.float64], good: NDArray[np.bool_], run: NDArray[np.int32]) -> bool:
    known = good & np.isfinite(values)
    word, run = values[known], run[known]
    if tag.kind not in DISCRETE_KINDS | {"float"} or not len(word) or (word != np.round(word)).any():
        return False
    return lasting(word, run)


def lasting(word: NDArray[np.float64], run: NDArray[np.int32]) -> bool:
    """Whether values [N] over time are those of modes: few, each often enough, visited again, and kept for long."""
    kept, counts = np.unique(word, return_counts=True)
    if not FEWEST_VALUES <= len(kept) <= MOST_VALUES or counts.min() < LEAST_SHARE * len(word):
        return False
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(word) != 0) | (np.diff(run) != 0)]))
    dwell = np.diff([*starts.tolist(), len(word)])
    visits = np.array([(word[starts] == value).sum() for value in kept])
    return bool(np.median(dwell) >= SHORTEST_DWELL and (visits >= LEAST_VISITS).all())
