"""The disk buffer: decisions wait in SQLite until the centre has acknowledged them."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from lineshaft.core.alarm import Alarm
from lineshaft.core.answer import Answer
from lineshaft.core.background import Background, Threads
from lineshaft.core.clock import format_duration
from lineshaft.core.decision import Decision
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.node.alarms import Transition
from lineshaft.node.disk import Disk, OpenDisk, open_disk
from lineshaft.node.record import Record, Said, decision
from lineshaft.prepared import prepared

FILE = "node.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS origin (id INTEGER PRIMARY KEY, loop TEXT, asset TEXT, UNIQUE (loop, asset));
CREATE TABLE IF NOT EXISTS bundle (id INTEGER PRIMARY KEY, digest TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS decision (sequence INTEGER PRIMARY KEY AUTOINCREMENT, origin INTEGER, time INTEGER,
  score REAL, alarm INTEGER, confidence REAL, latency INTEGER, missed INTEGER, source INTEGER, masked TEXT,
  causes TEXT, bundle INTEGER, answers INTEGER, said TEXT);
CREATE TABLE IF NOT EXISTS answers (id INTEGER PRIMARY KEY, body TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS count (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS alarm (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER, body TEXT NOT NULL);
"""
_INSERT = ("INSERT INTO decision (origin, time, score, alarm, confidence, latency, missed, source, masked, causes,"
           " bundle, answers, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
_ADDED = {"answers": "INTEGER", "said": "TEXT"}
"""Columns that files of earlier versions lack."""
_SELECT = ("SELECT sequence, loop, asset, time, score, alarm, confidence, latency, missed, source, masked, causes,"
           " digest, body, said FROM decision JOIN origin ON origin = origin.id JOIN bundle ON bundle = bundle.id"
           " LEFT JOIN answers ON answers = answers.id"
           " WHERE sequence > ? ORDER BY sequence LIMIT ?")
_LAYOUT = 1
"""``user_version`` of the file; 0 in those of before there was one."""
_BATCH, _NAME_BITS = 2000, 62
_SLOW_S, _SLOW_FOR_S = 1.0, 60.0
_Numbers = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision with its number in an outbox; numbers only grow, and the receiver drops repeats.

    ``outbox`` names the file that counts: another disk counts from 1 again. Files of earlier versions have no name.
    """

    sequence: int
    decision: Decision
    outbox: str = ""


@dataclass(frozen=True, slots=True)
class BufferLimits:
    """``rows`` on disk and ``waiting`` records in memory at most; over that the OLDEST go, and are counted.

    ``interval_s`` is the longest a decision waits for its commit: what ``kill -9`` can cost.
    """

    rows: int = 5_000_000
    waiting: int = 100_000
    interval_s: float = 0.2
    journal: int = 100_000


class DiskBuffer:
    """Outbox, alarm states and journal of one node in ``folder/node.sqlite`` (WAL, ``synchronous=FULL``).

    ``put`` is for the loop's thread: it appends to memory and returns; a writer in the ``background`` commits. When
    the disk refuses, ``fault`` says why, ``put`` goes on within ``waiting``, and the writer tries again every
    interval.
    """

    def __init__(self, folder: Path, *, loop: str, asset: str = "", limits: BufferLimits | None = None,
                 background: Background | None = None, opened: OpenDisk = open_disk) -> None:
        self.path, self.limits = folder / FILE, limits or BufferLimits()
        self.fault = ""
        self.dropped_memory = 0
        self._queue: deque[Record] = deque()
        self._put = self._queue.append
        self._bound = self.limits.waiting
        background = background or Threads()
        self._lock = background.lock()
        self._written = threading.Condition()
        self._in_flight, self._tries = False, 0
        self._begun = self._ended = self._took_s = 0.0
        self._bundles: dict[str, int] = {}
        self._answers: dict[tuple[Answer, ...], int] = {}
        try:
            self._db = _with_tables(opened(self.path), self.path)
            self._name = f"{number:x}" if (number := self._count("name")) else ""
            self._origin = self._origin_id(loop, asset)
            self._dropped_disk, self.acknowledged = self._count("dropped"), self._count("acknowledged")
            self._rows = int(self._db.execute("SELECT count(*) FROM decision").fetchone()[0])
        except (sqlite3.Error, OSError) as error:
            raise EnvironmentFailed(f"the disk buffer cannot be opened ({error})", where=str(self.path),
                                    do="make the folder writable, or move a damaged file away") from error
        self._writer = background.every(self.limits.interval_s, self._write, "lineshaft-buffer")

    # -- the loop's side

    def put(self, record: Record) -> None:
        """Take a record; never waits, never raises."""
        self._put(record)
        if len(self._queue) > self._bound:
            self._queue.popleft()
            self.dropped_memory += 1

    # -- everybody else's side

    @property
    def dropped(self) -> int:
        """Decisions given up since the buffer was made, oldest first: over ``rows`` or over ``waiting``."""
        return self._dropped_disk + self.dropped_memory

    @property
    def depth(self) -> int:
        """Decisions that nobody has acknowledged."""
        return self._rows + len(self._queue)

    @property
    def slow(self) -> str:
        """Why decisions wait longer for their commit than ``interval_s`` says; "" where they don't.

        A commit that lasts counts, and the last one until a quicker one follows, or for a minute.
        """
        begun, now = self._begun, monotonic()
        lasts = max(self._took_s if now - self._ended < _SLOW_FOR_S else 0.0, now - begun if begun else 0.0)
        return f"the disk is slow: a write to {FILE} takes {format_duration(lasts * 1e9)}" if lasts > _SLOW_S else ""

    def pending(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """Unacknowledged decisions with a number above ``after``, in order; only what is safely on disk."""
        return [_entry(row, self._name) for row in self._read(_SELECT, after, limit)]

    def acknowledge(self, sequence: int, outbox: str = "") -> int:
        """The centre holds everything up to ``sequence``: forget it here. Gives how many went; safe to repeat.

        ``outbox`` is where the number came from: that of another disk, which was replaced meanwhile, is ``Refused``.
        """
        if outbox and outbox != self._name:
            raise Refused(f"number {sequence} is of another outbox", where="acknowledge",
                          do="fetch the outbox again; this node's disk was replaced meanwhile")
        newest = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'decision'")
        if sequence > (newest[0][0] if newest else 0):
            raise UsageError(f"{sequence} was never given out", where="acknowledge",
                             do="acknowledge a number that came from the outbox")
        with self._lock:
            with _told(self.path), self._transaction() as db:
                gone = db.execute("DELETE FROM decision WHERE sequence <= ?", (sequence,)).rowcount
                if sequence > self.acknowledged:
                    self._set_count("acknowledged", sequence)
            self.acknowledged = max(self.acknowledged, sequence)
            self._rows -= gone
        return gone

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything put so far is on disk; False when the disk refuses or time is over."""
        with self._written:
            tried = self._tries
            self._writer.wake()
            self._written.wait_for(lambda: self._empty or (bool(self.fault) and self._tries > tried), timeout_s)
            return self._empty

    @property
    def _empty(self) -> bool:
        return not (self._queue or self._in_flight)

    def keep_alarm(self, alarm: Alarm, transition: Transition) -> None:
        """Durable when it returns; raises ``EnvironmentFailed`` when the disk refuses."""
        body, line = (msgspec.json.encode(value).decode() for value in (alarm, transition))
        with self._lock, _told(self.path), self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO alarm VALUES (?, ?)", (alarm.name, body))
            cursor = db.execute("INSERT INTO journal (time, body) VALUES (?, ?)", (transition.time, line))
            db.execute("DELETE FROM journal WHERE sequence <= ?", ((cursor.lastrowid or 0) - self.limits.journal,))

    def alarms(self) -> list[Alarm]:
        """Alarm states as they were kept."""
        rows = self._read("SELECT body FROM alarm ORDER BY name")
        return [msgspec.json.decode(body, type=Alarm) for (body,) in rows]

    def journal(self, limit: int = 1000) -> list[Transition]:
        """The newest transitions, oldest first."""
        rows = self._read("SELECT body FROM journal ORDER BY sequence DESC LIMIT ?", limit)
        return [msgspec.json.decode(body, type=Transition) for (body,) in reversed(rows)]

    def close(self) -> None:
        """Commit what waits and let go of the file; safe to call twice."""
        self._writer.stop()
        with self._lock:
            self._db.close()

    # -- the writer

    def _write(self) -> None:
        try:
            while self._queue:
                self._commit()
            self.fault = ""
        except sqlite3.Error as error:
            self.fault = f"the disk buffer cannot write ({error}); {len(self._queue)} decisions wait in memory"
        with self._written:
            self._tries += 1
            self._written.notify_all()

    def _commit(self) -> None:
        self._in_flight, self._begun = True, monotonic()
        batch = self._take()
        try:
            with self._lock:
                self._insert(batch)
        except sqlite3.Error:
            self._bundles.clear()  # rows of a transaction that was rolled back
            self._answers.clear()
            self._queue.extendleft(reversed(batch))
            raise
        finally:
            self._ended = monotonic()
            self._in_flight, self._took_s, self._begun = False, self._ended - self._begun, 0.0

    def _insert(self, batch: list[Record]) -> None:
        over = max(0, self._rows + len(batch) - self.limits.rows)
        with self._transaction() as db:
            db.executemany(_INSERT, [self._row(record) for record in batch])
            if over:
                db.execute("DELETE FROM decision WHERE sequence IN "
                           "(SELECT sequence FROM decision ORDER BY sequence LIMIT ?)", (over,))
                self._set_count("dropped", self._dropped_disk + over)
        self._rows += len(batch) - over
        self._dropped_disk += over

    def _take(self) -> list[Record]:
        batch: list[Record] = []
        with suppress(IndexError):  # ``put`` takes from the same end when memory is full
            while len(batch) < _BATCH:
                batch.append(self._queue.popleft())
        return batch

    def _row(self, record: Record) -> tuple[object, ...]:
        time, score, alarm, confidence, latency, missed, source, masked, causes, bundle, said = record
        answers, numbers = (self._answers_id(said[0]), msgspec.json.encode(said[1:]).decode()) if said else (None, None)
        return (self._origin, time, score, alarm, confidence, latency, missed, source,
                msgspec.json.encode(masked).decode() if masked else "",
                msgspec.json.encode(causes).decode() if causes else "", self._bundle_id(bundle), answers, numbers)

    def _bundle_id(self, digest: str) -> int:
        if digest not in self._bundles:
            self._db.execute("INSERT OR IGNORE INTO bundle (digest) VALUES (?)", (digest,))
            row = self._db.execute("SELECT id FROM bundle WHERE digest = ?", (digest,)).fetchone()
            self._bundles[digest] = int(row[0])
        return self._bundles[digest]

    def _answers_id(self, answers: tuple[Answer, ...]) -> int:
        if answers not in self._answers:
            body = msgspec.json.encode(answers).decode()
            self._db.execute("INSERT OR IGNORE INTO answers (body) VALUES (?)", (body,))
            row = self._db.execute("SELECT id FROM answers WHERE body = ?", (body,)).fetchone()
            self._answers[answers] = int(row[0])
        return self._answers[answers]

    # -- the file

    def _read(self, query: str, *values: int) -> list[Any]:
        with self._lock, _told(self.path, "read"):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[Disk]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _origin_id(self, loop: str, asset: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO origin (loop, asset) VALUES (?, ?)", (loop, asset))
        row = self._db.execute("SELECT id FROM origin WHERE loop = ? AND asset = ?", (loop, asset)).fetchone()
        return int(row[0])

    def _count(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM count WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def _set_count(self, name: str, value: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO count VALUES (?, ?)", (name, value))


def _with_tables(disk: Disk, path: Path) -> Disk:
    layout = disk.execute("PRAGMA user_version").fetchone()[0]
    if layout > _LAYOUT:
        disk.close()
        raise EnvironmentFailed(f"it was written by a newer Lineshaft (layout {layout})", where=str(path),
                                do="upgrade Lineshaft, or give the node another folder")
    before = disk.execute("PRAGMA table_info(decision)").fetchall()
    disk.executescript(_SCHEMA)
    if not before:
        disk.execute("INSERT OR IGNORE INTO count VALUES ('name', ?)", (secrets.randbits(_NAME_BITS) | 1,))
    there = {row[1] for row in before or disk.execute("PRAGMA table_info(decision)").fetchall()}
    for column, kind in _ADDED.items():
        if column not in there:
            disk.execute(f"ALTER TABLE decision ADD COLUMN {column} {kind}")
    disk.execute(f"PRAGMA user_version = {_LAYOUT}")
    return disk


@contextmanager
def _told(path: Path, verb: str = "write") -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        do = "make room on the disk" if verb == "write" else "look at the disk's health"
        raise EnvironmentFailed(f"the disk buffer cannot {verb} ({error})", where=str(path),
                                do=f"{do} and try again") from error


def _entry(row: tuple[int, str, str, int, float, int, float, int, int, int, str, str, str, str | None, str | None],
           name: str) -> Entry:
    sequence, loop, asset, time, score, alarm, confidence, latency, missed, source, masked, causes, bundle = row[:13]
    record: Record = (time, score, bool(alarm), confidence, latency, bool(missed), source,
                      tuple(msgspec.json.decode(masked)) if masked else (),
                      tuple((tag, share) for tag, share in msgspec.json.decode(causes)) if causes else (), bundle,
                      _said(*row[13:]))
    return Entry(sequence, decision(record, loop, asset), name)


def _said(answers: str | None, numbers: str | None) -> Said | None:
    if not answers or not numbers:
        return None
    values, low, high, known = msgspec.json.decode(numbers, type=_Numbers)
    return _answers_of(answers), values, low, high, known


@lru_cache(maxsize=16)
def _answers_of(body: str) -> tuple[Answer, ...]:
    return msgspec.json.decode(body, type=tuple[Answer, ...])


prepared(Alarm, Transition, tuple[Answer, ...], _Numbers)
