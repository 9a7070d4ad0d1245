"""Pieces: what is kept of all samples of a tag in a stretch of time, so that no chart needs the samples.

A piece is of some samples of one tag whose times lie in one stretch; pieces of other samples of the same stretch,
or of neighbouring stretches, combine to the piece of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.columns import Columns
from lineshaft.core.quality import usable
from lineshaft.historian.rows import Rows, in_order

POINTS = ("first", "last", "low", "high")
PIECE = np.dtype([
    ("tag", "<i4"), ("place", "<i8"), ("count", "<i8"), ("bad", "<i8"), ("quality", "<u4"), ("arrival", "<i8"),
    *((name, kind) for point in POINTS for name, kind in ((f"{point}_time", "<i8"), (point, "<f8")))])
"""``place`` numbers stretches since 1970; the rest as in ``core.columns``; ``arrival`` of the last sample in it."""
Pieces = NDArray[Any]
_EARLIEST = -(2**63)


def gathered(rows: Rows, width: int) -> Pieces:
    """One piece for each tag and stretch of ``width`` ns that has samples, by tag and time."""
    rows = in_order(rows)
    place = rows.time // width
    starts = _starts(rows.tag, place)
    pieces = np.zeros(len(starts), PIECE)
    if not len(starts):
        return pieces
    pieces["tag"], pieces["place"] = rows.tag[starts], place[starts]
    pieces["count"] = np.diff(starts, append=len(rows))
    pieces["bad"] = np.add.reduceat(~usable(rows.quality), starts, dtype=np.int64)
    pieces["quality"] = np.maximum.reduceat(rows.quality, starts)
    pieces["arrival"] = np.maximum.reduceat(rows.arrival, starts)
    good = np.flatnonzero(usable(rows.quality) & np.isfinite(rows.value))
    group = np.repeat(np.arange(len(starts)), pieces["count"])[good]
    _fill_points(pieces, group, rows.time[good], rows.value[good])
    return pieces


def _fill_points(pieces: Pieces, group: NDArray[np.intp], time: NDArray[np.int64],
                 value: NDArray[np.float64]) -> None:
    """The four points of each group from its usable samples, which lie in order."""
    for point in POINTS:
        pieces[point] = np.nan
    if not len(group):
        return
    starts = _starts(group)
    filled, ends = group[starts], np.append(starts[1:], len(group)) - 1
    lengths = ends - starts + 1
    low, high = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
    at = {"first": starts, "last": ends, "low": _first_of_each(value == np.repeat(low, lengths), group),
          "high": _first_of_each(value == np.repeat(high, lengths), group)}
    for point, index in at.items():
        pieces[f"{point}_time"][filled], pieces[point][filled] = time[index], value[index]


def combined(parts: Sequence[Pieces], factor: int = 1) -> Pieces:
    """Pieces in any order as one for each tag and stretch of ``factor`` times their width, by tag and time.

    Pieces of one tag and stretch must be of samples that arrived apart: all of one before all of the next.
    """
    pieces = np.concatenate(parts) if parts else np.zeros(0, PIECE)
    pieces = pieces[np.lexsort((pieces["arrival"], pieces["place"], pieces["tag"]))]
    place = pieces["place"] // factor
    starts = _starts(pieces["tag"], place)
    if len(starts) == len(pieces):
        pieces["place"] = place
        return pieces
    whole = np.zeros(len(starts), PIECE)
    whole["tag"], whole["place"] = pieces["tag"][starts], place[starts]
    for name in ("count", "bad"):
        whole[name] = np.add.reduceat(pieces[name], starts)
    for name in ("quality", "arrival"):
        whole[name] = np.maximum.reduceat(pieces[name], starts)
    group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(pieces)))
    there = ~np.isnan(pieces["first"])
    _combine_points(whole, pieces[there], group[there])
    return whole


def _combine_points(whole: Pieces, pieces: Pieces, group: NDArray[np.intp]) -> None:
    """The four points of each group from those of its pieces, which lie by stretch and then by arrival."""
    for point in POINTS:
        whole[point] = np.nan
    if not len(group):
        return
    starts = _starts(group)
    filled, lengths = group[starts], np.diff(starts, append=len(group))

    def extreme(best: Any, name: str) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = pieces[name] == np.repeat(best.reduceat(pieces[name], starts), lengths)
        return found

    last = extreme(np.maximum, "last_time")
    at = {"first": _first_of_each(extreme(np.minimum, "first_time"), group),
          "last": len(group) - 1 - _first_of_each(last[::-1], group[::-1])[::-1],
          "low": _earliest(extreme(np.minimum, "low"), pieces["low_time"], group),
          "high": _earliest(extreme(np.maximum, "high"), pieces["high_time"], group)}
    for point, index in at.items():
        for name in (f"{point}_time", point):
            whole[name][filled] = pieces[name][index]


def _starts(*keys: NDArray[Any]) -> NDArray[np.intp]:
    """Where a new combination of keys begins."""
    if not len(keys[0]):
        return np.zeros(0, np.intp)
    fresh = np.ones(len(keys[0]), np.bool_)
    fresh[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.flatnonzero(fresh)


def _first_of_each(chosen: NDArray[np.bool_], group: NDArray[np.intp]) -> NDArray[np.intp]:
    """Index of the first chosen entry of each group; every group has one."""
    found = np.flatnonzero(chosen)
    return found[_starts(group[found])]


def _earliest(chosen: NDArray[np.bool_], time: NDArray[np.int64], group: NDArray[np.intp]) -> NDArray[np.intp]:
    """Index of the earliest chosen entry of each group."""
    found = np.flatnonzero(chosen)
    found = found[np.lexsort((time[found], group[found]))]
    return found[_starts(group[found])]


def as_columns(pieces: Pieces, step: int, wanted: Mapping[str, int | None]) -> dict[str, Columns]:
    """Pieces ``step`` wide, by tag and time, as the columns of each path; ``None`` for a path never seen."""
    found = {}
    for path, number in wanted.items():
        start, stop = (0, 0) if number is None else np.searchsorted(pieces["tag"], [number, number + 1]).tolist()
        own = pieces[start:stop]
        points = {name: own[name].copy() for point in POINTS for name in (f"{point}_time", point)}
        found[path] = Columns(path, step, starts_of(own["place"], step), **points, count=own["count"].copy(),
                              bad=own["bad"].copy(), quality=own["quality"].copy())
    return found


def starts_of(place: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Where stretches begin; the very first would begin before there are numbers for it."""
    lowest = -(-_EARLIEST // width)
    return np.where(place < lowest, _EARLIEST, np.maximum(place, lowest) * width)
