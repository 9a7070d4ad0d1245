"""Accounts: a name, a role, and a password's hash or the identity provider's subject. None is ever deleted, so that
the audit log's names keep their meaning; a disabled one can't come in."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lineshaft.app.console.door import Person, Role
from lineshaft.app.console.security.audit import Audit
from lineshaft.app.console.security.errors import NoSuchAccount
from lineshaft.app.console.security.passwords import Passwords, check_rules
from lineshaft.app.console.security.store import Store
from lineshaft.core.clock import Clock
from lineshaft.core.errors import Refused, UsageError

_COLUMNS = "id, name, role, disabled, must_change, subject IS NOT NULL, created, seen"
_NAME = re.compile(r"\w(?:[\w .@'-]{0,62}[\w.])?")


@dataclass(frozen=True, slots=True)
class Account:
    """``foreign`` ones come from the identity provider, which also says their role; ``seen`` is the last login."""

    id: int
    name: str
    role: Role
    disabled: bool
    must_change: bool
    foreign: bool
    created: int
    seen: int | None


class Accounts:
    """Every change is by somebody and is in the audit log with it, or neither is."""

    def __init__(self, store: Store, passwords: Passwords, audit: Audit, clock: Clock) -> None:
        self._store, self._passwords, self._audit, self._clock = store, passwords, audit, clock

    def all(self) -> list[Account]:
        with self._store.read() as db:
            return [_account(row) for row in db.execute(f"SELECT {_COLUMNS} FROM account ORDER BY key")]

    def get(self, name: str) -> Account:
        """``NoSuchAccount`` where there is none."""
        with self._store.read() as db:
            return _get(db, name)

    def local(self, name: str) -> Account:
        """One with a password of its own; ``Refused`` for one of the identity provider."""
        account = self.get(name)
        if account.foreign:
            raise Refused(f"{account.name} logs in at the identity provider", where="account",
                          do="change the password there")
        return account

    def administered(self) -> bool:
        """Whether an administrator could come in."""
        with self._store.read() as db:
            return _admins(db) > 0

    def add(self, by: Person, name: str, role: Role, password: str, *, must_change: bool = True) -> Account:
        """A local account."""
        name = check_name(name)
        check_rules(password, name)
        hashed = self._passwords.hash(password)
        with self._store.write() as db:
            self._insert(db, name, role, hashed=hashed, must_change=must_change)
            self._audit.note(by, "account added", name, {"role": role.word})
            return _get(db, name)

    def set_role(self, by: Person, name: str, role: Role) -> Account:
        """Ends the account's sessions; the last administrator stays one."""
        with self._changing(name) as (db, account):
            if account.foreign:
                raise Refused(f"the role of {account.name} comes from the identity provider", where="account",
                              do="change it there, or the roles under [console.oidc]")
            db.execute("UPDATE account SET role = ? WHERE id = ?", (role.word, account.id))
            self._audit.note(by, "role changed", account.name, {"from": account.role.word, "to": role.word})
            return _get(db, name)

    def set_disabled(self, by: Person, name: str, disabled: bool) -> Account:
        """Disabling ends the account's sessions; the last administrator stays enabled."""
        with self._changing(name) as (db, account):
            db.execute("UPDATE account SET disabled = ? WHERE id = ?", (disabled, account.id))
            self._audit.note(by, "account disabled" if disabled else "account enabled", account.name)
            return _get(db, name)

    def set_password(self, by: Person, name: str, password: str, *, must_change: bool = True) -> Account:
        """Ends the account's sessions."""
        account = self.local(name)
        check_rules(password, account.name)
        hashed = self._passwords.hash(password)
        with self._store.write() as db:
            db.execute("UPDATE account SET hash = ?, passwords = passwords + 1, must_change = ? WHERE id = ?",
                       (hashed, must_change, account.id))
            self._audit.note(by, "password set", account.name)
            return _get(db, name)

    def verify(self, name: str, password: str) -> Account | None:
        """The account that this is the password of; says nothing of names, not even by the time it takes."""
        with self._store.read() as db:
            row = db.execute("SELECT hash FROM account WHERE key = ?", (key_of(name),)).fetchone()
        stored = row[0] if row else None
        if not self._passwords.verify(stored, password) or stored is None:
            return None
        if self._passwords.stale(stored):
            fresh = self._passwords.hash(password)
            with self._store.write() as db:  # the same password, so no session ends
                db.execute("UPDATE account SET hash = ? WHERE hash = ?", (fresh, stored))
        return self.get(name)

    def known(self, name: str) -> str:
        """The name as the account writes it, "" where there is none."""
        with self._store.read() as db:
            row = db.execute("SELECT name FROM account WHERE key = ?", (key_of(name),)).fetchone()
        return str(row[0]) if row else ""

    def note_login(self, account: Account) -> None:
        with self._store.write() as db:
            db.execute("UPDATE account SET seen = ? WHERE id = ?", (self._clock.now(), account.id))

    def foreign(self, subject: str, name: str, role: Role, address: str) -> Account:
        """The account of the identity provider's ``subject``, made at its first login; its role is what it says now."""
        with self._store.write() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM account WHERE subject = ?", (subject,)).fetchone()
            by = Person("identity provider", Role.ADMIN, address)
            if row is None:
                name = check_name(name)
                self._insert(db, name, role, subject=subject)
                self._audit.note(by, "account added", name, {"role": role.word})
                return _get(db, name)
            account = _account(row)
            if account.role is not role:
                db.execute("UPDATE account SET role = ? WHERE id = ?", (role.word, account.id))
                self._audit.note(by, "role changed", account.name, {"from": account.role.word, "to": role.word})
            return _get(db, account.name)

    def _insert(self, db: sqlite3.Connection, name: str, role: Role, *, hashed: str | None = None,
                must_change: bool = False, subject: str | None = None) -> None:
        taken = db.execute("SELECT name FROM account WHERE key = ?", (key_of(name),)).fetchone()
        if taken:
            raise Refused(f"{taken[0]!r} is taken", where="name", do="choose another name, or enable that account")
        db.execute("INSERT INTO account (key, name, role, hash, must_change, subject, created)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?)",
                   (key_of(name), name, role.word, hashed, must_change, subject, self._clock.now()))

    @contextmanager
    def _changing(self, name: str) -> Iterator[tuple[sqlite3.Connection, Account]]:
        """One transaction that fails as a whole where no administrator would be left."""
        with self._store.write() as db:
            account, before = _get(db, name), _admins(db)
            yield db, account
            if before and not _admins(db):
                raise Refused(f"{account.name} is the last administrator", where="account",
                              do="make another account an administrator first")


