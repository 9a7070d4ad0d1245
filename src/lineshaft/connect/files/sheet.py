"""One file, from its bytes to columns under a time axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

import numpy as np

from lineshaft.connect.files import dialect, encoding
from lineshaft.connect.files.delimited import TextTable
from lineshaft.connect.files.numeric import NumberReader, Style, style_of
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.parquet import Column as ParquetColumn
from lineshaft.connect.files.parquet import ParquetTable, is_parquet
from lineshaft.connect.files.recording import Column, Recording
from lineshaft.connect.files.source import Source
from lineshaft.connect.files.timeaxis import Axis, choose, readable
from lineshaft.connect.files.timecolumn import TimeReader
from lineshaft.connect.files.units import split_header, ucum
from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent

_SAMPLE = 300
_STYLE_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's recording and one sentence a decision."""

    recording: Recording
    said: tuple[str, ...]


def read_sheet(source: Source, options: ReadOptions, progress: Progress = silent) -> Sheet:
    """Read one file whole. A byte that the encoding of its beginning does not know starts it anew."""
    if is_parquet(source.head(4)):
        return _read_parquet(source, options, progress)
    try:
        return _read_text(TextTable(source, options), options, progress)
    except UnicodeDecodeError as error:
        found = encoding.detect(bytes(error.object))
        if options.encoding or found.codec == error.encoding:
            raise UsageError(
                f"a byte is no {error.encoding} ({error.reason})",
                where=source.name,
                do="give the encoding it was written in",
            ) from error
        sheet = _read_text(TextTable(source, options, found.codec), options, progress)
        return replace(sheet, said=(found.why, *sheet.said))


def _read_text(table: TextTable, options: ReadOptions, progress: Progress) -> Sheet:
    layout = table.dialect
    lines = [line for line in table.sample[layout.head.first :] if line.strip()][:_SAMPLE]
    rows = [dialect.split(line, layout.delimiter, quotes=layout.quotes) for line in lines]
    usual = [row[: layout.width] for row in rows if len(row) >= layout.width // 2]
    sample = [list(cells) for cells in zip_longest(*usual, fillvalue="")] or [[""]]
    sample += [[""]] * (layout.width - len(sample))
    axis = choose(layout.head.names, sample, options, table.source.name)
    style, why = _style(axis, sample, layout.delimiter, options)
    readers = {i: NumberReader(style) for i in range(layout.width) if i not in axis.columns}
    for chunk in _told(table.chunks(), progress, table.source.stem):
        for place, cells in enumerate(chunk):
            (axis.readers[place] if place in axis.columns else readers[place]).feed(cells)
    said = [*table.said, *([why] if why else []), *table.finish()]
    said += [
        f"Column {layout.head.names[i]!r} writes numbers with both marks; {reader.foreign!r} is read as a"
        " decimal fraction."
        for i, reader in readers.items()
        if reader.foreign
    ]
    if not table.rows:
        raise UsageError(
            "there is a header but not one row", where=table.source.name, do="export the table with its values"
        )
    columns = [
        _column(layout.head.names[i], layout.head.units[i], layout.head.notes[i], reader)
        for i, reader in readers.items()
    ]
    return _timed(table.source, columns, axis, options, table.line, said, headed=layout.head.named)


def _style(
    axis: Axis, sample: Sequence[Sequence[str]], delimiter: str, options: ReadOptions
) -> tuple[Style, str]:
    if options.decimal:
        return Style(options.decimal == ","), ""
    rows = max(20, _STYLE_CELLS // len(sample))
    cells = (cell for i, column in enumerate(sample) if i not in axis.columns for cell in column[:rows])
    return style_of(cells, delimiter)


def _told(
    chunks: Iterator[list[Sequence[str]]], progress: Progress, name: str
) -> Iterator[list[Sequence[str]]]:
    rows = 0
    for chunk in chunks:
        yield chunk
        rows += len(chunk[0])
        progress(rows, 0, f"reading {name}")


def _column(header: str, unit: str, note: str, reader: NumberReader) -> Column:
    name, own = split_header(header)
    return Column(name, reader.finish(), ucum(unit) or own, header, note)


def _read_parquet(source: Source, options: ReadOptions, progress: Progress) -> Sheet:
    table = ParquetTable(source)
    chunks = table.chunks()
    first = next(chunks, None)
    if first is None:
        raise UsageError("the table has no row", where=source.name, do="export it with its values")
    ready = {i: kind == "time zoned" for i, kind in enumerate(table.kinds) if kind.startswith("time")}
    sample = [_as_text(column[:_SAMPLE]) for column in first]
    axis = choose(table.names, sample, options, source.name, ready=ready)
    readers = {i: NumberReader(Style()) for i in range(len(table.names)) if i not in axis.columns}
    rows = 0
    for chunk in chain([first], chunks):
        for place, cells in enumerate(chunk):
            _feed(cells, axis.readers.get(place), readers.get(place), zoned=ready.get(place, False))
        rows += len(chunk[0])
        progress(rows, 0, f"reading {source.stem}")
    columns = [_column(table.names[i], "", "", reader) for i, reader in readers.items()]
    return _timed(source, columns, axis, options, lambda row: row + 1, list(table.said), headed=True)


def _as_text(column: ParquetColumn) -> list[str]:
    if not isinstance(column, np.ndarray):
        return list(column)
    return ["" if np.isnan(value) else f"{value:.15g}" for value in column.astype(np.float64)]


def _feed(cells: ParquetColumn, time: TimeReader | None, number: NumberReader | None, *, zoned: bool) -> None:
    if number is not None:
        if isinstance(cells, np.ndarray):
            number.feed_array(cells.astype(np.float64, copy=False))
        else:
            number.feed(cells)
    elif time is not None:
        if isinstance(cells, np.ndarray) and cells.dtype == np.int64:
            time.feed_times(cells.astype(np.int64, copy=False), zoned=zoned)
        else:
            time.feed(_as_text(cells))


def _timed(
    source: Source,
    columns: Sequence[Column],
    axis: Axis,
    options: ReadOptions,
    line: Callable[[int], int],
    said: list[str],
    *,
    headed: bool,
) -> Sheet:
    times, decided = axis.finish(options, source.name)
    recording = Recording(source.stem, _distinct(columns), times, headed)
    if not columns:
        raise UsageError(
            "there is a time column but no value column", where=source.name, do="export the values too"
        )
    if times is not None and axis.main is not None:
        reader = axis.readers[axis.main.column]
        keep, lost = readable(times, reader.unread, line(max(reader.unread_row, 0)), source.name)
        decided += lost
        recording = recording if keep is None else recording.take(keep)
    return Sheet(recording, (*said, *decided))


def _distinct(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Names that only differ in their unit keep it (``P (bar)``, ``P (psi)``)."""
    count = Counter(column.name for column in columns)
    return tuple(
        replace(column, name=column.header) if count[column.name] > 1 else column for column in columns
    )
