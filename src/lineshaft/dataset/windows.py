"""Windows over a dataset's rows: views, never copies, never across runs or holes in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """``values`` [N-w+1, w, C] and ``good`` likewise are read-only VIEWS: oldest row of a window first.

    ``starts`` intp [K] are the windows that lie in one run; ``run`` their run numbers. Indexing ``values`` with
    ``starts`` copies; iterating gives one view a stretch without copying.
    """

    values: NDArray[np.float64]
    good: NDArray[np.bool_]
    starts: NDArray[np.intp]
    run: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
        edges = np.flatnonzero((np.diff(self.starts) > 1) | (np.diff(self.run) != 0)) + 1
        for part in np.split(self.starts, edges):
            if len(part):
                inside = slice(int(part[0]), int(part[-1]) + 1)
                yield self.values[inside], self.good[inside]


def windows(data: Dataset, width: int) -> Windows:
    """Every window of ``width`` rows that follow each other in one run.

    >>> from lineshaft.core.tag import Tag
    >>> data = Dataset.of(np.arange(5.0)[:, None], (Tag("a"),), run=np.array([0, 0, 0, 1, 1], np.int32))
    >>> found = windows(data, 2)
    >>> found.values[found.starts, :, 0].tolist()
    [[0.0, 1.0], [1.0, 2.0], [3.0, 4.0]]
    """
    if width < 1:
        raise UsageError(f"a window of {width} rows is empty", do="give a width of at least 1")
    count = max(len(data) - width + 1, 0)
    if not count:
        shape = (0, width, len(data.tags))
        return Windows(np.empty(shape), np.empty(shape, np.bool_), np.empty(0, np.intp), np.empty(0, np.int32))
    # Counting breaks, not comparing run numbers: rows that a split or a gap took out leave the number equal.
    breaks = (data.run[1:] != data.run[:-1]) | (np.diff(data.times) != data.period_ns)
    block = np.concatenate([[0], np.cumsum(breaks)])
    starts = np.flatnonzero(block[:count] == block[width - 1:])
    return Windows(_view(data.values, width), _view(data.good, width), starts, data.run[starts])


def _view(rows: NDArray[T], width: int) -> NDArray[T]:
    return sliding_window_view(rows, width, axis=0).swapaxes(1, 2)
