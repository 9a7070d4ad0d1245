"""What a check of training data looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A table before it is learnt from, in the order in which it was recorded.

    ``values`` float64 [N, F], NaN where nothing is known, of columns ``names``; ``judges`` bool [N] marks the rows that
    validate or test, the others teach; ``label`` int64 [N] the class, -1 where unknown, or None; ``run`` int32 [N] the
    recording (file, unit) of a row; ``times`` int64 [N] UTC ns or None; ``groups`` columns of codes [N] whose rows
    belong together (asset, bearing, exposure).
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    judges: Rows
    run: NDArray[np.int32]
    label: NDArray[np.int64] | None = None
    times: NDArray[np.int64] | None = None
    groups: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = len(self.values)
        optional = [column for column in (self.label, self.times) if column is not None]
        columns = [self.judges, self.run, *self.groups.values(), *optional]
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names) or any(len(c) != rows for c in columns):
            raise UsageError(f"the columns do not all have {rows} rows", where="Evidence")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def teaches(self) -> Rows:
        return ~self.judges

    def class_name(self, code: int) -> str:
        return self.classes[code] if 0 <= code < len(self.classes) else str(code)


@dataclass(frozen=True, slots=True)
class Leak:
    """One way by which a figure would look better than it is.

    ``kind`` is the detector's name; ``certain`` says that it fails a build, else a person should look. ``what`` is the
    fact, ``where`` the columns, groups or rows, ``do`` the way out; ``rows`` how many judging rows it concerns, at
    most 20 ``places`` of them (row numbers from 0).
    """

    kind: str
    certain: bool
    what: str
    where: str
    do: str
    rows: int
    places: tuple[int, ...] = ()


def some(rows: Rows) -> tuple[int, ...]:
    """The first 20 marked rows."""
    return tuple(int(place) for place in np.flatnonzero(rows)[:20])