def check_name(name: str) -> str:
    """The name as it is kept; ``UsageError`` where it can't be one.

    >>> check_name(" anna.berg "), check_name("张伟")
    ('anna.berg', '张伟')
    """
    found = unicodedata.normalize("NFKC", name).strip()
    if not _NAME.fullmatch(found):
        raise UsageError(f"{name[:80]!r} cannot be a name", where="name",
                         do="use up to 64 letters and digits, with ' ', '.', '@', '-' or '_' between them")
    return found


def key_of(name: str) -> str:
    """Names that look alike but for case are one."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _get(db: sqlite3.Connection, name: str) -> Account:
    row = db.execute(f"SELECT {_COLUMNS} FROM account WHERE key = ?", (key_of(name),)).fetchone()
    if row is None:
        raise NoSuchAccount(f"no account is called {name[:80]!r}", where="account",
                            do="see the list of accounts, or `lineshaft console user list`")
    return _account(row)


def _account(row: tuple[int, str, str, int, int, int, int, int | None]) -> Account:
    number, name, role, disabled, must_change, foreign, created, seen = row
    return Account(number, name, Role.named(role), bool(disabled), bool(must_change), bool(foreign), created, seen)


def _admins(db: sqlite3.Connection) -> int:
    found = db.execute("SELECT count(*) FROM account WHERE role = ? AND NOT disabled", (Role.ADMIN.word,))
    return int(found.fetchone()[0])
