"""Memory: the historian as plain lists: the reference that the others are held against, and the fake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from uuid import uuid4

import numpy as np

from lineshaft.core.columns import Columns
from lineshaft.core.quality import Severity, severity
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.core.tail import TAIL_ROWS, Tail
from lineshaft.historian.check import check_path, check_samples, check_since
from lineshaft.historian.grid import Grid
from lineshaft.historian.version import last_arrival, name_version


class MemoryHistorian:
    """Satisfies ``core.store.Historian`` for as long as the process lives.

    >>> historian = MemoryHistorian()
    >>> [historian.append(Samples.of([Sample("flow", 1, 2.0)]), key="batch 1") for attempt in range(2)]
    [True, False]
    >>> historian.read(["flow"], 0, 10)["flow"].value.tolist()
    [2.0]
    """

    def __init__(self) -> None:
        self._name = uuid4().hex[:12]
        self._samples: list[Sample] = []
        self._tags: dict[str, Tag] = {}
        self._keys: set[str] = set()

    def register(self, tags: Sequence[Tag]) -> None:
        """Remember or update what is known of these tags."""
        for tag in tags:
            check_path(tag.path)
        self._tags.update((tag.path, tag) for tag in tags)

    def tags(self) -> tuple[Tag, ...]:
        """All tags by path."""
        return tuple(self._tags[path] for path in sorted(self._tags))

    def append(self, samples: Samples, *, key: str | None = None) -> bool:
        """False where a batch of this ``key`` was stored before."""
        check_samples(samples)
        if key is not None and key in self._keys:
            return False
        for path in samples.tags:
            check_path(path)
        for path in samples.tags:
            self._tags.setdefault(path, Tag(path))
        self._samples.extend(samples)
        if key is not None:
            self._keys.add(key)
        return True

    def _of(self, path: str, version: str | None) -> list[Sample]:
        """The samples of one tag by source time, equal times in order of arrival."""
        stored = self._samples[:last_arrival(version, self._name, len(self._samples))]
        return sorted((sample for sample in stored if sample.tag == path), key=lambda sample: sample.time)

    def read(self, tags: Sequence[str], start: int, end: int, *,
             version: str | None = None) -> Mapping[str, Series]:
        """Samples with ``start <= source time < end`` of each tag."""
        return {path: _series(path, [s for s in self._of(path, version) if start <= s.time < end])
                for path in tags}

    def as_of(self, tags: Sequence[str], time: int, *, version: str | None = None) -> Mapping[str, Sample]:
        """The newest sample at or before ``time`` of each tag that has one."""
        past = {path: [s for s in self._of(path, version) if s.time <= time] for path in tags}
        return {path: samples[-1] for path, samples in past.items() if samples}

    def columns(self, tags: Sequence[str], start: int, end: int, count: int) -> Mapping[str, Columns]:
        """Every column from its own samples."""
        grid = Grid.over(start, end, count)
        read = self.read(tags, grid.start, grid.end)
        return {path: _columns(series, grid.step) for path, series in read.items()}

    def arrived(self) -> int:
        """The number of the last sample."""
        return len(self._samples)

    def since(self, arrival: int, *, limit: int = TAIL_ROWS) -> Tail:
        """At most ``limit`` samples that arrived after number ``arrival``."""
        check_since(arrival, limit, len(self._samples))
        fresh = self._samples[arrival:arrival + limit]
        return Tail(Samples.of(fresh), arrival + len(fresh))

    def version(self) -> str:
        """A name of exactly what is stored now."""
        return name_version(self._name, len(self._samples))

    def compact(self) -> None:
        """Nothing to merge in a list."""

    def close(self) -> None:
        """Nothing to release."""


def _columns(series: Series, step: int) -> Columns:
    """Sample by sample as ``core.columns`` says it, in the plainest way."""
    columns: dict[int, list[tuple[int, float, int]]] = {}
    for time, value, quality in zip(series.time.tolist(), series.value.tolist(), series.quality.tolist(), strict=True):
        columns.setdefault(max(time // step * step, -(2**63)), []).append((time, value, quality))
    rows = [(start, *_points([one for one in inside if severity(one[2]) < Severity.BAD and isfinite(one[1])]),
             len(inside), sum(severity(one[2]) == Severity.BAD for one in inside), max(one[2] for one in inside))
            for start, inside in columns.items()]
    kinds = (np.int64, *(np.int64, np.float64) * 4, np.int64, np.int64, np.uint32)
    given = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return Columns(series.tag, step, *(np.array(column, kind) for column, kind in zip(given, kinds, strict=True)))


def _points(usable: list[tuple[int, float, int]]) -> list[float]:
    """Time and value of the first, the last, the lowest and the highest; NaN at time 0 of nothing."""
    if not usable:
        return [0, nan] * 4
    chosen = (usable[0], usable[-1], min(usable, key=lambda one: one[1]), max(usable, key=lambda one: one[1]))
    return [part for time, value, _ in chosen for part in (time, value)]


def _series(path: str, samples: list[Sample]) -> Series:
    texts = tuple(sample.text for sample in samples)
    return Series(path, np.array([s.time for s in samples], np.int64), np.array([s.value for s in samples]),
                  np.array([s.quality for s in samples], np.uint32),
                  texts if any(text is not None for text in texts) else None)
