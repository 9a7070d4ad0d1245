"""Cold: the Delta table that holds everything older, in Parquet that any other tool reads.

Columns: ``tag_id``, ``tag`` (the path again, so that the table explains itself), ``time`` (UTC ns; Delta's own
timestamps end at microseconds), ``value``, ``quality``, ``text``, ``arrival``. Rows of one file are consecutive
arrivals; inside they lie by stretch of time and tag. Queries run in the DataFusion engine that deltalake
carries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from arro3.core import Array, DataType, RecordBatch, Table
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    QueryBuilder,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import DeltaError

from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.sample import Sample
from lineshaft.historian.failures import failed, reporting, require_space
from lineshaft.historian.files import damaged_commit, find_damage, packed, parts, synchronise
from lineshaft.historian.grid import Grid
from lineshaft.historian.pieces import Pieces, gathered
from lineshaft.historian.rows import Rows, in_order, joined

T = TypeVar("T")

_APP = "lineshaft-historian"
_GROUP = 200_000  # rows of one Parquet row group
_MERGED = 2_000_000  # rows of a merged file: as much as a small PC sorts in memory
_BYTES_A_ROW = 40  # free space asked for a row before writing it
_LOOKBACK = tuple(60 * SECOND * 32**step for step in range(5))
_ATTEMPTS = 5


class Cold:
    """The table under ``folder``; only the holder of the historian's lock writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._table: DeltaTable | None = None
        self._looking = threading.Lock()  # readers of several threads share the table

    @property
    def version(self) -> int:
        """The Delta version last seen; -1 before the first."""
        return -1 if self._table is None else int(self._table.version())

    def at_least(self, version: int) -> DeltaTable | None:
        """The table at Delta version ``version`` or newer; None before the first hand-over (-1)."""
        if version < 0:
            return None
        table = self._table if self.version >= version else self.latest()
        if table is None or table.version() < version:
            raise EnvironmentFailed(f"the table ends before its version {version}, which hot.sqlite names",
                                    where=str(self.folder), do="restore both from the same copy")
        return table

    def latest(self) -> DeltaTable | None:
        """The table as it is on disk now."""
        with self._looking, reporting(self.folder):
            try:
                if self._table is not None:
                    self._table.update_incremental()
                elif DeltaTable.is_deltatable(str(self.folder)):
                    self._table = DeltaTable(self.folder)
            except DeltaError as error:
                raise damaged_commit(self.folder) or error from error
            return self._table

    def written(self) -> int:
        """The last arrival that a commit holds: 0 before the first."""
        table = self.latest()
        return 0 if table is None else table.transaction_version(_APP) or 0

    def write(self, rows: Rows, paths: Mapping[int, str], upto: int) -> None:
        """Commit rows and, in the same commit, that arrivals up to ``upto`` are here."""
        with reporting(self.folder):
            self.folder.mkdir(exist_ok=True)
            require_space(self.folder, _BYTES_A_ROW * len(rows))
            write_deltalake(
                self._table or self.folder, _columns(rows, paths), mode="append",
                configuration={"delta.dataSkippingStatsColumns": "tag_id,time,arrival"},
                writer_properties=_layout(),
                commit_properties=CommitProperties(app_transactions=[Transaction(_APP, upto)]))
        self._settle()

    def merge(self) -> Iterator[int]:
        """Sort neighbouring small files into large ones; after each the Delta version.

        A file holds consecutive arrivals, so replacing ``arrival BETWEEN`` replaces whole files in one commit.
        """
        for part in packed(parts(self.latest()), _MERGED):
            if part.files == 1:
                continue
            width = (part.high - part.low) / max(part.count // _GROUP, 1) + 1
            with reporting(self.folder):
                require_space(self.folder, _BYTES_A_ROW * part.count)
                span = f"arrival >= {part.first} AND arrival <= {part.last}"
                ordered = self._query(
                    f"SELECT tag_id, tag, time, value, quality, text, arrival FROM samples WHERE {span} "
                    f"ORDER BY floor(CAST(time AS DOUBLE) / {width!r}), tag_id, time, arrival", self._table)
                write_deltalake(self._table, ordered, mode="overwrite", predicate=span,
                                writer_properties=_layout())
            self._settle()
            yield self.version

    def clean(self) -> None:
        """Remove files that no longer belong to the table. No named version needs them: see ADR 0003."""
        table = self.latest()
        if table is not None:
            with reporting(self.folder):
                table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)

    def _settle(self) -> None:
        """Push what was just committed to the disk itself, before anything else is deleted for it."""
        self.latest()
        with reporting(self.folder):
            synchronise(self.folder, self.version)

    def window(self, version: int, tags: Iterable[int], start: int, end: int, last: int) -> list[Rows]:
        """Rows of ``tags`` with ``start <= time < end`` and arrival up to ``last``, in pieces of any order."""
        wanted = ", ".join(map(str, sorted(tags)))
        return self._rows(version, f"SELECT tag_id, time, value, quality, text, arrival FROM samples "
                                   f"WHERE tag_id IN ({wanted}) AND time >= {start} AND time < {end} "
                                   f"AND arrival <= {last}")

    def since(self, version: int, arrival: int, last: int) -> Rows:
        """Rows that arrived after ``arrival`` and up to ``last``, in that order."""
        return joined(self._rows(version, f"SELECT tag_id, time, value, quality, text, arrival FROM samples "
                                          f"WHERE arrival > {arrival} AND arrival <= {last} ORDER BY arrival"))

    def newest(self, version: int, tags: Iterable[int], time: int, last: int) -> dict[int, tuple[int, Sample]]:
        """(arrival, sample without path) of the newest row at or before ``time``, arrivals up to ``last``.

        Looks back in growing stretches, for each only the tags not found yet.
        """
        found: dict[int, tuple[int, Sample]] = {}
        missing = set(tags)
        for back in (*_LOOKBACK, None):
            if not missing:
                break
            since = "" if back is None else f"AND time > {max(time - back, -(1 << 63))} "
            for rows in self._rows(version, _NEWEST.format(tags=", ".join(map(str, sorted(missing))), time=time,
                                                           last=last, since=since)):
                for at, tag in enumerate(rows.tag.tolist()):
                    found[tag] = (int(rows.arrival[at]), rows.sample("", at))
            missing -= found.keys()
        return found

    def pieces(self, version: int, tags: Iterable[int], grid: Grid, after: int, last: int) -> list[Pieces]:
        """The rows of ``tags`` inside the grid with ``after < arrival <= last``, gathered a few files at a time.

        So memory does not follow the range. Each is of consecutive arrivals.
        """
        wanted = ", ".join(map(str, sorted(tags)))
        inside = f"tag_id IN ({wanted}) AND time >= {grid.start} AND time < {grid.end}"

        def gather(table: DeltaTable) -> list[Pieces]:
            found = [part for part in parts(table) if part.last > after and part.first <= last
                     and part.high >= grid.start and part.low < grid.end]
            return [gathered(self._between(table, max(part.first, after + 1), min(part.last, last), inside), grid.width)
                    for part in packed(found, _MERGED)]

        return self._looking_again(version, gather) or []

    def files(self, after: int) -> Iterator[Rows]:
        """All rows that arrived after ``after``, without texts, in pieces of consecutive arrivals."""
        table = self.latest()
        for part in packed([part for part in parts(table) if part.last > after], _MERGED):
            yield self._between(table, max(part.first, after + 1), part.last, "true")

    def _between(self, table: DeltaTable | None, first: int, last: int, condition: str) -> Rows:
        query = (f"SELECT tag_id, time, value, quality, arrival FROM samples "
                 f"WHERE {condition} AND arrival >= {first} AND arrival <= {last}")
        return joined([_rows(batch) for batch in self._query(query, table)])

    def _rows(self, version: int, query: str) -> list[Rows]:
        found = self._looking_again(version, lambda table: [_rows(batch) for batch in self._query(query, table)])
        return found or []

    def _looking_again(self, version: int, ask: Callable[[DeltaTable], T]) -> T | None:
        """Ask the table. A merge in another process may take the files away meanwhile: then look again."""
        for attempt in range(_ATTEMPTS):
            table = self.at_least(version)
            if table is None:
                return None
            seen = table.version()
            try:
                return ask(table)
            except Exception as error:
                self._table = None
                newer = self.latest()
                if newer is None or newer.version() == seen or attempt == _ATTEMPTS - 1:
                    raise find_damage(newer) or failed(self.folder, None, error) from error
        raise AssertionError("unreachable: the last attempt raises")

    @staticmethod
    def _query(query: str, table: DeltaTable | None) -> Any:
        return QueryBuilder().register("samples", table).execute(query)


