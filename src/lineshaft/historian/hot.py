"""Hot: the part in SQLite. Every append is one durable transaction here; nothing else acknowledges."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.check import check_path, check_samples
from lineshaft.historian.failures import damaged, reporting
from lineshaft.historian.rows import Rows, in_order, joined

Numbers = NDArray[np.int32]

_BUSY_SECONDS = 30.0
_LAYOUT = 1
_CHUNK = 100_000  # rows in one blob, far below SQLite's limit on one

# A batch lies as one blob of columns: one insert for 500 rows costs a tenth of 500 inserts. ``first`` is the
# arrival number of its first row; the others follow.
_SCHEMA = """
CREATE TABLE state(historian TEXT, layout INTEGER, last INTEGER, flushed INTEGER, cold INTEGER);
CREATE TABLE tag(number INTEGER PRIMARY KEY, path TEXT UNIQUE, about TEXT);
CREATE TABLE batch(first INTEGER PRIMARY KEY, count INTEGER, columns BLOB, text TEXT);
CREATE TABLE key(digest BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE newest(tag INTEGER PRIMARY KEY, time INTEGER, value BLOB, quality INTEGER, arrival INTEGER,
                    text TEXT);
"""


@dataclass(frozen=True, slots=True)
class State:
    """``last`` row ever appended, ``flushed`` the last one handed to Delta, ``cold`` the Delta version then."""

    last: int
    flushed: int
    cold: int


class Hot:
    """One connection to ``hot.sqlite``; the caller serialises its threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers: dict[str, int] = {}
        with reporting(path):
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None,
                                       check_same_thread=False)
            try:
                self.historian = self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> str:
        """Create or check; the caller holds the folder's lock when the file is new."""
        self._db.execute("PRAGMA synchronous=FULL")  # a commit survives a power cut, not only a kill
        if self._empty():
            self._db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            self._db.execute("PRAGMA journal_mode=WAL")
            with self._transaction():
                if self._empty():  # else somebody who saw the file half made was quicker
                    self._create()
        try:
            name, layout = self._db.execute("SELECT historian, layout FROM state").fetchone()
        except (sqlite3.OperationalError, TypeError) as error:
            raise damaged(self.path) from error
        if layout > _LAYOUT:
            raise EnvironmentFailed(f"it was written by a newer Lineshaft (layout {layout})",
                                    where=str(self.path), do="upgrade Lineshaft")
        return str(name)

    def _empty(self) -> bool:
        return self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None

    def _create(self) -> None:
        for statement in _SCHEMA.split(";")[:-1]:
            self._db.execute(statement)
        self._db.execute("INSERT INTO state VALUES(?, ?, 0, 0, -1)", (uuid4().hex[:12], _LAYOUT))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._rollback()
            raise
        try:
            self._db.execute("COMMIT")
        except BaseException:
            self._rollback()
            raise

    def _rollback(self) -> None:
        if self._db.in_transaction:  # a full disk has already rolled back
            self._db.execute("ROLLBACK")

    def append(self, samples: Samples, key: str | None) -> int | None:
        """Store durably; the last arrival number after it, None where ``key`` was here before."""
        check_samples(samples)
        with reporting(self.path), self._transaction():
            if key is not None and not self._claim(key):
                return None
            numbers = self._number(samples.tags)
            (last,) = self._db.execute("SELECT last FROM state").fetchone()
            for start in range(0, len(samples), _CHUNK):
                part = slice(start, min(start + _CHUNK, len(samples)))
                self._db.execute("INSERT INTO batch VALUES(?, ?, ?, ?)",
                                 (last + start + 1, part.stop - start, _packed(samples, part, numbers),
                                  _texts(samples, part)))
            self._db.execute("UPDATE state SET last = ?", (last + len(samples),))
        self._numbers.update(zip(samples.tags, numbers.tolist(), strict=True))
        return int(last) + len(samples)

    def _claim(self, key: str) -> bool:
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        return self._db.execute("INSERT OR IGNORE INTO key VALUES(?)", (digest,)).rowcount == 1

    def _number(self, paths: Sequence[str]) -> Numbers:
        """Numbers of paths, new ones registered; call inside a transaction."""
        numbers = np.empty(len(paths), np.int32)
        for at, path in enumerate(paths):
            known = self._numbers.get(path)
            if known is None:
                check_path(path)
                self._db.execute("INSERT OR IGNORE INTO tag(path) VALUES(?)", (path,))
                known = self._db.execute("SELECT number FROM tag WHERE path = ?", (path,)).fetchone()[0]
            numbers[at] = known
        return numbers

    def register(self, tags: Sequence[Tag]) -> None:
        """Keep what is known of the tags, in place of what was."""
        for tag in tags:
            check_path(tag.path)
        with reporting(self.path), self._transaction():
            self._db.executemany(
                "INSERT INTO tag(path, about) VALUES(?, ?) "
                "ON CONFLICT(path) DO UPDATE SET about = excluded.about",
                [(tag.path, json.dumps(asdict(tag))) for tag in tags])

    def tags(self) -> tuple[Tag, ...]:
        """All tags by path."""
        with reporting(self.path):
            found = self._db.execute("SELECT path, about FROM tag").fetchall()
        return tuple(_tag(path, about) for path, about in sorted(found))

    def numbers(self, paths: Iterable[str]) -> dict[str, int | None]:
        """The number of each path; None for a path never seen."""
        found: dict[str, int | None] = {}
        with reporting(self.path):
            for path in paths:
                if path not in self._numbers:
                    row = self._db.execute("SELECT number FROM tag WHERE path = ?", (path,)).fetchone()
                    if row is not None:
                        self._numbers[path] = row[0]
                found[path] = self._numbers.get(path)
        return found

    def paths(self) -> dict[int, str]:
        """Every path by its number."""
        with reporting(self.path):
            return dict(self._db.execute("SELECT number, path FROM tag"))

    def state(self) -> State:
        """Where the rows are now."""
        with reporting(self.path):
            return State(*self._db.execute("SELECT last, flushed, cold FROM state").fetchone())

    def state_and_rows(self, after: int) -> tuple[State, Rows]:
        """The state, and of the same moment the rows here with arrival > ``after``."""
        with reporting(self.path):
            self._db.execute("BEGIN")
            try:
                return self.state(), self._rows(after, None)
            finally:
                self._db.execute("COMMIT")

    def rows(self, after: int, limit: int) -> Rows:
        """Whole batches with arrival > ``after``, stopping once ``limit`` rows are reached."""
        with reporting(self.path):
            return self._rows(after, limit)

    def _rows(self, after: int, limit: int | None) -> Rows:
        found, count = [], 0
        for first, size, columns, text in self._db.execute(
                "SELECT first, count, columns, text FROM batch WHERE first > ? ORDER BY first", (after,)):
            found.append(_unpacked(self.path, first, size, columns, text))
            count += size
            if limit is not None and count >= limit:
                break
        return joined(found)

    def newest(self) -> dict[int, tuple[int, Sample]]:
        """Of each tag number the newest row ever handed over: (arrival, sample without its path)."""
        with reporting(self.path):
            return {tag: (arrival, Sample("", time, float(np.frombuffer(value)[0]), quality, text))
                    for tag, time, value, quality, arrival, text in self._db.execute(
                        "SELECT tag, time, value, quality, arrival, text FROM newest")}

    def hand_over(self, rows: Rows, upto: int, cold: int) -> None:
        """Forget rows up to ``upto``, which Delta holds since its version ``cold``; keep each tag's newest."""
        rows = in_order(rows)
        ends = np.flatnonzero(np.diff(rows.tag, append=-1))
        newest = [(int(rows.tag[n]), int(rows.time[n]), rows.value[n].tobytes(), int(rows.quality[n]),
                   int(rows.arrival[n]), rows.text.get(int(rows.arrival[n]))) for n in ends]
        with reporting(self.path), self._transaction():
            self._db.executemany(
                "INSERT INTO newest(tag, time, value, quality, arrival, text) VALUES(?, ?, ?, ?, ?, ?) "
                "ON CONFLICT(tag) DO UPDATE SET time = excluded.time, value = excluded.value, "
                "quality = excluded.quality, arrival = excluded.arrival, text = excluded.text "
                "WHERE excluded.time >= time", newest)
            self._db.execute("DELETE FROM batch WHERE first <= ?", (upto,))
            self._db.execute("UPDATE state SET flushed = ?, cold = ?", (upto, cold))

    def moved(self, cold: int) -> None:
        """Tell all readers that Delta is now at version ``cold``."""
        with reporting(self.path), self._transaction():
            self._db.execute("UPDATE state SET cold = ?", (cold,))

    def shrink(self) -> None:
        """Give freed pages back to the file system."""
        with reporting(self.path):
            self._db.executescript("PRAGMA incremental_vacuum")  # execute() would free one page and stop
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def _packed(samples: Samples, part: slice, numbers: Numbers) -> bytes:
    """The part's columns one after the other, little-endian; tags by their numbers."""
    return b"".join((numbers[samples.index[part]].astype("<i4").tobytes(),
                     samples.time[part].astype("<i8").tobytes(), samples.value[part].astype("<f8").tobytes(),
                     samples.quality[part].astype("<u4").tobytes()))


def _unpacked(path: Path, first: int, count: int, columns: bytes, text: str | None) -> Rows:
    if len(columns) != 24 * count:
        raise damaged(path)
    texts = {} if text is None else {first + at: entry for at, entry in json.loads(text)}
    return Rows(np.frombuffer(columns, "<i4", count), np.frombuffer(columns, "<i8", count, 4 * count),
                np.frombuffer(columns, "<f8", count, 12 * count),
                np.frombuffer(columns, "<u4", count, 20 * count),
                np.arange(first, first + count, dtype=np.int64), texts)


def _texts(samples: Samples, part: slice) -> str | None:
    """The texts of a part as JSON pairs [row, text]; None where there are none."""
    pairs = [(at, text) for at, text in enumerate((samples.text or ())[part]) if text is not None]
    return json.dumps(pairs) if pairs else None


def _tag(path: str, about: str | None) -> Tag:
    """A tag as registered, or of its bare path; keys that a newer version wrote are left out."""
    known = {field.name for field in fields(Tag)}
    return Tag(path) if about is None else Tag(**{k: v for k, v in json.loads(about).items() if k in known})
