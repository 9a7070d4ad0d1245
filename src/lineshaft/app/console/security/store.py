"""``console/console.sqlite``: what the console itself keeps; several processes may have it open."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lineshaft.core.errors import EnvironmentFailed

FOLDER, FILE = "console", "console.sqlite"
VERSION = 1
_SCHEMA = (
    """CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)""",
    """CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
       role TEXT NOT NULL, hash TEXT, passwords INTEGER NOT NULL DEFAULT 1, disabled INTEGER NOT NULL DEFAULT 0,
       must_change INTEGER NOT NULL DEFAULT 0, subject TEXT UNIQUE, created INTEGER NOT NULL, seen INTEGER)""",
    """CREATE TABLE session (digest BLOB PRIMARY KEY, account INTEGER NOT NULL REFERENCES account (id),
       created INTEGER NOT NULL, seen INTEGER NOT NULL, address TEXT NOT NULL) WITHOUT ROWID""",
    # Whichever process changes an account: nobody goes on with the rights, or the password, of before.
    """CREATE TRIGGER account_changed AFTER UPDATE ON account
       WHEN OLD.role <> NEW.role OR OLD.passwords <> NEW.passwords OR OLD.disabled <> NEW.disabled
       BEGIN DELETE FROM session WHERE account = NEW.id; END""",
    """CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, person TEXT NOT NULL,
       role TEXT NOT NULL, address TEXT NOT NULL, act TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL,
       outcome TEXT NOT NULL, digest TEXT NOT NULL)""",
    """CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
    """CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
)


class Store:
    """One connection behind a lock, for the threads of one process; safe to close twice."""

    def __init__(self, project: Path) -> None:
        self.path = project / FOLDER / FILE
        self._lock, self._inside = threading.RLock(), False
        try:
            self._create()
            self._db = self._connect()
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA foreign_keys=ON")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise EnvironmentFailed(f"the console's database cannot be opened ({error})", where=str(self.path),
                                    do="make the folder writable, or move a damaged file away") from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """For quick questions: other threads wait meanwhile."""
        with self._lock, self._told("read"):
            yield self._db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the outermost block ends, undone when it raises."""
        with self._lock, self._told("write"):
            if self._inside:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._inside = True
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._inside = False

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """For long reads: a connection of its own that sees one moment and holds nobody up."""
        with self._told("read"):
            db = self._connect()
            try:
                db.execute("BEGIN")
                yield db
            finally:
                db.close()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _create(self) -> None:
        """Folder and file for their owner only, before SQLite (whose side files take the file's mode) opens it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        ignored = self.path.parent / ".gitignore"  # a project is a folder in git; this never belongs there
        if not ignored.exists():
            ignored.write_text("*\n", "utf-8")
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        if os.name == "posix" and self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=10)

    def _prepare(self) -> None:
        with self.write() as db:
            found = int(db.execute("PRAGMA user_version").fetchone()[0])
            if found > VERSION:
                raise EnvironmentFailed(f"the console's database is of version {found}, this program knows {VERSION}",
                                        where=str(self.path), do="update Lineshaft on this machine")
            if found == 0:
                for statement in _SCHEMA:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise EnvironmentFailed(f"the console's database cannot be {verb if verb == 'read' else 'written'} "
                                    f"({error})", where=str(self.path),
                                    do="make room on the disk and try again") from error
