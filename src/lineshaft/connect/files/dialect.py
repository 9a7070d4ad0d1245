"""How a text file lays out its table: delimiter, preamble, header, rows of units."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lineshaft.connect.files import headers
from lineshaft.connect.files.headers import Header, typed
from lineshaft.connect.files.numeric import status_of
from lineshaft.core.errors import UsageError

BLANKS = " "
_DELIMITERS = (";", "\t", "|", ",", BLANKS)
_SAID = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", BLANKS: "blanks"}
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
_SCORED_LINES = 100
_SCORED_CELLS = 30


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the cells are parted, the header over them, and the sentences that say so."""

    delimiter: str
    head: Header
    said: tuple[str, ...]
    quotes: bool = True

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.head.names)


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
    head = headers.find(rows, start, width, header, f"{where}:{start}")
    if not any(typed(cell) for row in rows[head.first :] for cell in row):
        single = len([row for row in rows if any(cell.strip() for cell in row)]) == 1
        raise UsageError(
            "there is a single line" if single else "there is only text and not one number or time",
            where=f"{where}:{head.first + 1}",
            do="export the table with its values, one row a time",
        )
    if head.above > skip:
        said.append(f"Lines above the table, left out: {head.above - skip:,} ({lines[skip].strip()[:40]!r}).")
    return Dialect(chosen, head, (*said, *head.said), quotes)


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
    share = sum(map(_sense, cells)) / len(cells) if cells else 0.0
    return len(usual) / len(rows) * (0.1 + share)


def _sense(cell: str) -> float:
    """A number or time makes full sense, a word most; one with another delimiter in it was parted wrongly."""
    if typed(cell):
        return 1.0
    return 0.0 if any(mark in cell for mark in ";\t|,") else 0.7


def _width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(row) for row in rows if row and any(cell.strip() for cell in row))
    several = Counter({width: count for width, count in counts.items() if width > 1})
    return max(several or counts or Counter({1: 1}), key=lambda width: (counts[width] * min(width, 3), width))
