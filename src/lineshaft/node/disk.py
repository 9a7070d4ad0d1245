"""The node's disk as its buffer sees it: one SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement gave."""

    @property
    def lastrowid(self) -> int | None: ...
    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Disk(Protocol):
    """A database whose COMMIT returns when the rows are durable; what it refuses is a ``sqlite3.Error``.

    Transactions are begun and ended by statements. From any thread, one at a time.
    """

    @property
    def in_transaction(self) -> bool: ...
    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows: ...
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object: ...
    def executescript(self, script: str, /) -> object: ...
    def close(self) -> None: ...


OpenDisk = Callable[[Path], Disk]


def open_disk(path: Path) -> Disk:
    """The file at ``path``, made where it is missing: WAL, ``synchronous=FULL``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    disk = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    disk.execute("PRAGMA journal_mode=WAL")
    disk.execute("PRAGMA synchronous=FULL")
    return disk
