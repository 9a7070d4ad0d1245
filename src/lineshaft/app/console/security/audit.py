"""The audit log: who did what from where; it only grows, and a line that was changed or removed is noticed.

Each line's digest covers the line before, and the newest one is kept beside. Somebody who may write the file can
make all of it anew: a digest that was noted elsewhere (``verify(anchor=...)``) finds that, too.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace

from lineshaft.app.console.door import Outcome, Person
from lineshaft.app.console.security.store import Store
from lineshaft.core.clock import Clock, format_time

_HEAD = "audit"
_LONGEST = 4096
_SECRET = re.compile(r"passw|secret|token|cookie|credential", re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    """One act; ``detail`` is JSON, ``time`` UTC nanoseconds."""

    sequence: int
    time: int
    person: str
    role: str
    address: str
    act: str
    what: str
    detail: str
    outcome: str
    digest: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines: ``find`` is in person, act, what or detail; times are nanoseconds, ``end`` is not included."""

    person: str = ""
    act: str = ""
    outcome: str = ""
    find: str = ""
    start: int | None = None
    end: int | None = None

    def where(self) -> tuple[str, list[object]]:
        """As SQL."""
        told: list[tuple[str, object]] = []
        told += [(f"{name} = ?", value) for name, value in (
            ("person", self.person), ("act", self.act), ("outcome", self.outcome)) if value]
        if self.start is not None:
            told.append(("time >= ?", self.start))
        if self.end is not None:
            told.append(("time < ?", self.end))
        if self.find:
            told.append(("instr(lower(person || ' ' || act || ' ' || what || ' ' || detail), lower(?))", self.find))
        return " AND ".join(one for one, _ in told) or "1", [value for _, value in told]


@dataclass(frozen=True, slots=True)
class Verified:
    """``broken`` is the first line that isn't as it was written, 0 where none is; ``head`` the newest digest."""

    lines: int
    head: str
    broken: int = 0
    why: str = ""


class Audit:
    """The log in the console's store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def note(self, person: Person, act: str, what: str = "", detail: Mapping[str, object] | None = None, *,
             outcome: Outcome = "done") -> None:
        """Durable when it returns; inside ``store.write()`` it stands or falls with the act itself.

        Values whose names say that they are secret are left out.
        """
        self._write(Line(0, 0, person.name, person.role.word, person.address, act, what[:_LONGEST], _told(detail),
                         outcome, ""))

    def note_stranger(self, address: str, act: str, detail: Mapping[str, object]) -> None:
        """Somebody who is nobody here was refused."""
        self._write(Line(0, 0, "", "", address, act, "", _told(detail), "refused", ""))

    def _write(self, told: Line) -> None:
        with self._store.write() as db:
            sequence, before = _head(db)
            line = replace(told, sequence=sequence + 1, time=self._clock.now())
            digest = _digest(before, line)
            db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       (*list(asdict(line).values())[:-1], digest))
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_HEAD, f"{line.sequence} {digest}"))

    def lines(self, which: Filter | None = None, *, before: int | None = None, limit: int = 100) -> list[Line]:
        """The newest first; ``before`` is the last sequence of the page before."""
        where, values = (which or Filter()).where()
        if before is not None:
            where, values = f"{where} AND sequence < ?", [*values, before]
        with self._store.read() as db:
            rows = db.execute(f"SELECT * FROM audit WHERE {where} ORDER BY sequence DESC LIMIT ?",
                              [*values, limit]).fetchall()
        return [Line(*row) for row in rows]

    def acts(self) -> list[str]:
        """Every kind of act there is a line of."""
        with self._store.read() as db:
            return [act for (act,) in db.execute("SELECT DISTINCT act FROM audit ORDER BY act")]

    def export(self, which: Filter | None = None) -> Iterator[str]:
        """CSV, oldest first, in pieces; no cell begins like a formula."""
        where, values = (which or Filter()).where()
        yield _row([field.name for field in fields(Line)])
        with self._store.snapshot() as db:
            for row in db.execute(f"SELECT * FROM audit WHERE {where} ORDER BY sequence", values):
                line = Line(*row)
                yield _row([str(line.sequence), format_time(line.time), *(
                    _plain(cell) for cell in list(asdict(line).values())[2:])])

    def verify(self, *, anchor: str = "") -> Verified:
        """Read every line again; with ``anchor``, the digest that somebody noted earlier must be among them."""
        with self._store.snapshot() as db:
            newest, head = _head(db)
            before, count, met = "", 0, not anchor
            for row in db.execute("SELECT * FROM audit ORDER BY sequence"):
                line = Line(*row)
                if line.sequence != count + 1:
                    return Verified(count, head, count + 1, f"line {count + 1} is missing")
                if _digest(before, line) != line.digest:
                    return Verified(count, head, line.sequence, f"line {line.sequence} is not as it was written")
                before, count, met = line.digest, line.sequence, met or line.digest == anchor
        if (count, before) != (newest, head):
            return Verified(count, head, count + 1, "the newest lines are missing")
        if not met:
            return Verified(count, head, count, "no line has the digest that was noted: the log was made anew")
        return Verified(count, head)


def _head(db: sqlite3.Connection) -> tuple[int, str]:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (_HEAD,)).fetchone()
    sequence, _, digest = (row[0] if row else "0 ").partition(" ")
    return int(sequence), digest


def _digest(before: str, line: Line) -> str:
    told = json.dumps([before, *list(asdict(line).values())[:-1]], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _told(detail: Mapping[str, object] | None) -> str:
    text = json.dumps(_open(detail or {}), ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= _LONGEST else '{"cut": true}'


def _open(detail: Mapping[str, object]) -> dict[str, object]:
    """What may be told."""
    return {key: "(secret)" if _SECRET.search(key) else _open(value) if isinstance(value, Mapping) else value
            for key, value in detail.items()}


def _plain(cell: object) -> str:
    """A spreadsheet computes a cell that begins like a formula; an apostrophe makes it text."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
