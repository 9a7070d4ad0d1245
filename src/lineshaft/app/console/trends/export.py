"""Tags over a range as a file: CSV as it is read, Parquet by DuckDB; both in pieces, whatever the length."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from arro3.core import Array, DataType, RecordBatch, RecordBatchReader
from numpy.typing import NDArray

from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.quality import name
from lineshaft.core.series import Series
from lineshaft.core.store import Historian

MOST_ROWS = 10_000_000
_PIECE = 200_000
_SLICES = 1_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Layout = Literal["wide", "long"]


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written: ``slices`` are the range in pieces of about 200,000 samples, of one version."""

    historian: Historian
    tags: tuple[str, ...]
    slices: tuple[tuple[int, int], ...]
    version: str
    layout: Layout

    @classmethod
    def of(cls, historian: Historian, tags: Sequence[str], start: int, end: int, layout: Layout) -> Export:
        """``UsageError`` where there are more than ``MOST_ROWS`` samples."""
        tags = tuple(dict.fromkeys(tags))
        version = historian.version()
        columns = list(historian.columns(tags, start, end, _SLICES).values())
        rows = sum(int(one.count.sum()) for one in columns)
        if rows > MOST_ROWS:
            raise UsageError(f"about {rows:,} samples are too many for one file (at most {MOST_ROWS:,})",
                             where="export", do="choose a shorter range or fewer tags; or let a tool read the Delta "
                             "table of the history folder")
        begins = np.concatenate([one.start for one in columns]) if columns else np.zeros(0, np.int64)
        counts = np.concatenate([one.count for one in columns]) if columns else np.zeros(0, np.int64)
        return cls(historian, tags, tuple(_slices(begins, counts, start, end)), version, layout)

    def pieces(self) -> Iterator[Mapping[str, Series]]:
        """The samples slice by slice, in order of time."""
        for start, end in self.slices:
            yield self.historian.read(self.tags, start, end, version=self.version)


