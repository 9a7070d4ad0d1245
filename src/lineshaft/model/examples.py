"""Examples: a dataset with what is to be learnt from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """N rows of a dataset and their targets.

    ``target`` float64 [N, K], NaN where nothing is known (such rows pass, so that windows are warm, and teach
    nothing); for classes K is 1 and holds the number of the class. ``group`` int32 [N]: rows of one group (an asset, a
    bearing, a run to failure) never lie on both sides of a split. ``names`` are the classes in order of their numbers,
    or the K targets.

    >>> from lineshaft.core.tag import Tag
    >>> rows = Dataset.of(np.zeros((4, 1)), (Tag("a"),))
    >>> Examples(rows, np.array([[0.0], [1.0], [1.0], [np.nan]]), np.zeros(4, np.int32), ("good", "worn")).known.sum()
    np.int64(3)
    """

    dataset: Dataset
    target: NDArray[np.float64]
    group: NDArray[np.int32]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.target) != len(self.dataset) or self.target.ndim != 2 or len(self.group) != len(self.dataset):
            raise UsageError(f"target {self.target.shape} and group {self.group.shape} are not one entry for each of "
                             f"{len(self.dataset)} rows", where="Examples")

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows [N] whose target is known in full."""
        return np.asarray(np.isfinite(self.target).all(axis=1))

    def rows(self, keep: slice | NDArray[np.bool_] | NDArray[np.intp]) -> Examples:
        """The same at fewer rows."""
        return replace(self, dataset=self.dataset.rows(keep), target=self.target[keep], group=self.group[keep])
