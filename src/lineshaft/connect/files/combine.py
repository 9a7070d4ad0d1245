"""Several recordings as one history: one after the other, side by side, or apart as runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Column, Recording, below, distinct
from lineshaft.connect.files.timestamps import Times
from lineshaft.core.clock import format_duration
from lineshaft.core.errors import UsageError
from lineshaft.core.listed import some

_GENERIC = re.compile(r"value|val|v|wert|data|reading|y|column 1|数值|值", re.IGNORECASE)
_PART = re.compile(
    r"(?:19|20)\d\d(?:[-_.]?[01]?\d(?:[-_.]?[0-3]?\d)?)?|(?:part|teil|chunk)[-_ ]?\d+", re.IGNORECASE
)


def ordered(recording: Recording) -> tuple[Recording, list[str]]:
    """Rows in order of time; rows that repeat another whole are left out, others at equal times are kept."""
    times = recording.times
    if times is None or len(times) < 2:
        return recording, []
    steps = np.diff(times)
    back = int((steps < 0).sum())
    said = []
    if back:
        hour = bool((np.abs(steps[steps < 0] + 3600 * 10**9) <= 600 * 10**9).all()) and back <= 40
        hint = ", by about an hour: if the times are local with daylight saving, give the zone" if hour else ""
        often = "once" if back == 1 else f"{back:,} times, first"
        said.append(
            f"Times step back {often} after row {int(np.argmax(steps < 0)) + 1:,}{hint}; "
            "rows are put in order of time."
        )
        recording = recording.take(np.argsort(times, kind="stable"))
    return _single(recording, said)


def _single(recording: Recording, said: list[str]) -> tuple[Recording, list[str]]:
    assert recording.times is not None
    same = np.concatenate([[False], np.diff(recording.times) == 0])
    if not same.any():
        return recording, said
    alike = same.copy()
    rows = np.flatnonzero(same)
    for column in recording.columns:
        alike[rows] &= _equal(column, rows)
    repeated, conflicting = int(alike.sum()), int(same.sum() - alike.sum())
    if repeated:
        said.append(f"Rows that repeat the row before, left out: {repeated:,}.")
    if conflicting:
        said.append(
            f"Rows at the time of another row with other values: {conflicting:,}; all are kept, the later"
            " counts."
        )
    return recording.take(~alike), said


def _equal(
    column: Column, rows: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    values, codes = column.cells.values, column.cells.codes
    same = (values[rows] == values[rows - 1]) | (np.isnan(values[rows]) & np.isnan(values[rows - 1]))
    return np.asarray(same if codes is None else same & (codes[rows] == codes[rows - 1]))


@dataclass(frozen=True, slots=True)
class Combined:
    """The runs that several recordings make, what was decided, and the names of those that do not fit."""

    runs: list[Recording]
    said: list[str]
    left: frozenset[str] = frozenset()


def combine(recordings: Sequence[Recording], options: ReadOptions) -> Combined:
    """Recordings of the same tags become one history or runs; those of other tags are joined where they fit."""
    families = _families(_renamed(recordings))
    main, said = _same_tags(families[0], options)
    joined: list[str] = []
    left: set[str] = set()
    how = ""
    for family in families[1:]:
        names = [recording.name for recording in family]
        other, words = _same_tags(family, options)
        if len(main) == 1 and len(other) == 1 and (why := _joinable(main[0], other[0], options)):
            main, how = [side_by_side(main[0], other[0])], why
            joined += names
            said += words
        elif options.files == "join":
            raise UsageError(
                "the files can't be joined: they neither overlap in time nor have equally many rows",
                where=", ".join(names[:4]),
                do="leave that file out",
            )
        else:
            left |= set(names)
    if joined:
        said.append(f"{_some(joined)} hold{'s' if len(joined) == 1 else ''} other tags, joined {how}.")
    if left:
        said.append(f"Left out, as its columns do not fit the rest: {_some(sorted(left))}.")
    return Combined(main, said, frozenset(left))


def _some(names: Sequence[str]) -> str:
    return some([repr(name) for name in names])


def _renamed(recordings: Sequence[Recording]) -> list[Recording]:
    """Files of one column ``value`` each are one tag each, named by the file, unless they follow each other."""
    if len(recordings) == 1:
        return list(recordings)
    single = all(len(r.columns) == 1 and _GENERIC.fullmatch(r.columns[0].name) for r in recordings)
    spans = sorted((int(r.times[0]), int(r.times[-1])) for r in recordings if r.times is not None)
    overlap = sum(later[0] < earlier[1] for earlier, later in pairwise(spans))
    if not single or overlap * 2 < len(recordings) - 1:
        return list(recordings)
    return [replace(r, columns=(replace(r.columns[0], name=r.name),)) for r in recordings]


def _families(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """Recordings that share at least half of their tags belong together; the one with most rows comes first."""
    families: list[list[Recording]] = []
    for recording in recordings:
        own = set(recording.names)
        home = next(
            (
                f
                for f in families
                if f[0].labelled == recording.labelled
                and f[0].headed == recording.headed
                and (f[0].times is None) == (recording.times is None)
                and len(own & set(f[0].names)) * 2 >= len(own | set(f[0].names))
            ),
            None,
        )
        if home is None:
            families.append([recording])
        else:
            home.append(recording)
    return sorted(families, key=lambda family: (family[0].labelled, -sum(map(len, family))))


def _same_tags(family: list[Recording], options: ReadOptions) -> tuple[list[Recording], list[str]]:
    if len(family) == 1:
        return family, []
    odd = sorted({name for r in family for name in r.names if not all(name in other.names for other in family)})
    said = [f"Columns that are not in every file, and missing elsewhere: {_some(odd)}."] if odd else []
    if any(r.times is None for r in family):
        if options.files == "concat" or (options.files == "auto" and _parts(family)):
            return [below(family, family[0].name)], [
                *said,
                (
                    f"{len(family)} files of the same columns without time are put one after "
                    "the other in the order of their names."
                ),
            ]
        return family, [
            *said,
            (
                f"{len(family)} files of the same columns without time are kept as runs (files='concat' joins"
                " them)."
            ),
        ]
    family = sorted(family, key=lambda r: _times(r)[0])
    shared, overlap = _overlap(family)
    if options.files == "runs" or (options.files == "auto" and overlap):
        return family, [
            *said,
            f"{len(family)} files hold the same tags"
            + (f" and overlap in time ({overlap})" if overlap else "")
            + "; each is kept as a run.",
        ]
    whole, more = ordered(below(family, family[0].name))
    gaps = [_times(b)[0] - _times(a)[-1] for a, b in pairwise(family)]
    said.append(
        f"{len(family)} files of the same tags follow each other and are put together; the longest gap between"
        f" them is {format_duration(max(0, *gaps))}."
    )
    return [whole], said + (
        [f"Rows at their seams that are in two files: {shared:,}."] if shared else []
    ) + more


def _parts(family: Sequence[Recording]) -> bool:
    """Names that only differ in a year, a date or a part number."""
    bare = {_PART.sub("", recording.name) for recording in family}
    return len(bare) == 1 and all(_PART.search(recording.name) for recording in family)


def _times(recording: Recording) -> Times:
    assert recording.times is not None
    return recording.times


def _overlap(family: Sequence[Recording]) -> tuple[int, str]:
    """Rows shared at the seams (exports repeat an edge), and which files overlap by more than a hundredth."""
    shared = 0
    for one, other in pairwise(family):
        late = int((_times(one) >= _times(other)[0]).sum())
        early = int((_times(other) <= _times(one)[-1]).sum())
        shared += min(late, early)
        if max(late, early) > max(1, min(len(one), len(other)) // 100):
            return shared, f"{one.name} and {other.name}"
    return shared, ""


def _joinable(one: Recording, other: Recording, options: ReadOptions) -> str:
    if one.times is None and other.times is None:
        return "row by row" if len(one) == len(other) else ""
    if one.times is None or other.times is None:
        return ""
    overlap = min(one.times[-1], other.times[-1]) - max(one.times[0], other.times[0])
    shorter = min(np.ptp(one.times), np.ptp(other.times))
    return "on time" if (overlap >= 0.1 * shorter and overlap >= 0) or options.files == "join" else ""


def side_by_side(one: Recording, other: Recording) -> Recording:
    """Two recordings of different tags on the union of their times; nothing is filled in."""
    taken = set(one.names)
    other = replace(
        other,
        columns=tuple(
            replace(c, name=f"{other.name} {c.name}") if c.name in taken else c for c in other.columns
        ),
    )
    columns = _as_labels(one) + _as_labels(other)
    if one.times is None or other.times is None:
        return replace(one, columns=columns)
    if len(one) == len(other) and (one.times == other.times).all():
        return replace(one, columns=columns)
    grid = distinct(np.concatenate([one.times, other.times]))
    spread = tuple(
        column.spread(np.searchsorted(grid, _times(r)), len(grid))
        for r in (one, other)
        for column in _as_labels(r)
    )
    return replace(one, columns=spread, times=grid)


def _as_labels(recording: Recording) -> tuple[Column, ...]:
    return tuple(replace(c, label=True) for c in recording.columns) if recording.labelled else recording.columns


def laid_out(runs: Sequence[Recording], options: ReadOptions) -> tuple[list[Recording], list[str]]:
    """Runs without time get one: their rows a period apart, run after run, said clearly."""
    if all(run.times is not None for run in runs):
        return list(runs), []
    start, result = options.start_ns, []
    for run in runs:
        times = start + np.arange(len(run), dtype=np.int64) * options.row_period_ns
        result.append(replace(run, times=times))
        start = int(times[-1]) + options.row_period_ns if len(run) else start
    given = "as given" if options.period_ns else "not known: give the period if it matters"
    return result, [
        f"There is no time column: rows are taken {format_duration(options.row_period_ns)} apart in the order"
        f" they stand ({given})."
    ]