def _slices(begins: NDArray[np.int64], counts: NDArray[np.int64], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges that together are ``start <= time < end``, cut where columns begin."""
    order = np.argsort(begins, kind="stable")
    held, since = 0, start
    for begin, count in zip(begins[order].tolist(), counts[order].tolist(), strict=True):
        if held + count > _PIECE and since < begin < end:
            yield since, begin
            held, since = 0, begin
        held += count
    if since < end:
        yield since, end


def csv_lines(export: Export) -> Iterator[bytes]:
    """UTF-8 with a mark that spreadsheets look for; times in ISO 8601 with nanoseconds, UTC."""
    yield b"\xef\xbb\xbf"
    yield _csv([_header(export)])
    for piece in export.pieces():
        rows = _wide_rows(export.tags, piece) if export.layout == "wide" else _long_rows(piece)
        if rows:
            yield _csv(rows)


def _header(export: Export) -> list[str]:
    if export.layout == "long":
        return ["time", "tag", "value", "quality", "text"]
    return ["time", *(word for tag in export.tags for word in (_safe(tag), f"{_safe(tag)} quality"))]


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _safe(text: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _long_rows(piece: Mapping[str, Series]) -> list[tuple[object, ...]]:
    """One row a sample, by time; of equal times by tag."""
    rows = []
    for path, series in piece.items():
        texts = ["" if text is None else _safe(text) for text in series.text or [None] * len(series)]
        rows += list(zip(series.time.tolist(), _iso(series.time), [_safe(path)] * len(series), _numbers(series.value),
                         _names(series.quality), texts, strict=True))
    rows.sort(key=lambda row: row[0])
    return [row[1:] for row in rows]


def _wide_rows(tags: Sequence[str], piece: Mapping[str, Series]) -> list[tuple[object, ...]]:
    """One row a moment; empty where a tag has no sample then, the last that arrived where it has several."""
    times = _moments(piece)
    columns: list[list[object]] = [list(_iso(times))]
    for tag in tags:
        series = piece[tag]
        at = np.searchsorted(times, series.time)
        value, quality = np.full(len(times), "", object), np.full(len(times), "", object)
        value[at] = np.array(_written(series), object)
        quality[at] = np.array(_names(series.quality), object)
        columns += [value.tolist(), quality.tolist()]
    return list(zip(*columns, strict=True))


def _written(series: Series) -> list[object]:
    """The number; the text where there is one."""
    numbers = _numbers(series.value)
    return [number if text is None else _safe(text)
            for number, text in zip(numbers, series.text or [None] * len(series), strict=True)]


def _moments(piece: Mapping[str, Series]) -> NDArray[np.int64]:
    parts = [series.time for series in piece.values()]
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


def _iso(times: NDArray[np.int64]) -> list[str]:
    return [f"{text}Z" for text in np.datetime_as_string(times.astype("datetime64[ns]")).tolist()]


def _numbers(values: NDArray[np.float64]) -> list[object]:
    return ["" if value != value else value for value in values.tolist()]


def _names(quality: NDArray[np.uint32]) -> list[str]:
    used, place = np.unique(quality, return_inverse=True)
    names = [name(code) for code in used.tolist()]
    return [names[at] for at in place.tolist()]


def write_parquet(export: Export, path: Path) -> None:
    """Columns ``time`` (UTC, ns), and long: tag, value, quality, text; wide: a value and a quality of each tag."""
    try:
        import duckdb
    except ImportError:
        raise UsageError("writing Parquet needs DuckDB, which is not installed", where="export",
                         do="`pip install lineshaft[files]`, or choose CSV") from None
    batches = (_wide_batch(export.tags, piece) if export.layout == "wide" else _long_batch(piece)
               for piece in _or_one_empty(export))
    first = next(batches)
    link = duckdb.connect(":memory:")
    try:
        link.register("samples", RecordBatchReader.from_batches(first.schema, _chain(first, batches)))
        target = str(path).replace("'", "''")
        link.execute("COPY (SELECT make_timestamp_ns(time) AS time, * EXCLUDE (time) FROM samples) TO "
                     f"'{target}' (FORMAT parquet, COMPRESSION zstd)")
    except (duckdb.Error, OSError) as error:
        raise EnvironmentFailed(f"the export can't be written ({error})", where=str(path),
                                do="look at the space on its disk") from error
    finally:
        link.close()


def _or_one_empty(export: Export) -> Iterator[Mapping[str, Series]]:
    """The pieces; at least one, so that even an empty file has its columns."""
    if not export.slices:
        yield export.historian.read(export.tags, 0, 0, version=export.version)
    yield from export.pieces()


def _chain(first: RecordBatch, rest: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
    yield first
    yield from rest


def _long_batch(piece: Mapping[str, Series]) -> RecordBatch:
    series = list(piece.values())
    time = np.concatenate([one.time for one in series])
    order = np.argsort(time, kind="stable")
    tag = np.repeat(np.arange(len(series)), [len(one) for one in series])[order]
    texts = [text for one in series for text in one.text or [None] * len(one)]
    return RecordBatch.from_pydict({
        "time": Array.from_numpy(time[order]),
        "tag": Array([one.tag for one in series], DataType.string()).take(Array.from_numpy(tag)),
        "value": Array.from_numpy(np.concatenate([one.value for one in series])[order]),
        "quality": Array.from_numpy(np.concatenate([one.quality for one in series])[order]),
        "text": Array([texts[at] for at in order.tolist()], DataType.string())})


def _wide_batch(tags: Sequence[str], piece: Mapping[str, Series]) -> RecordBatch:
    times = _moments(piece)
    columns: dict[str, Any] = {"time": Array.from_numpy(times)}
    for tag in tags:
        series = piece[tag]
        at = np.searchsorted(times, series.time)
        value, quality = np.full(len(times), np.nan), np.zeros(len(times), np.uint32)
        missing = np.ones(len(times), np.bool_)
        value[at], quality[at], missing[at] = series.value, series.quality, False
        columns[tag] = Array.from_numpy(value)
        columns[f"{tag} quality"] = Array(np.ma.masked_array(quality, missing).tolist(), DataType.uint32())
    return RecordBatch.from_pydict(columns)
