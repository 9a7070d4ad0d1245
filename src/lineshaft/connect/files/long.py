"""Long tables: a time, a tag and a value a row, perhaps with its quality and unit."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.numeric import Codes, status_of
from lineshaft.connect.files.recording import Column, Recording, distinct
from lineshaft.connect.files.timestamps import Times
from lineshaft.connect.files.units import ucum
from lineshaft.core import quality
from lineshaft.core.errors import UsageError

_TAG = re.compile(
    r"(?:tag|point|signal|sensor|channel|variable|item|metric|parameter)["
    r" _.]?(?:name|id|no|path)?|name|measurement"
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
ASSET = re.compile(
    r"(?:unit|engine|asset|machine|turbine|bearing|equipment|device|run|batch|experiment|simulationrun|episode|trial)"
    r"s?[ _.]?(?:number|nr|no|id|name|#)?|id",
    re.IGNORECASE,
)
_MOST_CELLS = 400_000_000


def wide(recording: Recording) -> tuple[Recording, list[str]]:
    """A long table (time, tag, value and perhaps quality and unit) with a column a tag; others as they are."""
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
    tags, codes = group_codes(tag)
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
        said.append(f"Values that repeat a tag and time: {twice:,}; the last of each is kept.")
    return Recording(recording.name, tuple(columns), grid), said


def _long_roles(recording: Recording) -> tuple[Column, Column, Column | None, Column | None] | None:
    if not 2 <= len(recording.columns) <= 8:
        return None
    texts = [
        c
        for c in recording.columns
        if c.cells.worded > 0.9 * len(c) and not _QUALITY.fullmatch(c.name) and not _UNIT_OF.fullmatch(c.name)
    ]
    tag = next((c for c in recording.columns if _TAG.fullmatch(c.name) and repeats(c)), None)
    if tag is None:
        tag = next((c for c in texts if not ASSET.fullmatch(c.name) and _is_tag_like(c, recording.times)), None)
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


def repeats(column: Column) -> bool:
    """A tag column names the same few tags again and again."""
    cells = column.cells
    if cells.free:
        return False
    distinct = len(cells.used_words) + len(np.unique(cells.values[np.isfinite(cells.values)]))
    return 1 <= distinct <= max(len(cells) // 2, 1)


def _is_tag_like(column: Column, times: Times | None) -> bool:
    """Several different words stand at the same time; one that stands there twice is a state, not a tag."""
    codes = column.cells.codes
    if times is None or codes is None or not repeats(column) or len(column.cells.used_words) < 2:
        return False
    order = np.lexsort((codes, times))
    again = (np.diff(times[order]) == 0) & (np.diff(codes[order]) == 0)
    return len(distinct(times)) <= 0.7 * len(times) and bool(again.mean() < 0.1)


def group_codes(tag: Column) -> tuple[list[str], Codes]:
    """The names in a column of tags or units, words and numbers alike, and for every row which it is."""
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
    """A quality column as StatusCodes: words, OPC UA codes, or OPC DA bytes (192 good, 64 uncertain, 0 bad)."""
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
    low = word.strip().lower()
    if low.startswith(("good", "ok", "gut", "valid", "true", "g", "192", "正常", "好")):
        return quality.GOOD
    if low.startswith(("uncertain", "questionable", "substituted", "u")):
        return quality.UNCERTAIN
    return status_of(word) or quality.BAD
