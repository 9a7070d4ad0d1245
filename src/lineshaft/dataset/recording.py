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
    ``name`` says where it is from and ``asset`` which machine it is of. ``present`` bool [M, C] is False where a
    slower tag had no sample in the row at all (None: every cell is a sample).
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    quality: NDArray[np.uint32] | None = None
    label: NDArray[np.float64] | None = None
    name: str = ""
    asset: str = ""
    present: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        rows = len(self.times)
        if self.values.ndim != 2 or len(self.values) != rows:
            raise UsageError(f"values {self.values.shape} do not have {rows} rows", where=self.name)
        if self.quality is not None and self.quality.shape != self.values.shape:
            raise UsageError(f"quality {self.quality.shape} is not {self.values.shape}", where=self.name)
        if self.present is not None and self.present.shape != self.values.shape:
            raise UsageError(f"present {self.present.shape} is not {self.values.shape}", where=self.name)
        if self.label is not None and self.label.shape != (rows,):
            raise UsageError(f"label {self.label.shape} is not ({rows},)", where=self.name)

    def series(self, tags: tuple[Tag, ...]) -> dict[str, Series]:
        """One series a column, still in order of arrival; columns without absent cells share one array of times."""
        if self.values.shape[1] != len(tags):
            raise UsageError(f"{self.values.shape[1]} columns for {len(tags)} tags", where=self.name)
        good = np.full(len(self.times), GOOD, np.uint32)
        return {tag.path: self._column(tag.path, i, good if self.quality is None else self.quality[:, i])
                for i, tag in enumerate(tags)}

    def _column(self, path: str, column: int, quality: NDArray[np.uint32]) -> Series:
        value = self.values[:, column]
        if self.present is None or bool(self.present[:, column].all()):
            return Series(path, self.times, value, quality)
        kept = self.present[:, column]
        return Series(path, self.times[kept], value[kept], quality[kept])
