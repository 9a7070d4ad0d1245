"""Sample: (tag, source time, value, quality), alone and in columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one tag; ``time`` is the SOURCE time in UTC nanoseconds, ``quality`` a StatusCode.

    ``text`` carries what is no number (a comment, a name); ``value`` is then NaN.
    """

    tag: str
    time: int
    value: float
    quality: int = 0
    text: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples in columns, in order of arrival: what connectors give and the historian takes.

    ``tags`` are paths; ``index`` int32 [N] points into them; ``time`` int64 [N]; ``value`` float64 [N];
    ``quality`` uint32 [N]; ``text`` is None or N entries of ``str | None``.
    """

    tags: tuple[str, ...]
    index: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint32]
    text: tuple[str | None, ...] | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.index), len(self.time), len(self.value), len(self.quality)}
        if len(lengths) != 1 or (self.text is not None and len(self.text) not in lengths):
            raise UsageError(f"columns of different lengths {sorted(lengths)}", where="Samples")

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Sample]:
        texts = self.text or (None,) * len(self)
        for i, t, v, q, s in zip(self.index.tolist(), self.time.tolist(), self.value.tolist(),
                                 self.quality.tolist(), texts, strict=True):
            yield Sample(self.tags[i], t, v, q, s)

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Samples:
        """Columns from single samples.

        >>> [s.tag for s in Samples.of([Sample("a", 1, 2.0), Sample("b", 1, 3.0), Sample("a", 2, 4.0)])]
        ['a', 'b', 'a']
        """
        rows = list(samples)
        names = tuple(dict.fromkeys(row.tag for row in rows))
        place = {tag: i for i, tag in enumerate(names)}
        texts = tuple(row.text for row in rows)
        return cls(
            names,
            np.array([place[row.tag] for row in rows], np.int32),
            np.array([row.time for row in rows], np.int64),
            np.array([row.value for row in rows], np.float64),
            np.array([row.quality for row in rows], np.uint32),
            texts if any(text is not None for text in texts) else None,
        )

    @classmethod
    def row(cls, tags: Sequence[str], time: int, values: NDArray[np.float64],
            quality: NDArray[np.uint32] | None = None) -> Samples:
        """One value of every tag at one time: the shape of a batched read."""
        count = len(tags)
        return cls(tuple(tags), np.arange(count, dtype=np.int32), np.full(count, time, np.int64),
                   np.asarray(values, np.float64),
                   np.zeros(count, np.uint32) if quality is None else np.asarray(quality, np.uint32))

    @classmethod
    def rows(cls, tags: Sequence[str], times: NDArray[np.int64], values: NDArray[np.float64],
             quality: NDArray[np.uint32] | None = None) -> Samples:
        """A value of every tag at each of ``times`` [T]; ``values`` and ``quality`` are [T, tags].

        >>> [(s.tag, s.time, s.value) for s in Samples.rows("ab", np.array([5, 6]), np.array([[1.0, 2.0], [3.0, 4.0]]))]
        [('a', 5, 1.0), ('b', 5, 2.0), ('a', 6, 3.0), ('b', 6, 4.0)]
        """
        count = len(tags)
        return cls(tuple(tags), np.tile(np.arange(count, dtype=np.int32), len(times)),
                   np.repeat(np.asarray(times, np.int64), count), np.asarray(values, np.float64).reshape(-1),
                   np.zeros(len(times) * count, np.uint32) if quality is None
                   else np.asarray(quality, np.uint32).reshape(-1))

    @classmethod
    def empty(cls) -> Samples:
        """No samples."""
        return cls((), np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint32))
