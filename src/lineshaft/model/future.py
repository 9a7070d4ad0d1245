"""What follows each row of a dataset: the targets of the task ``forecast``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.model.pipeline import run_spans

LONGEST_GAP = 24  # periods that a straight line may stand in for what was not read


def future(dataset: Dataset, columns: Sequence[int], ahead: Sequence[int]) -> NDArray[np.float64]:
    """Values [N, H * K] of the columns at the leads, those of the first lead first; NaN beyond the run or a long gap.

    A view without a copy where the leads are 1, 2, 3 and so on in a dataset of one run.

    >>> from lineshaft.core.tag import Tag
    >>> rows = Dataset.of(np.arange(8.0).reshape(4, 2), (Tag("a"), Tag("b")))
    >>> future(rows, (0, 1), (1, 2))[0]
    array([2., 3., 4., 5.])
    """
    reach, count = max(ahead), len(columns)
    bridged = np.full((len(dataset) + reach, count), np.nan)
    spans = run_spans(dataset.run)
    for start, stop in spans:
        for place, column in enumerate(columns):
            known = dataset.good[start:stop, column]
            bridged[start:stop, place] = _bridged(dataset.values[start:stop, column], known)
    if len(spans) == 1 and tuple(ahead) == tuple(range(1, reach + 1)):
        row = bridged.strides[0]
        return as_strided(bridged[1:], (len(dataset), reach * count), (row, bridged.itemsize), writeable=False)
    found = np.full((len(dataset), len(ahead), count), np.nan)
    for start, stop in spans:
        for place, lead in enumerate(ahead):
            found[start:max(stop - lead, start), place] = bridged[start + lead:max(stop, start + lead)]
    return found.reshape(len(dataset), -1)


def _bridged(x: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Short gaps between two known values as a straight line; longer ones and the ends are NaN."""
    places = np.flatnonzero(known)
    found = np.full(len(x), np.nan)
    if not len(places):
        return found
    rows = np.arange(len(x))
    after = np.searchsorted(places, rows).clip(0, len(places) - 1)
    gap = places[after] - places[np.maximum(after - 1, 0)] - 1
    inside = (rows >= places[0]) & (rows <= places[-1]) & (gap <= LONGEST_GAP)
    found[inside] = np.interp(rows[inside], places, x[places])
    return np.where(known, x, found)
