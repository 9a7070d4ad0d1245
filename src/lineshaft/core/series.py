"""Series: the history of one tag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One tag's samples in order of source time (equal times keep their order of arrival).

    ``time`` int64 [N] UTC nanoseconds, ``value`` float64 [N], ``quality`` uint32 [N] StatusCodes;
    ``text`` is None or N entries.
    """

    tag: str
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint32]
    text: tuple[str | None, ...] | None = None

    def __post_init__(self) -> None:
        if not len(self.time) == len(self.value) == len(self.quality):
            raise UsageError("columns of different lengths", where=self.tag)

    def __len__(self) -> int:
        return len(self.time)
