"""What was read: tags, runs, labels, and every decision in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.timestamps import Times
from lineshaft.core.dataset import ABNORMAL, NORMAL, UNLABELLED
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

_BATCH_CELLS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Texts that stood where a number should: ``codes`` int32 [N] into ``words``, -1 where none stood."""

    codes: NDArray[np.int32]
    words: tuple[str, ...]

    def __getitem__(self, row: int) -> str | None:
        code = int(self.codes[row])
        return None if code < 0 else self.words[code]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One unbroken recording of one asset.

    ``times`` int64 [N] UTC ns in order (equal times in order of arrival), ``values`` float64 [N, C] NaN where
    no number stood, ``quality`` uint32 [N, C] StatusCodes. ``present`` bool [N, C] is False where the source
    had no sample at all (slower tags, joined files), None where every cell is one. ``texts`` by the tag's
    place; ``labels`` float64 [N] by column name, NaN where unknown.
    """

    name: str
    times: Times
    values: NDArray[np.float64]
    quality: NDArray[np.uint32]
    present: NDArray[np.bool_] | None = None
    texts: dict[int, Words] = field(default_factory=dict)
    labels: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)

    def marks(self, label: str) -> NDArray[np.int8]:
        """A label column as UNLABELLED, NORMAL (0) or ABNORMAL (any other number), int8 [N]."""
        column = self.labels[label]
        return np.where(np.isnan(column), UNLABELLED, np.where(column == 0, NORMAL, ABNORMAL)).astype(np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """An export as read. ``period_ns`` is the median step; ``labels`` names the label columns that were found
    (``label_words`` their texts by number); ``findings`` is one sentence a decision or problem.
    """

    tags: tuple[Tag, ...]
    runs: tuple[Run, ...]
    period_ns: int
    labels: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    timed: bool = True

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    @property
    def apart(self) -> bool:
        """Whether runs overlap in time, so that their samples need paths of their own (``<run>/<tag>``)."""
        spans = sorted((int(run.times[0]), int(run.times[-1])) for run in self.runs if len(run))
        return any(later[0] <= earlier[1] for earlier, later in pairwise(spans))

    def paths(self, run: Run) -> tuple[str, ...]:
        """The tag paths under which a run's samples go."""
        before = f"{run.name}/" if self.apart else ""
        return tuple(before + tag.path for tag in self.tags)

    def batches(self, rows: int = 0) -> Iterator[Samples]:
        """The samples run by run in order of time, ``rows`` rows a batch. A cell that never was a sample is
        left out; a bad or empty one comes with its quality."""
        rows = rows or max(1, _BATCH_CELLS // max(len(self.tags), 1))
        for run in self.runs:
            paths = self.paths(run)
            for start in range(0, len(run), rows):
                yield samples(run, paths, slice(start, start + rows))

    def to_samples(self) -> Samples:
        """All samples at once; 32 bytes each, so prefer ``batches`` for long files."""
        parts = list(self.batches())
        names = tuple(dict.fromkeys(tag for part in parts for tag in part.tags))
        place = {tag: i for i, tag in enumerate(names)}
        index = [np.array([place[tag] for tag in part.tags], np.int32)[part.index] for part in parts]
        texts = tuple(text for part in parts for text in part.text or (None,) * len(part))
        if not parts:
            return Samples.empty()
        return Samples(
            names,
            np.concatenate(index),
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.quality for part in parts]),
            texts if any(part.text for part in parts) else None,
        )


def samples(run: Run, paths: tuple[str, ...], rows: slice) -> Samples:
    """The samples of some rows of a run, row by row."""
    values = run.values[rows]
    there = np.ones(values.shape, np.bool_) if run.present is None else run.present[rows]
    row, column = np.nonzero(there)
    times = run.times[rows]
    return Samples(
        paths,
        column.astype(np.int32),
        times[row],
        values[row, column],
        run.quality[rows][row, column],
        _texts(run, rows, row, column),
    )


def _texts(
    run: Run, rows: slice, row: NDArray[np.intp], column: NDArray[np.intp]
) -> tuple[str | None, ...] | None:
    found = np.full(len(row), None, dtype=object)
    for place, words in run.texts.items():
        own = np.flatnonzero(column == place)
        codes = words.codes[rows][row[own]]
        for at in np.flatnonzero(codes >= 0).tolist():
            found[own[at]] = words.words[int(codes[at])]
    return tuple(found.tolist()) if any(text is not None for text in found) else None
