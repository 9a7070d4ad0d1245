"""Rows of a text file in columns, chunk by chunk, broken rows counted and named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TextIO

from lineshaft.connect.files import encoding
from lineshaft.connect.files.dialect import BLANKS, Dialect, detect, rows_of
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.source import READ_ERRORS, Source, reading_failed
from lineshaft.core.errors import UsageError

_HEAD = 1 << 18
_HEAD_LINES = 300
_CHUNK = 50_000
_LINES_IN_CELL = 20
_LONGEST = 1 << 20

Columns = list[Sequence[str]]


class TextTable:
    """A text file whose layout is known; ``chunks`` reads it from the top every time it is called."""

    def __init__(self, source: Source, options: ReadOptions, codec: str = "") -> None:
        self.source, self.options = source, options
        head = source.head(_HEAD)
        encoding.refuse_binary(head, source.name)
        found = (
            encoding.Encoding(codec or options.encoding, "")
            if codec or options.encoding
            else encoding.detect(head)
        )
        self.codec = found.codec
        self.said = [found.why] if found.why else []
        self.sample = self._sample_lines(head)
        try:
            self.dialect: Dialect = detect(
                self.sample, source.name, delimiter=options.delimiter, header=options.header
            )
        except csv.Error as error:
            raise UsageError(
                f"a row can't be read ({error})",
                where=f"{source.name}:1",
                do="write short cells, parted by commas, semicolons or tabulators",
            ) from error
        self.said += self.dialect.said
        self.skipped = self.padded = self.rows = 0
        self.first_skipped = self.first_padded = ""

    def _sample_lines(self, head: bytes) -> list[str]:
        text = _decoded(head, self.codec, self.source.name)
        if len(text.splitlines()) > 1 and len(head) == _HEAD:
            text = text[: max(text.rfind("\n"), text.rfind("\r"))]
        lines = text.lstrip("\ufeff").splitlines()[:_HEAD_LINES]
        if not any(line.strip() for line in lines):
            raise UsageError("the file is empty", where=self.source.name, do="export the table again")
        if max(map(len, lines)) >= _HEAD - 4:
            raise UsageError(
                "a line is longer than 256 kB",
                where=f"{self.source.name}:1",
                do="write one row a line, with line ends",
            )
        return lines

    def chunks(self, size: int = _CHUNK) -> Iterator[Columns]:
        """Columns of the next ``size`` rows each. A ``UnicodeDecodeError`` says that the codec was wrong."""
        self.skipped = self.padded = self.rows = 0
        with self.source.open() as raw, io.TextIOWrapper(raw, encoding=self.codec, newline="") as text:
            try:
                yield from self._columns(text, size)
            except READ_ERRORS as error:
                raise reading_failed(self.source.name, error) from error
            except csv.Error as error:
                raise UsageError(
                    f"this row can't be read ({error})",
                    where=self._line(self.rows),
                    do="look for a quotation mark that is never closed",
                ) from error

    def _columns(self, text: TextIO, size: int) -> Iterator[Columns]:
        for _ in range(self.dialect.head.first):
            text.readline(_LONGEST)
        width = self.dialect.width
        rows = self._rows(text)
        while chunk := list(islice(rows, size)):
            self._check_quotes(chunk)
            if set(map(len, chunk)) != {width}:
                chunk = self._mended(chunk)
            self.rows += len(chunk)
            if chunk:
                yield list(zip(*chunk, strict=True))

    def _check_quotes(self, chunk: list[list[str]]) -> None:
        """A mark that never closes swallows line after line; a comment of a few lines is none."""
        if not self.dialect.quotes:
            return
        width = self.dialect.width
        for place, row in enumerate(chunk):
            if row and ("\n" in row[-1] or len(row) != width):
                lines = sum(cell.count("\n") for cell in row)
                if lines > _LINES_IN_CELL or (lines and len(row) != width):
                    raise UsageError(
                        "a quotation mark is opened and not closed",
                        where=self._line(self.rows + place),
                        do="correct that line, or export without quotation marks",
                    )

    def _rows(self, text: TextIO) -> Iterator[list[str]]:
        if self.dialect.delimiter == BLANKS:
            return (line.split() for line in text)
        return rows_of(text, self.dialect.delimiter, quotes=self.dialect.quotes)

    def _mended(self, chunk: list[list[str]]) -> list[list[str]]:
        """Rows of the right width: empty cells are cut or added; what still does not fit is counted."""
        kept, width = [], self.dialect.width
        for place, row in enumerate(chunk):
            if not any(cell.strip() for cell in row):
                continue
            while len(row) > width and not row[-1].strip():
                row.pop()
            if width >= len(row) > width // 2:
                if len(row) < width:
                    self.padded += 1
                    self.first_padded = self.first_padded or self._line(self.rows + place)
                kept.append(row + [""] * (width - len(row)))
            else:
                self.skipped += 1
                self.first_skipped = self.first_skipped or f"{self._line(self.rows + place)} ({len(row)} cells)"
        return kept

    def _line(self, row: int) -> str:
        return f"{self.source.name}:{self.line(row)}"

    def line(self, row: int) -> int:
        """The line (from 1) on which a data row (from 0) stands, if no row spans lines."""
        return row + self.dialect.head.first + 1

    def finish(self) -> list[str]:
        """What was wrong with single rows; raises where it was most of them."""
        width = self.dialect.width
        if self.skipped > self.rows:
            raise UsageError(
                "this is running text, not a table",
                where=self.source.name,
                do="export the table as CSV or Parquet",
            )
        if self.skipped > max(1, self.rows // 10):
            raise UsageError(
                f"{self.skipped:,} rows do not have the {width} cells of the others",
                where=self.first_skipped,
                do="check for decimal commas in a comma-separated file and export with semicolons",
            )
        said = (
            [f"Rows without {width} cells, left out: {self.skipped:,}, the first at {self.first_skipped}."]
            if self.skipped
            else []
        )
        if self.padded:
            said.append(
                f"Rows cut short: {self.padded:,}, the first at {self.first_padded}; what lacks is marked"
                " missing."
            )
        return said


def _decoded(head: bytes, codec: str, name: str) -> str:
    try:
        return head.decode(codec, errors="replace" if len(head) == _HEAD else "strict")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"byte {error.start:,} is no {codec}", where=name, do="give the encoding it was written in"
        ) from error
    except LookupError as error:
        raise UsageError(
            f"{codec!r} is no encoding", where="encoding", do="use a name such as utf-8, gbk or latin-1"
        ) from error
