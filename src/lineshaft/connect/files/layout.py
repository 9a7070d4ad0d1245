"""Tables that are not one row a time: transposed, one cycle a row, long, several units below each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.numeric import Cells, Codes
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Column, Recording, distinct
from lineshaft.connect.files.timestamps import Times
from lineshaft.connect.files.units import ucum
from lineshaft.core import quality
from lineshaft.core.clock import format_duration
from lineshaft.core.errors import UsageError

_TAG = re.compile(
    r"(?:tag|point|signal|sensor|channel|variable|item|metric|parameter)[ _.]?(?:name|id|no|path)?|name|measurement"
    r"|位号|变量|测点|点名",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?:tag[ _]?)?(?:value|val|v|wert|reading|messwert|数值|值|measurement)(?:[ _.]?(?:float|double|num))?",
    re.IGNORECASE,
)
_QUALITY = re.compile(
    r"(?:op[cs][ _]?)?(?:quality|qual|q|status|statuscode|status[ _]?code|good|qualität|质量|validity)",
    re.IGNORECASE,
)
_UNIT_OF = re.compile(r"units?|uom|eng[ _.]?units?|einheit|单位", re.IGNORECASE)
_UNIT = re.compile(
    r"(?:unit|engine|asset|machine|turbine|bearing|equipment|device|run|batch|experiment|simulationrun|episode|trial)"
    r"s?[ _.]?(?:number|nr|no|id|name|#)?|id",
    re.IGNORECASE,
)
_CYCLE = re.compile(r"cycles?|time[ _]?in[ _]?cycles|time|step|sample|t|index|n|nr", re.IGNORECASE)
_CYCLE_HINT = "{0!r} has {1} columns without names; if each row is one cycle of a single tag, give the cycle's length (cycle_ns)."
_MOST_CELLS = 400_000_000
_SMOOTH = 0.1
_WIDE = 30

T = TypeVar("T", bound=np.generic)


def matrix(recording: Recording) -> NDArray[np.float64]:
    """The values as [rows, columns]."""
    return np.stack([column.cells.values for column in recording.columns], axis=1)


def roughness(values: NDArray[np.float64]) -> float:
    """How far neighbouring columns are apart, as a share of the spread of all values: near 0 where the columns
    are moments of one signal, large where they are signals of their own scales."""
    middle = np.median(values, axis=0)
    low, high = np.percentile(values, (25, 75))
    return float(np.median(np.abs(np.diff(middle))) / max(high - low, 1e-12)) if values.shape[1] > 1 else 1.0


def is_bare_matrix(recording: Recording) -> bool:
    """Numbers only: no names, no time, nothing missing."""
    return (
        recording.times is None
        and not recording.headed
        and len(recording.columns) > 1
        and len(recording) > 1
        and all(np.isfinite(column.cells.values).all() for column in recording.columns)
    )


def upright(recording: Recording, options: ReadOptions) -> tuple[Recording, list[str]]:
    """Turns a table whose rows are tags (TEP's ``d00.dat``): asked for, or plain from the scales of its rows."""
    rows, columns = len(recording), len(recording.columns)
    wanted = options.transpose
    if wanted is None:
        wanted = is_bare_matrix(recording) and columns > 2 * rows >= 8 and _rows_are_tags(matrix(recording))
        why = f"each of its {rows} rows keeps a scale of its own along {columns} columns"
        said = [
            f"The table lies on its side ({why}), so its rows are taken as tags (if not, say transpose=False)."
        ]
    else:
        said = [f"Rows and columns change places, as asked: {rows} tags, {columns} rows."]
    if not wanted:
        return recording, []
    values = matrix(recording)
    turned = tuple(Column(f"column {i + 1}", Cells(np.ascontiguousarray(row))) for i, row in enumerate(values))
    return replace(recording, columns=turned, times=None), said


def _rows_are_tags(values: NDArray[np.float64]) -> bool:
    return roughness(values.T) > 2 * _SMOOTH > 2 * roughness(values)


def cycle_rows(recordings: Sequence[Recording], options: ReadOptions) -> tuple[list[Recording], list[str]]:
    """Files in which a row is a cycle and a cell a moment of it (the hydraulic test rig), as plain time series.

    All share the cycle; narrow files beside them that hold a few whole numbers a cycle are its conditions.
    """
    rows = {len(recording) for recording in recordings if _moments(recording, options)}
    wide = [r for r in recordings if _moments(r, options)]
    if len(rows) != 1 or (len(wide) < 2 and not options.cycle_ns):
        return list(recordings), [_CYCLE_HINT.format(r.name, len(r.columns)) for r in wide]
    count = rows.pop()
    base = min(len(recording.columns) for recording in wide)
    cycle = options.cycle_ns or base * options.row_period_ns
    kept = [_unrolled(r, cycle, options) for r in wide]
    conditions = [
        _condition(r, cycle, options)
        for r in recordings
        if r not in wide and len(r) == count and r.times is None and not r.headed
    ]
    why = (
        "as asked"
        if options.cycle_ns
        else f"one cell a {format_duration(options.row_period_ns)} in the narrowest file; cycle_ns sets it"
    )
    said = [
        f"Each row is one cycle of {format_duration(cycle)} ({why}): {count:,} cycles one after the other, "
        f"{min(len(r.columns) for r in wide)} to {max(len(r.columns) for r in wide)} values in each."
    ]
    said += [
        f"{r.name!r} holds {len(r.columns)} conditions of each cycle; they are labels, never inputs."
        for r in conditions
    ]
    return kept + conditions, said + ["No clock time is known; rows are counted from 1970-01-01."]


def _moments(recording: Recording, options: ReadOptions) -> bool:
    if not is_bare_matrix(recording):
        return False
    if options.cycle_ns:
        return len(recording.columns) >= 10
    return len(recording.columns) >= _WIDE and len(recording) > 4 and roughness(matrix(recording)) < _SMOOTH


def _unrolled(recording: Recording, cycle: int, options: ReadOptions) -> Recording:
    values = matrix(recording)
    cycles, moments = values.shape
    starts = options.start_ns + np.arange(cycles, dtype=np.int64)[:, None] * cycle
    times = (starts + np.arange(moments, dtype=np.int64) * cycle // moments).ravel()
    return Recording(recording.name, (Column(recording.name, Cells(values.ravel())),), times, headed=True)


def _condition(recording: Recording, cycle: int, options: ReadOptions) -> Recording:
    times = options.start_ns + np.arange(len(recording), dtype=np.int64) * cycle
    columns = tuple(replace(c, name=f"{recording.name} {i + 1}") for i, c in enumerate(recording.columns))
    return Recording(recording.name, columns, times, headed=True, labelled=True)


def wide(recording: Recording) -> tuple[Recording, list[str]]:
    """A long table (time, tag, value and perhaps quality and unit) with a column a tag; others come back untouched."""
    roles = _long_roles(recording)
    if roles is None:
        return recording, []
    if recording.times is None:
        raise UsageError(
            "the table is long (a tag and a value a row) but has no time column",
            where=recording.name,
            do="export the time too",
        )
    tag, value, status, unit = roles
    grid = distinct(recording.times)
    tags, codes = _tag_codes(tag)
    if len(grid) * len(tags) > _MOST_CELLS:
        raise UsageError(
            f"{len(tags):,} tags at {len(grid):,} different times are too many to lay side by side",
            where=recording.name,
            do="read fewer tags, or files of shorter stretches",
        )
    columns, twice = [], 0
    for code, name in enumerate(tags):
        rows = np.flatnonzero(codes == code)
        if len(rows):
            column, double = _one_tag(
                recording.take(rows),
                name,
                grid,
                value.name,
                status.name if status else None,
                unit.name if unit else None,
            )
            columns.append(column)
            twice += double
    said = [
        f"The table is long: {len(columns)} tags in column {tag.name!r}, values in {value.name!r}"
        + (f", quality in {status.name!r}" if status else "")
        + "."
    ]
    if twice:
        said.append(f"{twice:,} values repeat a tag and time; the last of each is kept.")
    return Recording(recording.name, tuple(columns), grid), said


def _long_roles(recording: Recording) -> tuple[Column, Column, Column | None, Column | None] | None:
    if not 2 <= len(recording.columns) <= 8:
        return None
    texts = [
        c
        for c in recording.columns
        if c.cells.worded > 0.9 * len(c) and not _QUALITY.fullmatch(c.name) and not _UNIT_OF.fullmatch(c.name)
    ]
    tag = next((c for c in recording.columns if _TAG.fullmatch(c.name) and _repeats(c)), None)
    if tag is None:
        tag = next((c for c in texts if _repeats(c) and _shares_times(c, recording.times)), None)
    if tag is None:
        return None
    rest = [c for c in recording.columns if c is not tag]
    status = next((c for c in rest if _QUALITY.fullmatch(c.name)), None)
    unit = next((c for c in rest if _UNIT_OF.fullmatch(c.name) and c.cells.worded), None)
    values = [c for c in rest if c is not status and c is not unit]
    named = next((c for c in values if _VALUE.fullmatch(c.name)), None)
    if status is None and named is None and len(values) == 2 and not recording.headed:
        named, status = values[0], values[1]
    value = named or (values[0] if len(values) == 1 else None)
    return (tag, value, status, unit) if value is not None else None


def _repeats(column: Column) -> bool:
    """A tag column names the same few tags again and again."""
    cells = column.cells
    if cells.free:
        return False
    distinct = len(cells.used_words) + len(np.unique(cells.values[np.isfinite(cells.values)]))
    return 1 <= distinct <= max(len(cells) // 2, 1)


def _shares_times(column: Column, times: Times | None) -> bool:
    return times is not None and len(distinct(times)) <= 0.7 * len(times) and len(column.cells.used_words) > 1


def _tag_codes(tag: Column) -> tuple[list[str], Codes]:
    words = list(tag.cells.words)
    codes = tag.cells.codes if tag.cells.codes is not None else np.full(len(tag), -1, np.int32)
    numbers, place = np.unique(tag.cells.values, return_inverse=True)
    names = words + [f"{number:.15g}" for number in numbers]
    return names, np.where(codes >= 0, codes, place + len(words)).astype(np.int32)


def _one_tag(
    rows: Recording, name: str, grid: Times, value: str, status: str | None, unit: str | None
) -> tuple[Column, int]:
    assert rows.times is not None
    order = np.argsort(rows.times, kind="stable")
    last = np.append(np.diff(rows.times[order]) > 0, True)
    rows = rows.take(order[last])
    place = np.searchsorted(grid, rows.times if rows.times is not None else grid)
    codes = status_codes(rows.column(status)) if status else None
    units = rows.column(unit).cells.used_words if unit else ()
    column = replace(
        rows.column(value), name=name, header=name, quality=codes, unit=ucum(units[0]) if units else ""
    )
    return column.spread(place, len(grid)), int((~last).sum())


def status_codes(column: Column) -> NDArray[np.uint32]:
    """A quality column as StatusCodes: words, OPC UA codes, or the bytes of OPC DA (192 good, 64 uncertain, 0 bad)."""
    values, cells = column.cells.values, column.cells
    known = values[np.isfinite(values)]
    classic = len(known) > 0 and known.max() <= 255 and (known >= 192).any()
    flag = len(known) > 0 and bool(np.isin(known, (0, 1)).all()) and bool((known == 1).any())
    result = np.full(len(values), quality.BAD, np.uint32)
    finite = np.isfinite(values)
    number = np.where(finite & (values >= 0) & (values < 2**32), values, quality.BAD).astype(np.uint32)
    if classic:
        number = np.select(
            [number >= 192, number >= 64],
            [np.uint32(quality.GOOD), np.uint32(quality.UNCERTAIN)],
            np.uint32(quality.BAD),
        )
    elif flag:
        number = np.where(number == 1, np.uint32(quality.GOOD), np.uint32(quality.BAD))
    result[finite] = number[finite]
    if cells.codes is not None:
        table = np.array([_word_code(word) for word in cells.words], np.uint32)
        result[cells.codes >= 0] = table[cells.codes[cells.codes >= 0]]
    empty = ~finite & (cells.codes < 0 if cells.codes is not None else True)
    result[empty] = quality.GOOD
    return result


def _word_code(word: str) -> int:
    from lineshaft.connect.files.numeric import status_of

    low = word.strip().lower()
    if low.startswith(("good", "ok", "gut", "valid", "true", "g", "192", "正常", "好")):
        return quality.GOOD
    if low.startswith(("uncertain", "questionable", "substituted", "u")):
        return quality.UNCERTAIN
    return status_of(word) or quality.BAD


def units(recording: Recording, options: ReadOptions) -> tuple[list[Recording], list[str]]:
    """Several units (engines, runs, batches) in one table, apart; a cycle counter within them becomes the order."""
    unit = _unit_column(recording, options)
    if unit is None:
        return [recording], []
    keys, codes = _tag_codes(unit)
    cycle = _cycle_column(recording, codes, unit)
    rest = recording.without(unit.name, *([cycle.name] if cycle else []))
    found, first = np.unique(codes, return_index=True)
    runs = [
        replace(
            rest.take(codes == code),
            name=f"{unit.name} {keys[code]}" if recording.headed else f"unit {keys[code]}",
        )
        for code in found[np.argsort(first)].tolist()
    ]
    order = f", {cycle.name!r} counts up within each and gives the order" if cycle else ""
    return runs, [f"Column {unit.name!r} tells {len(runs)} units apart{order}; each is a run of its own."]


def _unit_column(recording: Recording, options: ReadOptions) -> Column | None:
    if options.unit_column:
        for column in recording.columns:
            if options.unit_column in (column.name, column.header):
                return column
        raise UsageError(
            f"there is no column {options.unit_column!r}",
            where=recording.name,
            do=f"use one of {', '.join(recording.names[:12])}",
        )
    first = recording.columns[0]
    if not recording.headed:
        return (
            first
            if len(recording.columns) > 3
            and _blocks(first)
            and _cycle_column(recording, _tag_codes(first)[1], first)
            else None
        )
    named = (c for c in recording.columns if _UNIT.fullmatch(c.name) and c.name not in options.inputs)
    return next(
        (c for c in named if _blocks(c) or (recording.times is not None and _repeats(c) and _whole(c))), None
    )


def _whole(column: Column) -> bool:
    values = column.cells.values
    known = values[np.isfinite(values)]
    return bool((known == np.round(known)).all()) and len(known) + column.cells.worded == len(column)


def _blocks(column: Column) -> bool:
    """Whole numbers or names that stay for a stretch, and never come back."""
    if not _whole(column) or len(column) < 4:
        return False
    _, codes = _tag_codes(column)
    changes, distinct = int((np.diff(codes) != 0).sum()), len(np.unique(codes))
    return 2 <= distinct <= len(column) // 2 and changes == distinct - 1


def _cycle_column(recording: Recording, codes: Codes, unit: Column) -> Column | None:
    """The column that rises by one within every unit and starts again with each."""
    within = np.diff(codes) == 0
    if recording.times is not None or not within.any():
        return None
    for column in recording.columns[:4]:
        steps = np.diff(column.cells.values)
        if (
            column is not unit
            and (steps[within] == 1).all()
            and (not recording.headed or _CYCLE.fullmatch(column.name))
            and (within.all() or (steps[~within] <= 0).all())
        ):
            return column
    return None
