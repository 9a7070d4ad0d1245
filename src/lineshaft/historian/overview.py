"""Overview: a few numbers of every minute, ten minutes and hour of a tag, so that years draw in an instant.

A second Delta table beside ``samples``: ``seconds`` (60, 600 or 3600), ``tag_id``, ``tag``, ``time`` (where the
stretch begins, UTC ns) and the fields of ``pieces``. It is a cache: whoever deletes the folder loses nothing, since
charts then read samples until ``compact`` has made it anew. The commit that adds pieces carries the last arrival
that they hold, as in ``cold``; late samples make further pieces of the same stretch, which add up when read.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from arro3.core import Array, DataType, Table
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    QueryBuilder,
    Transaction,
    WriterProperties,
    write_deltalake,
)

from lineshaft.core.clock import SECOND
from lineshaft.historian.failures import require_space
from lineshaft.historian.files import Part, find_damage, packed, parts
from lineshaft.historian.grid import LEVELS, Grid
from lineshaft.historian.pieces import PIECE, POINTS, Pieces, combined, gathered, starts_of
from lineshaft.historian.rows import Rows

log = logging.getLogger(__name__)

_APP = "lineshaft-overview"
_LAYOUT = 1
_GROUP = 20_000  # rows of one Parquet row group: two weeks of minutes of one tag
_MERGED = 500_000  # rows of a merged file
_BYTES_A_PIECE = 120
_FIELDS = tuple(name for name in PIECE.names or () if name not in ("tag", "place"))
_TIMES = ("time", "arrival", *(f"{point}_time" for point in POINTS))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The table as it was, and the last arrival that it holds."""

    table: DeltaTable
    upto: int


