"""A disk that keeps what was committed, and can be full, read-only, locked, failing or slow."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.faults.simulation.world import Killed, World

from lineshaft.node.disk import Disk, Rows

FAULTS = ("full", "read-only", "locked", "failing", "slow")
_SAYS = {"full": "database or disk is full", "read-only": "attempt to write a readonly database",
         "locked": "database is locked", "failing": "disk I/O error"}


class SimDisk:
    """One machine's disk: an SQLite database in memory, which outlives the processes that open it."""

    def __init__(self, world: World) -> None:
        self.world, self.fault = world, ""
        self.cut: Callable[[], None] | None = None
        """Kills the process at its next COMMIT, before or after that is durable."""
        self._db = self._empty()

    def opened(self, alive: Callable[[], bool]) -> Disk:
        """The database for one process."""
        return _Handle(self, self._db, alive)

    def lose_power(self) -> None:
        """What was not committed is gone."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def replace(self) -> None:
        """Another, empty disk."""
        self._db = self._empty()

    def kept(self, query: str) -> list[Any]:
        """What is durable, past all faults."""
        return self._db.execute(query).fetchall()

    def _empty(self) -> sqlite3.Connection:
        return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


class _Handle:
    def __init__(self, disk: SimDisk, db: sqlite3.Connection, alive: Callable[[], bool]) -> None:
        self._disk, self._db, self._alive = disk, db, alive

    @property
    def in_transaction(self) -> bool:
        return self._alive() and self._db.in_transaction

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows:
        self._before(statement)
        if statement == "COMMIT" and self._disk.cut is not None:
            self._cut_at_commit()
        return self._db.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object:
        self._before(statement)
        return self._db.executemany(statement, list(rows))

    def executescript(self, script: str, /) -> object:
        self._before("BEGIN")
        return self._db.executescript(script)

    def close(self) -> None:
        """The database stays for the next process."""

    def _before(self, statement: str) -> None:
        if not self._alive():
            raise Killed
        disk, world, verb = self._disk, self._disk.world, statement.split(" ", 1)[0]
        if disk.fault == "slow" and verb in ("BEGIN", "COMMIT", "INSERT") and world.happens(0.3):
            world.wait(world.within(1, world.period), self._alive)
            if not self._alive():
                raise Killed
        if disk.fault in _SAYS and _hits(disk.fault, verb, world):
            if disk.fault == "failing" and world.happens(0.5) and self._db.in_transaction:
                self._db.execute("ROLLBACK")  # as SQLite itself does after some errors
            raise sqlite3.OperationalError(_SAYS[disk.fault])

    def _cut_at_commit(self) -> None:
        cut, self._disk.cut = self._disk.cut, None
        if self._disk.world.happens(0.5):
            self._db.execute("COMMIT")
        assert cut is not None
        cut()
        raise Killed


def _hits(fault: str, verb: str, world: World) -> bool:
    if verb == "ROLLBACK":
        return False
    if fault == "failing":
        return world.happens(0.4)
    if fault in ("read-only", "locked"):
        return verb == "BEGIN"
    return verb in ("INSERT", "COMMIT") and world.happens(0.7)
