"""One tag's samples made ready for the checks: in order of time, with what may be used marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.quality import usable
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.dataset.align import is_number

MOST_SPANS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """N samples of one tag over all runs. ``missing`` no number, ``bad`` by StatusCode, ``good`` neither.

    ``first`` is True at the first sample of each run; ``kept`` are the places of the good samples and
    ``value`` their values [G], with ``edge`` [G] True where a good sample opens a run.
    """

    tag: Tag
    time: NDArray[np.int64]
    missing: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    first: NDArray[np.bool_]
    kept: NDArray[np.intp]
    value: NDArray[np.float64]
    edge: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time)

    @property
    def good_time(self) -> NDArray[np.int64]:
        """Times of the good samples."""
        return self.time[self.kept]


def column(tag: Tag, runs: Sequence[Series], orders: Sequence[NDArray[np.intp] | slice]) -> Column:
    """Runs one behind the other; ``orders`` sort each by time (shared by tags that share their times)."""
    time = np.concatenate([one.time[order] for one, order in zip(runs, orders, strict=True)])
    value = np.concatenate([one.value[order] for one, order in zip(runs, orders, strict=True)])
    code = np.concatenate([one.quality[order] for one, order in zip(runs, orders, strict=True)])
    run = np.repeat(np.arange(len(runs)), [len(one) for one in runs])
    bad = ~usable(code)
    missing = ~bad & ~is_number(value)
    kept = np.flatnonzero(~bad & ~missing)
    return Column(tag, time, missing, bad, _changes(run), kept, value[kept], _changes(run[kept]))


def _changes(number: NDArray[np.intp]) -> NDArray[np.bool_]:
    first = np.ones(len(number), np.bool_)
    first[1:] = number[1:] != number[:-1]
    return first


def stretches(mask: NDArray[np.bool_], first: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last place of every unbroken stretch of True; a run's begin breaks one.

    >>> stretches(np.array([True, True, False, True]), np.array([True, False, False, False]))
    (array([0, 3]), array([1, 3]))
    """
    before = np.concatenate([[False], mask[:-1]]) & ~first
    after = np.concatenate([mask[1:] & ~first[1:], [False]])
    return np.flatnonzero(mask & ~before), np.flatnonzero(mask & ~after)


def longest(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """The longest spans, at most ``MOST_SPANS``, in order of time."""
    keep = np.sort(np.argsort(starts - ends, kind="stable")[:MOST_SPANS])
    return tuple(zip(starts[keep].tolist(), ends[keep].tolist(), strict=True))


def spans(mask: NDArray[np.bool_], time: NDArray[np.int64], first: NDArray[np.bool_]
          ) -> tuple[tuple[int, int], ...]:
    """The stretches of True as times."""
    begin, end = stretches(mask, first)
    return longest(time[begin], time[end])
