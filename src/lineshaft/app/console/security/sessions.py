"""Sessions: a random token in a cookie, of which only a digest is kept; they end by themselves."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from lineshaft.app.console.door import Role
from lineshaft.app.console.security.accounts import Account
from lineshaft.app.console.security.policy import HOUR
from lineshaft.app.console.security.store import Store
from lineshaft.core.clock import SECOND, Clock

_TOUCH_NS = 60 * SECOND  # "seen" is written once a minute, not once a request
_MOST = 20


@dataclass(frozen=True, slots=True)
class Session:
    """Whose it is, and when it ends if nothing more comes (UTC nanoseconds)."""

    name: str
    role: Role
    must_change: bool
    ends: int


class Sessions:
    """Sessions of accounts; the store itself ends those of an account whose role, password or state changed."""

    def __init__(self, store: Store, clock: Clock, *, idle_ns: int = 12 * HOUR, absolute_ns: int = 168 * HOUR) -> None:
        self._store, self._clock = store, clock
        self._idle, self._absolute = idle_ns, absolute_ns

    def open(self, account: Account, address: str) -> str:
        """A new token; the account's oldest sessions end where it has more than twenty."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        with self._store.write() as db:
            db.execute("DELETE FROM session WHERE seen <= ? OR created <= ?", (now - self._idle, now - self._absolute))
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", (digest(token), account.id, now, now, address))
            db.execute("DELETE FROM session WHERE account = ? AND digest NOT IN (SELECT digest FROM session"
                       " WHERE account = ? ORDER BY created DESC, digest = ? DESC LIMIT ?)",
                       (account.id, account.id, digest(token), _MOST))
        return token

    def find(self, token: str, *, prolong: bool = True) -> Session | None:
        """The session of a token, None where it has ended; ``prolong`` False asks without keeping it alive."""
        found = self._look(token)
        if found is None:
            return None
        name, role, must_change, created, seen = found
        now = self._clock.now()
        if prolong and now - seen >= _TOUCH_NS:
            with self._store.write() as db:
                db.execute("UPDATE session SET seen = ? WHERE digest = ?", (now, digest(token)))
        idle_from = now if prolong else seen
        return Session(name, Role.named(role), bool(must_change), min(idle_from + self._idle, created + self._absolute))

    def close(self, token: str) -> None:
        with self._store.write() as db:
            db.execute("DELETE FROM session WHERE digest = ?", (digest(token),))

    def _look(self, token: str) -> tuple[str, str, int, int, int] | None:
        now = self._clock.now()
        with self._store.read() as db:
            row: tuple[str, str, int, int, int] | None = db.execute(
                "SELECT name, role, must_change, session.created, session.seen FROM session"
                " JOIN account ON account = account.id WHERE digest = ? AND NOT disabled"
                " AND session.seen > ? AND session.created > ?",
                (digest(token), now - self._idle, now - self._absolute)).fetchone()
        return row


def digest(token: str) -> bytes:
    """A token has 256 random bits: a plain hash keeps it secret, and no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
