"""Recent: the rows that wait in SQLite, mirrored in memory so that the newest values cost microseconds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.sample import Sample
from lineshaft.historian.rows import Rows, reserve

_FIRST_LOOK = 4096


class Recent:
    """Rows ``first < arrival <= last`` in order of arrival, in arrays that grow by doubling."""

    def __init__(self, first: int = 0) -> None:
        self.first = self.last = first
        self._columns = reserve(1024)
        self._text: dict[int, str] = {}
        self._in_order = True
        self._by_time: tuple[NDArray[np.intp] | None, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return self.last - self.first

    def add(self, rows: Rows) -> None:
        """Append rows that arrived next."""
        start, stop = len(self), len(self) + len(rows)
        if stop > len(self._columns.time):
            grown = reserve(2 * stop)
            _copy(self._rows(), grown, 0)
            self._columns = grown
        _copy(rows, self._columns, start)
        self._text.update(rows.text)
        fresh = self._columns.time[max(start - 1, 0):stop]
        self._in_order = self._in_order and bool((fresh[1:] >= fresh[:-1]).all())
        self._by_time = None
        self.last += len(rows)

    def after(self, upto: int) -> Recent:
        """The rows that arrived after ``upto``: what is left when those before were handed over."""
        left = Recent(max(upto, self.first))
        kept = self._rows().take(self._rows().arrival > upto)
        left.add(Rows(kept.tag, kept.time, kept.value, kept.quality, kept.arrival,
                      {number: text for number, text in self._text.items() if number > upto}))
        return left

    def window(self, tags: Iterable[int], start: int, end: int, last: int) -> Rows:
        """Copies of the rows of ``tags`` with ``start <= time < end`` and arrival up to ``last``."""
        rows = self._rows()
        inside = (rows.time >= start) & (rows.time < end) & (rows.arrival <= last)
        inside &= np.isin(rows.tag, np.fromiter(tags, np.int32))
        found = rows.take(inside)
        return Rows(found.tag, found.time, found.value, found.quality, found.arrival, dict(self._text))

    def since(self, arrival: int, limit: int) -> Rows:
        """Copies of at most ``limit`` rows after number ``arrival``, which is not before ``first``."""
        part = slice(arrival - self.first, min(arrival - self.first + limit, len(self)))
        held = self._columns
        numbers = range(arrival + 1, self.first + part.stop + 1)
        return Rows(held.tag[part].copy(), held.time[part].copy(), held.value[part].copy(),
                    held.quality[part].copy(), held.arrival[part].copy(),
                    {number: self._text[number] for number in numbers if number in self._text} if self._text else {})

    def sample(self, path: str, at: int) -> Sample:
        """The row that ``newest`` found, as a sample of ``path``."""
        held = self._columns
        return Sample(path, int(held.time[at]), float(held.value[at]), int(held.quality[at]),
                      self._text.get(int(held.arrival[at])) if self._text else None)

    def time(self, at: int) -> int:
        """The source time of the row that ``newest`` found."""
        return int(self._columns.time[at])

    def newest(self, tags: Iterable[int], time: int, last: int) -> dict[int, int]:
        """Row index of the newest sample at or before ``time`` of each tag, arrivals up to ``last`` only.

        Looks back from ``time`` in growing stretches, so the cost follows how long the slowest of the tags was
        silent and not how much is stored.
        """
        wanted = np.fromiter(tags, np.int64)
        rows, (order, times) = self._rows(), self._ordered()
        stop = int(np.searchsorted(times, time, "right"))
        found = np.full(max(int(wanted.max(initial=0)), int(rows.tag.max(initial=0))) + 1, -1)
        look = _FIRST_LOOK
        while stop > 0 and (found[wanted] < 0).any():
            start = max(stop - look, 0)
            piece = np.arange(start, stop) if order is None else order[start:stop]
            piece = piece[(rows.arrival[piece] <= last) & (found[rows.tag[piece]] < 0)]
            found[rows.tag[piece]] = piece  # of repeated tags the last assignment stays: the newest
            stop, look = start, look * 8
        return {int(tag): int(found[tag]) for tag in wanted if found[tag] >= 0}

    def _rows(self) -> Rows:
        held, count = self._columns, len(self)
        return Rows(held.tag[:count], held.time[:count], held.value[:count], held.quality[:count],
                    held.arrival[:count], self._text)

    def _ordered(self) -> tuple[NDArray[np.intp] | None, NDArray[np.int64]]:
        """Indices in order of (time, arrival), None where that is the order of arrival; and the times so."""
        times = self._rows().time
        if self._in_order:
            return None, times
        if self._by_time is None:
            order = np.argsort(times, kind="stable")
            self._by_time = (order, times[order])
        return self._by_time


def _copy(source: Rows, target: Rows, at: int) -> None:
    stop = at + len(source)
    target.tag[at:stop], target.time[at:stop] = source.tag, source.time
    target.value[at:stop], target.quality[at:stop] = source.value, source.quality
    target.arrival[at:stop] = source.arrival
