"""The rows above the values: preamble, names, units, descriptions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.connect.files.numeric import status_of
from lineshaft.connect.files.timestamps import shape_of
from lineshaft.connect.files.units import ucum
from lineshaft.core.errors import UsageError

_NUMBER = re.compile(
    r"[-+\u2212]?(?=[\d.,])[\d.,' \u00a0\u202f\u2019]*\d[.,]?(?:[eE][-+]?\d+)?\s*%?|[-+]?(?:nan|inf)",
    re.IGNORECASE,
)
_MOST_ROWS = 12
_BODY = 100

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Header:
    """``above`` is the line (from 0) where the table begins, ``first`` that of its first data row; ``names``,
    ``units`` and ``notes`` have one entry a column; ``named`` is False where the names are made up."""

    above: int
    first: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    notes: tuple[str, ...]
    said: tuple[str, ...]
    named: bool = True


def typed(cell: str) -> bool:
    """Whether a cell is a number or a time.

    >>> [typed(c) for c in ("1.5", "-1,5e3", "2024-01-01 10:00", "12.03.2024", "Pressure", "a1", "")]
    [True, True, True, True, False, False, False]
    """
    text = cell.strip()
    if not text:
        return False
    return bool(_NUMBER.fullmatch(text)) or shape_of(re.sub(r"\d", "0", text)) is not None


def find(rows: Sequence[Row], start: int, width: int, header: bool | None, where: str) -> Header:
    """The header of a table whose first row of full ``width`` is line ``start``; ``header`` if it is known."""
    first = start if header is False else start + 1 if header else _first_data(rows, start, width)
    block = _block(rows, start, first, width)
    if not block:
        return _bare(rows, start, width, where) if header is None else _numbered(start, width)
    fill = [sum(bool(cell.strip()) for cell in rows[line]) for line in block]
    naming = 0 if header else fill.index(max(fill))
    names = [cell.strip() for cell in rows[block[naming]]]
    units, notes, said = ("",) * width, ("",) * width, list[str]()
    for line in block[naming + 1 :]:
        row = tuple(cell.strip() for cell in rows[line])
        if _are_units(row):
            units, kind = row, "units"
        else:
            notes, kind = row, "descriptions"
        said.append(f"Line {line + 1} holds the {kind}.")
    return Header(block[naming], first, _unique(names), units, notes, (*said, *_renamed(names)))


def _first_data(rows: Sequence[Row], start: int, width: int) -> int:
    """The first line that is no header; lines of another width above it belong to the preamble."""
    for line in range(start, min(start + _MOST_ROWS, len(rows))):
        body = [row for row in rows[line + 1 : line + 1 + 2 * _BODY] if len(row) == width][:_BODY]
        if len(rows[line]) == width and not _is_header(rows[line], body):
            return line
    return start


def _block(rows: Sequence[Row], start: int, first: int, width: int) -> list[int]:
    """Lines of full width right above the data, back to the first of another width."""
    block: list[int] = []
    for line in range(first - 1, start - 1, -1):
        if len(rows[line]) == width:
            block.insert(0, line)
        elif block:
            break
    return block


def _is_header(row: Row, body: Sequence[Row]) -> bool:
    """Text above numbers or times speaks for a header; a time in it against."""
    if any(_is_time(cell) for cell in row):
        return False
    if not body:
        return not any(map(typed, row))
    for place, cell in enumerate(row):
        below = [line[place] for line in body if place < len(line) and line[place].strip()]
        word = bool(cell.strip()) and not typed(cell) and (status_of(cell) is None or cell.strip() in "-.?")
        if word and below and sum(map(typed, below)) > 0.5 * len(below):
            return True
    return False


def _is_time(cell: str) -> bool:
    text = cell.strip()
    return not text.isdecimal() and bool(text) and shape_of(re.sub(r"\d", "0", text)) is not None


def _are_units(row: Row) -> bool:
    """Half of the filled cells are units, the first (often a word such as 'Unit') left aside."""
    filled = [cell for cell in row[1:] if cell] or [cell for cell in row if cell]
    return sum(bool(ucum(cell)) for cell in filled) * 2 >= len(filled) > 0


def _bare(rows: Sequence[Row], start: int, width: int, where: str) -> Header:
    """No header of full width: perhaps one that is a cell shorter or longer, else none."""
    above = next((row for row in reversed(rows[:start]) if row), [])
    names = [cell.strip() for cell in above]
    if len(names) > 1 and not any(map(typed, names)):
        if len(names) == width - 1:
            said = "The header is one cell shorter than the rows; the first column is taken as row names."
            return Header(start - 1, start, _unique(["row", *names]), ("",) * width, ("",) * width, (said,))
        if len(names) == width + 1:
            said = "The header is one cell longer than the rows; its last cell is left out."
            return Header(start - 1, start, _unique(names[:width]), ("",) * width, ("",) * width, (said,))
        if width - 1 == 2 * (len(names) - 1):
            raise UsageError(
                f"rows have {width} cells under {len(names)} names",
                where=where,
                do="it looks like decimal commas in a comma-separated file: export with semicolons",
            )
    return _numbered(start, width)


def _numbered(start: int, width: int) -> Header:
    names = tuple(f"column {i + 1}" for i in range(width))
    said = "There is no header; columns are numbered from 1."
    return Header(start, start, names, ("",) * width, ("",) * width, (said,), named=False)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Every column a name, none twice.

    >>> _unique(["a", "", "a"])
    ('a', 'column 2', 'a #2')
    """
    seen: Counter[str] = Counter()
    result = []
    for place, name in enumerate(names):
        own = " ".join(name.replace("\ufeff", "").split()) or f"column {place + 1}"
        seen[own] += 1
        result.append(own if seen[own] == 1 else f"{own} #{seen[own]}")
    return tuple(result)


def _renamed(names: Sequence[str]) -> list[str]:
    twice = [name for name, count in Counter(filter(None, names)).items() if count > 1]
    return (
        [f"The name {', '.join(map(repr, twice))} stands over several columns; the later ones get a number."]
        if twice
        else []
    )
