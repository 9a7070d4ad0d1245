"""Dataset: an immutable, versioned selection of history on one time grid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag

UNLABELLED, NORMAL, ABNORMAL = -1, 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """N grid times x C tags.

    ``times`` int64 [N] UTC ns; ``values`` float64 [N, C], NaN where nothing was known; ``good`` bool [N, C],
    False where a value is missing, bad or stale (the value then stays as found); ``labels`` int8 [N] of
    UNLABELLED, NORMAL, ABNORMAL; ``run`` int32 [N], rows of one unbroken run of one asset share a number and
    state never crosses a change of it. ``version`` is the historian's, ``query`` what was asked of it.
    """

    tags: tuple[Tag, ...]
    period_ns: int
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    good: NDArray[np.bool_]
    labels: NDArray[np.int8]
    run: NDArray[np.int32]
    version: str = ""
    query: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows, columns = len(self.times), len(self.tags)
        if self.values.shape != (rows, columns) or self.good.shape != (rows, columns):
            raise UsageError(f"values {self.values.shape} and good {self.good.shape} are not "
                             f"[{rows}, {columns}]", where="Dataset")
        if len(self.labels) != rows or len(self.run) != rows:
            raise UsageError("labels and run need one entry a row", where="Dataset")

    @classmethod
    def of(cls, values: NDArray[np.float64], tags: tuple[Tag, ...], *, period_ns: int = 1_000_000_000,
           start: int = 0, run: NDArray[np.int32] | None = None) -> Dataset:
        """A dataset from a plain matrix; NaN counts as missing."""
        rows = len(values)
        return cls(tags, period_ns, start + np.arange(rows, dtype=np.int64) * period_ns,
                   np.asarray(values, np.float64), np.isfinite(values), np.full(rows, UNLABELLED, np.int8),
                   np.zeros(rows, np.int32) if run is None else run)

    def __len__(self) -> int:
        return len(self.times)

    def rows(self, keep: slice | NDArray[np.bool_] | NDArray[np.intp]) -> Dataset:
        """The same tags at fewer rows."""
        return replace(self, times=self.times[keep], values=self.values[keep], good=self.good[keep],
                       labels=self.labels[keep], run=self.run[keep])

    @property
    def digest(self) -> str:
        """``sha256:`` of content, tags and period: equal digests mean equal training data."""
        sha = hashlib.sha256(repr((self.tags, self.period_ns)).encode())
        for column in (self.times, np.where(np.isnan(self.values), np.nan, self.values), self.good,
                       self.labels, self.run):
            sha.update(np.ascontiguousarray(column).tobytes())
        return f"sha256:{sha.hexdigest()}"