_NEWEST = ("SELECT tag_id, last_value(time ORDER BY time, arrival) AS time, "
           "last_value(value ORDER BY time, arrival) AS value, "
           "last_value(quality ORDER BY time, arrival) AS quality, "
           "last_value(text ORDER BY time, arrival) AS text, "
           "last_value(arrival ORDER BY time, arrival) AS arrival FROM samples "
           "WHERE tag_id IN ({tags}) AND time <= {time} {since}AND arrival <= {last} GROUP BY tag_id")


def _layout() -> WriterProperties:
    """Differences of times and arrivals in few bits, the rest by dictionary; all under zstd."""
    delta = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
    return WriterProperties(compression="ZSTD", compression_level=3, max_row_group_size=_GROUP,
                            column_properties={"time": delta, "arrival": delta})


def _columns(rows: Rows, paths: Mapping[int, str]) -> Table:
    """The rows as the table's columns, by tag and time so that neighbours resemble each other."""
    rows = in_order(rows)
    used, place = np.unique(rows.tag, return_inverse=True)
    names = Array([paths[number] for number in used.tolist()], DataType.string())
    texts = ([rows.text.get(number) for number in rows.arrival.tolist()] if rows.text else [None] * len(rows))
    return Table.from_pydict({
        "tag_id": Array.from_numpy(rows.tag), "tag": names.take(Array.from_numpy(place)),
        "time": Array.from_numpy(rows.time), "value": Array.from_numpy(rows.value),
        "quality": Array.from_numpy(rows.quality.astype(np.int64)), "text": Array(texts, DataType.string()),
        "arrival": Array.from_numpy(rows.arrival)})


def _rows(batch: RecordBatch) -> Rows:
    """An Arrow batch as rows; only columns with text are looked at entry by entry."""
    arrival, text = batch.column("arrival").to_numpy(), batch["text"] if "text" in batch.column_names else None
    texts = {} if text is None or text.null_count == len(arrival) else {
        number: entry for number, entry in zip(arrival.tolist(), text.to_pylist(), strict=True)
        if entry is not None}
    return Rows(batch.column("tag_id").to_numpy(), batch.column("time").to_numpy(),
                batch.column("value").to_numpy(), batch.column("quality").to_numpy().astype(np.uint32), arrival,
                texts)
