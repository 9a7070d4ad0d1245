"""Recording: one unbroken table out of a file, before it is put on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.quality import GOOD
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """M rows x C tags in order of ARRIVAL: times may repeat or step back, as the file has them.

    ``times`` int64 [M] UTC ns; ``values`` float64 [M, C], NaN for an empty cell; ``quality`` uint32 [M, C]
    StatusCodes or None for all good; ``label`` float64 [M] (0 normal, else abnormal, NaN unknown) or None;
    ``name`` says where it is from and ``asset`` which machine it is of.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    quality: NDArray[np.uint32] | None = None
    label: NDArray[np.float64] | None = None
    name: str = ""
    asset: str = ""

    def __post_init__(self) -> None:
        rows = len(self.times)
        if self.values.ndim != 2 or len(self.values) != rows:
            raise UsageError(f"values {self.values.shape} do not have {rows} rows", where=self.name)
        if self.quality is not None and self.quality.shape != self.values.shape:
            raise UsageError(f"quality {self.quality.shape} is not {self.values.shape}", where=self.name)
        if self.label is not None and self.label.shape != (rows,):
            raise UsageError(f"label {self.label.shape} is not ({rows},)", where=self.name)

    def series(self, tags: tuple[Tag, ...]) -> dict[str, Series]:
        """One series a column, still in order of arrival, all sharing one array of times."""
        if self.values.shape[1] != len(tags):
            raise UsageError(f"{self.values.shape[1]} columns for {len(tags)} tags", where=self.name)
        good = np.full(len(self.times), GOOD, np.uint32)
        return {tag.path: Series(tag.path, self.times, self.values[:, i],
                                 good if self.quality is None else self.quality[:, i])
                for i, tag in enumerate(tags)}