class Overview:
    """The tables under ``folder``, of which one named after the historian counts; it is made by the first write.

    Every table gets a folder of its own: one that was deleted and made anew cannot be taken for the old one.
    Only the holder of the historian's lock writes. No failure here is worth an error: the samples say the same.
    """

    def __init__(self, folder: Path, historian: str) -> None:
        self.folder, self._stem = folder, f"{historian}-{_LAYOUT}-"
        self._seen: Snapshot | None = None

    def at_least(self, arrival: int) -> Snapshot | None:
        """The table, looked up again where it is gone or held less than ``arrival`` when last seen."""
        seen = self._seen
        if seen is None or seen.upto < arrival or not _path(seen).exists():
            seen = self._seen = self._look()
        return seen

    def _look(self) -> Snapshot | None:
        try:
            for path in sorted(self.folder.glob(f"{self._stem}*")):
                if DeltaTable.is_deltatable(str(path)):
                    table = DeltaTable(path)
                    return Snapshot(table, table.transaction_version(_APP) or 0)
        except Exception as error:  # noqa: BLE001 - a torn commit, a folder that vanishes: see the class
            log.warning("the overview cannot be read, samples are read instead: %s", error)
        return None

    def read(self, seen: Snapshot, tags: Iterable[int], grid: Grid) -> Pieces | None:
        """The pieces of a grid that has a level; None where the table cannot be read (any more)."""
        wanted = ", ".join(map(str, sorted(tags)))
        try:
            return _pieces(seen.table, f"seconds = {grid.level // SECOND} AND tag_id IN ({wanted}) AND "
                                       f"time >= {grid.start} AND time < {grid.end}").get(grid.level)
        except Exception as error:  # noqa: BLE001 - a merge took files away, or they are damaged
            log.info("the overview changed while it was read: %s", error)
            self._seen = None
            return None

    def add(self, rows: Rows, paths: Mapping[int, str], upto: int) -> None:
        """The pieces of rows that arrived after all that are here; with them arrivals up to ``upto`` are."""
        finest = gathered(rows, LEVELS[0])
        pieces = {level: combined([finest], level // LEVELS[0]) for level in LEVELS}
        seen = self.at_least(0)
        if seen is None:
            shutil.rmtree(self.folder, ignore_errors=True)  # of another historian, another layout, or damaged
            self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{self._stem}{uuid4().hex[:8]}" if seen is None else _path(seen)
        require_space(self.folder, _BYTES_A_PIECE * sum(map(len, pieces.values())))
        write_deltalake(str(path), _columns(pieces, paths), mode="append", writer_properties=_layout(),
                        configuration={"delta.dataSkippingStatsColumns": "seconds,tag_id,time,arrival"},
                        commit_properties=CommitProperties(app_transactions=[Transaction(_APP, upto)]))
        self._seen = self._look()

    def merge(self, paths: Mapping[int, str]) -> None:
        """Neighbouring small files as large ones, and pieces of one stretch as one; removes what is replaced."""
        seen = self.at_least(0)
        if seen is None:
            return
        table = DeltaTable(_path(seen))  # readers of other threads hold the one that was seen
        for part in packed(parts(table), _MERGED):
            if part.files > 1:
                self._merge(table, part, paths)
                table.update_incremental()
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
        self._seen = self._look()

    @staticmethod
    def _merge(table: DeltaTable, part: Part, paths: Mapping[int, str]) -> None:
        span = f"arrival >= {part.first} AND arrival <= {part.last}"
        pieces = {level: combined([found]) for level, found in _pieces(table, span).items()}
        write_deltalake(table, _columns(pieces, paths), mode="overwrite", predicate=span, writer_properties=_layout())

    def held(self, written: int, *, look_closely: bool = False) -> int:
        """The last arrival held: 0 without a table, and after removing one that cannot be of these samples.

        That is one with more than the ``written`` arrivals or, where files are looked at, with damaged ones.
        """
        seen = self._look()
        if seen is not None and (seen.upto > written or (look_closely and find_damage(seen.table) is not None)):
            log.warning("the overview in %s does not fit the samples and is made anew", self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
            seen = None
        self._seen = seen
        return 0 if seen is None else seen.upto


def _path(seen: Snapshot) -> Path:
    return Path(seen.table.table_uri.removeprefix("file://"))


def _pieces(table: DeltaTable, condition: str) -> dict[int, Pieces]:
    """The table's rows by level, ns."""
    names = ", ".join(("seconds", "tag_id", "time", *_FIELDS))
    found = QueryBuilder().register("overview", table).execute(f"SELECT {names} FROM overview WHERE {condition}")
    batches = list(found)
    columns = {name: np.concatenate([batch.column(name).to_numpy() for batch in batches]) if batches else np.zeros(0)
               for name in ("seconds", "tag_id", "time", *_FIELDS)}
    pieces = {}
    for level in LEVELS:
        own = columns["seconds"] == level // SECOND
        pieces[level] = np.zeros(int(own.sum()), PIECE)
        pieces[level]["tag"], pieces[level]["place"] = columns["tag_id"][own], columns["time"][own] // level
        for name in _FIELDS:
            pieces[level][name] = columns[name][own]
    return pieces


def _columns(levels: Mapping[int, Pieces], paths: Mapping[int, str]) -> Table:
    """Pieces as the table's columns, by level, tag and time."""
    pieces = np.concatenate(list(levels.values()))
    seconds = np.repeat([level // SECOND for level in levels], [len(own) for own in levels.values()])
    time = np.concatenate([starts_of(own["place"], level) for level, own in levels.items()])
    used, place = np.unique(pieces["tag"], return_inverse=True)
    names = Array([paths[number] for number in used.tolist()], DataType.string())
    given = {name: np.ascontiguousarray(pieces[name]) for name in _FIELDS} | {
        "quality": pieces["quality"].astype(np.int64)}
    return Table.from_pydict({
        "seconds": Array.from_numpy(seconds.astype(np.int32)),
        "tag_id": Array.from_numpy(np.ascontiguousarray(pieces["tag"])), "tag": names.take(Array.from_numpy(place)),
        "time": Array.from_numpy(time), **{name: Array.from_numpy(column) for name, column in given.items()}})


def _layout() -> WriterProperties:
    delta = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
    return WriterProperties(compression="ZSTD", compression_level=3, max_row_group_size=_GROUP,
                            column_properties=dict.fromkeys(_TIMES, delta))
