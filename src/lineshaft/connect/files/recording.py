"""What one file holds once its cells are read, before runs and roles are settled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.numeric import Cells, joined
from lineshaft.connect.files.timestamps import Times

Rows = NDArray[np.intp] | NDArray[np.bool_] | slice


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column. ``name`` without its unit, ``unit`` UCUM, ``header`` as written, ``note`` its description.

    ``quality`` uint32 [N] where the source gave one; ``present`` bool [N], False where the source had no sample
    at all (files joined, long tables, slower tags), None where every row is one. ``label``: the file says so.
    """

    name: str
    cells: Cells
    unit: str = ""
    header: str = ""
    note: str = ""
    quality: NDArray[np.uint32] | None = None
    present: NDArray[np.bool_] | None = None
    label: bool = False

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, rows: Rows) -> Column:
        """The same column at other rows."""
        return replace(
            self,
            cells=self.cells.take(rows),
            quality=None if self.quality is None else self.quality[rows],
            present=None if self.present is None else self.present[rows],
        )

    def spread(self, place: NDArray[np.intp], rows: int) -> Column:
        """The column on a longer time axis: its rows go to ``place``, elsewhere there is no sample."""
        values, present = np.full(rows, np.nan), np.zeros(rows, np.bool_)
        values[place] = self.cells.values
        present[place] = True if self.present is None else self.present
        codes = quality = None
        if self.cells.codes is not None:
            codes = np.full(rows, -1, np.int32)
            codes[place] = self.cells.codes
        if self.quality is not None:
            quality = np.zeros(rows, np.uint32)
            quality[place] = self.quality
        return replace(
            self, cells=replace(self.cells, values=values, codes=codes), quality=quality, present=present
        )


@dataclass(frozen=True, eq=False)
class Recording:
    """Columns of equal length under one time axis; ``times`` None where the file has none.

    ``headed`` says whether the file named its columns; ``labelled`` that all of them are labels.
    """

    name: str
    columns: tuple[Column, ...]
    times: Times | None = None
    headed: bool = True
    labelled: bool = False

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)

    def take(self, rows: Rows) -> Recording:
        """The same columns at other rows."""
        return replace(
            self,
            columns=tuple(column.take(rows) for column in self.columns),
            times=None if self.times is None else self.times[rows],
        )

    def without(self, *names: str) -> Recording:
        """The recording less some columns."""
        return replace(self, columns=tuple(column for column in self.columns if column.name not in names))

    def column(self, name: str) -> Column:
        """The column of a name; ``KeyError`` where there is none."""
        return next(column for column in self.columns if column.name == name)


def distinct(times: Times) -> Times:
    """The different times in order; by sorting, as NumPy's ``unique`` hashes and is far slower on these."""
    order = np.sort(times)
    return order[np.append(True, order[1:] != order[:-1])] if len(order) else order


def absent(like: Column, rows: int) -> Column:
    """A column without a single sample."""
    return replace(like, cells=Cells(np.full(rows, np.nan)), quality=None, present=np.zeros(rows, np.bool_))


def below(parts: list[Recording], name: str) -> Recording:
    """Recordings of the same tags one after the other; a tag that one of them lacks has no sample there."""
    if len(parts) == 1:
        return replace(parts[0], name=name)
    known = {column.name: column for part in reversed(parts) for column in part.columns}
    names = dict.fromkeys(own for part in parts for own in part.names)
    times = (
        None
        if parts[0].times is None
        else np.concatenate([part.times for part in parts if part.times is not None])
    )
    return Recording(
        name,
        tuple(_stacked([_own(part, known[own]) for part in parts]) for own in names),
        times,
        parts[0].headed,
        parts[0].labelled,
    )


def _own(part: Recording, like: Column) -> Column:
    return part.column(like.name) if like.name in part.names else absent(like, len(part))


def _stacked(columns: list[Column]) -> Column:
    quality = present = None
    if any(column.quality is not None for column in columns):
        quality = np.concatenate(
            [np.zeros(len(c), np.uint32) if c.quality is None else c.quality for c in columns]
        )
    if any(column.present is not None for column in columns):
        present = np.concatenate(
            [np.ones(len(c), np.bool_) if c.present is None else c.present for c in columns]
        )
    first = next((column for column in columns if column.unit), columns[0])
    return replace(first, cells=joined([column.cells for column in columns]), quality=quality, present=present)
