"""How a text file lays out its table: delimiter, preamble, header, rows of units."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lineshaft.connect.files.numeric import status_of
from lineshaft.connect.files.timestamps import shape_of
from lineshaft.connect.files.units import ucum
from lineshaft.core.errors import UsageError

BLANKS = " "
_DELIMITERS = (";", "\t", "|", ",", BLANKS)
_SAID = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", BLANKS: "blanks"}
_NUMBER = re.compile(
    r"[-+\u2212]?(?=[\d.,])[\d.,' \u00a0\u202f\u2019]*\d[.,]?(?:[eE][-+]?\d+)?\s*%?|[-+]?(?:nan|inf)",
    re.IGNORECASE,
)
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
_MOST_HEADER_ROWS = 4
_SCORED_LINES = 100
_SCORED_CELLS = 30


@dataclass(frozen=True, slots=True)
class Dialect:
    """``first`` is the line (from 0) of the first data row; ``names``, ``units`` have one entry a column."""

    delimiter: str
    first: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    notes: tuple[str, ...]
    said: tuple[str, ...]
    headed: bool
    quotes: bool = True

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.names)


def typed(cell: str) -> bool:
    """Whether a cell is a number or a time.

    >>> [typed(c) for c in ("1.5", "-1,5e3", "2024-01-01 10:00", "12.03.2024", "Pressure", "a1", "")]
    [True, True, True, True, False, False, False]
    """
    text = cell.strip()
    if not text:
        return False
    return bool(_NUMBER.fullmatch(text)) or shape_of(re.sub(r"\d", "0", text)) is not None


def split(line: str, delimiter: str, *, quotes: bool = True) -> list[str]:
    """The cells of one line."""
    if delimiter == BLANKS and '"' not in line:
        return line.split()
    return next(rows_of([line.strip() if delimiter == BLANKS else line], delimiter, quotes=quotes), [])


def rows_of(lines: Iterable[str], delimiter: str, *, quotes: bool) -> Iterator[list[str]]:
    """The cells of each line; ``quotes`` False takes quotation marks for what they are (inch marks)."""
    if quotes:
        return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, quoting=csv.QUOTE_NONE)


def detect(lines: Sequence[str], where: str, *, delimiter: str = "", header: bool | None = None) -> Dialect:
    """The dialect that explains the first lines of a file best; raises where no table is to be seen."""
    told = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    skip = 1 if told else 0
    wanted = delimiter or (told[1] if told else "")
    quotes = not _lone_quotes(lines)
    chosen = wanted or _best(lines[skip:], quotes)
    rows = [split(line, chosen, quotes=quotes) for line in lines]
    width = _width(rows[skip:])
    start = next((i for i, row in enumerate(rows) if i >= skip and len(row) == width), skip)
    said = (
        [] if chosen == "," and not wanted else [f"Columns are separated by {_SAID.get(chosen, repr(chosen))}."]
    )
    if start > skip:
        said.append(f"{start - skip:,} lines above the table are left out ({lines[skip].strip()[:40]!r}).")
    names, units, notes, first, header_said = _headers(rows, start, width, header)
    if not any(typed(cell) for row in rows[first:] for cell in row):
        raise UsageError(
            "there is only text and not one number or time" if len(rows) > 1 else "there is a single line",
            where=f"{where}:{first + 1}",
            do="export the table with its values, one row a time",
        )
    headed = first > start or bool(names and not names[0].startswith("column 1"))
    return Dialect(chosen, first, names, units, notes, (*said, *header_said), headed, quotes)


def _lone_quotes(lines: Sequence[str]) -> bool:
    """Inch marks and the like: quotes that open a cell and never close on their line."""
    odd = [line for line in lines if line.count('"') % 2]
    return len(odd) > 0 and len(odd) % 2 == 1


def _best(lines: Sequence[str], quotes: bool) -> str:
    scored = [line for line in lines if line.strip()][:_SCORED_LINES]
    scores = [
        (round(_score([split(line, mark, quotes=quotes) for line in scored]), 3), -place, mark)
        for place, mark in enumerate(_DELIMITERS)
    ]
    score, _, mark = max(scores)
    return mark if score > 0 else ","


def _score(rows: Sequence[Sequence[str]]) -> float:
    """Share of lines with the usual number of cells, times the share of numbers and times among those."""
    width = _width(rows)
    if width < 2:
        return 0.0
    usual = [row[:_SCORED_CELLS] for row in rows if len(row) == width]
    cells = [cell for row in usual[1:] or usual for cell in row if cell.strip() and status_of(cell) is None]
    share = sum(typed(cell) for cell in cells) / len(cells) if cells else 0.0
    return len(usual) / len(rows) * (0.1 + share)


def _width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(row) for row in rows if row and any(cell.strip() for cell in row))
    several = Counter({width: count for width, count in counts.items() if width > 1})
    return max(several or counts or Counter({1: 1}), key=lambda width: (counts[width] * min(width, 3), width))


def _headers(
    rows: Sequence[Sequence[str]], start: int, width: int, header: bool | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int, list[str]]:
    blank = ("",) * width
    body = [row for row in rows[start + 1 :] if len(row) == width][:_SCORED_LINES]
    above = next((row for row in reversed(rows[:start]) if row), [])
    if header is False or (header is None and not _is_header(rows[start], body)):
        if header is None and len(above) in (width - 1, width + 1) and above and not any(map(typed, above)):
            names, said = _shifted(above, width)
            return _unique(names), blank, blank, start, said
        return (
            tuple(f"column {i + 1}" for i in range(width)),
            blank,
            blank,
            start,
            ["There is no header; columns are numbered from 1."],
        )
    first, units, notes, said = start + 1, blank, blank, list[str]()
    while (
        first < len(rows) - 1
        and first - start < _MOST_HEADER_ROWS
        and _is_header(rows[first], body[first - start :])
    ):
        row = tuple(cell.strip() for cell in rows[first])[:width]
        if sum(bool(ucum(cell)) for cell in row if cell) * 2 > sum(map(bool, row)) - 1 > -1 and any(
            map(ucum, row)
        ):
            units = row
            said.append(f"Line {first + 1} holds the units.")
        elif len(row) == width:
            notes = row
            said.append(f"Line {first + 1} holds descriptions.")
        first += 1
    names = [cell.strip() for cell in rows[start]]
    if len(above) == width and not any(map(typed, above)):
        names = [name or top.strip() for name, top in zip(names, above, strict=True)]
    return _unique(names), units, notes, first, said + _renamed(names)


def _is_header(row: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Text above numbers or times speaks for a header; a number above text can't be one."""
    votes = 0
    for place, cell in enumerate(row):
        below = [line[place] for line in body if place < len(line) and line[place].strip()]
        if not cell.strip() or not below:
            continue
        share = sum(map(typed, below)) / len(below)
        if share > 0.5 and not typed(cell) and (status_of(cell) is None or cell.strip() in "-.?"):
            votes += 1
        elif typed(cell) and shape_of(re.sub(r"\d", "0", cell.strip())) is not None:
            votes -= 1
    if not body:
        return not any(map(typed, row))
    return votes > 0


def _shifted(above: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    names = [cell.strip() for cell in above]
    if len(names) < width:
        return ["row", *names], [
            "The header is one cell shorter than the rows; the first column is taken as row names."
        ]
    return names[:width], ["The header is one cell longer than the rows; its last cell is left out."]


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
