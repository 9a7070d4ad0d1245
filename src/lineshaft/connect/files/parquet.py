"""Parquet through DuckDB (already there for the historian), column chunk by column chunk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.source import Source
from lineshaft.core.errors import EnvironmentFailed, UsageError

if TYPE_CHECKING:
    import duckdb

_CHUNK = 500_000
_MAGIC = b"PAR1"
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "BOOLEAN",
)

Column = NDArray[np.float64] | NDArray[np.int64] | Sequence[str]


def is_parquet(head: bytes) -> bool:
    """Whether a file begins as Parquet does."""
    return head.startswith(_MAGIC)


class ParquetTable:
    """A Parquet file. ``names``, ``kinds`` (time, time zoned, number, text) leave out what is no tag."""

    def __init__(self, source: Source) -> None:
        self.source = source
        with self._connection() as (link, path):
            described = link.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
        kinds = {str(row[0]): _kind(str(row[1])) for row in described}
        self.names = tuple(name for name, kind in kinds.items() if kind)
        self.kinds = tuple(kinds[name] for name in self.names)
        left = [name for name, kind in kinds.items() if not kind]
        self.said = [f"Left out, as neither numbers nor text: {', '.join(map(repr, left))}."] if left else []
        if not self.names:
            raise UsageError(
                "no column holds numbers or times", where=source.name, do="export the values as numbers"
            )

    @contextmanager
    def _connection(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        try:
            import duckdb
        except ImportError as error:
            raise EnvironmentFailed(
                "reading Parquet needs DuckDB", where=self.source.name, do="run: pip install 'lineshaft[files]'"
            ) from error
        with _on_disk(self.source) as path, duckdb.connect(":memory:") as link:
            try:
                link.execute("SET TimeZone = 'UTC'")
                yield link, path
            except duckdb.Error as error:
                reason = str(error).splitlines()[0][:120]
                raise UsageError(
                    f"the Parquet file can't be read ({reason})",
                    where=self.source.name,
                    do="check that it was copied in full",
                ) from error

    def chunks(self, size: int = _CHUNK) -> Iterator[list[Column]]:
        """Columns of the next ``size`` rows: int64 ns for times (minimum where null), float64, or texts."""
        query = ", ".join(_expression(name, kind) for name, kind in zip(self.names, self.kinds, strict=True))
        with self._connection() as (link, path):
            start = 0
            while True:
                link.execute(
                    f"SELECT {query} FROM read_parquet(?, file_row_number = true) "
                    "WHERE file_row_number >= ? AND file_row_number < ?",
                    [path, start, start + size],
                )
                fetched: dict[str, Any] = link.fetchnumpy()
                columns = [
                    _column(array, kind) for array, kind in zip(fetched.values(), self.kinds, strict=True)
                ]
                if not len(columns[0]):
                    return
                yield columns
                start += size


def _kind(declared: str) -> str:
    if declared.startswith(("TIMESTAMP", "DATE")):
        return "time zoned" if "WITH TIME ZONE" in declared else "time"
    if declared.startswith(_NUMBERS) and not declared.endswith("]"):
        return "number"
    return "text" if declared in ("VARCHAR", "TIME") or declared.startswith("ENUM") else ""


def _expression(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind.startswith("time"):
        return f"coalesce(epoch_ns({quoted}), {np.iinfo(np.int64).min + 1} - 1)"
    return f"CAST({quoted} AS DOUBLE)" if kind == "number" else f"CAST({quoted} AS VARCHAR)"


def _column(array: Any, kind: str) -> Column:
    filled = np.ma.filled(array, np.nan) if kind == "number" else array
    if kind == "number":
        return np.asarray(filled, np.float64)
    if kind.startswith("time"):
        return np.asarray(array, np.int64)
    mask = np.ma.getmaskarray(array)
    return [
        "" if hidden or cell is None else str(cell)
        for cell, hidden in zip(np.ma.getdata(array), mask, strict=True)
    ]


@contextmanager
def _on_disk(source: Source) -> Iterator[str]:
    """DuckDB reads files, so a packed Parquet is unpacked beside it for the while."""
    if source.path is not None and is_parquet(_first(source.path)):
        yield str(source.path)
        return
    handle, name = tempfile.mkstemp(suffix=".parquet")
    try:
        with os.fdopen(handle, "wb") as copy, source.open() as raw:
            while block := raw.read(1 << 20):
                copy.write(block)
        yield name
    finally:
        Path(name).unlink(missing_ok=True)


def _first(path: Path) -> bytes:
    with path.open("rb") as raw:
        return raw.read(4)
