"""Passwords: the rules, and argon2id."""

from __future__ import annotations

import base64
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lineshaft.app.console.security.errors import MustWait
from lineshaft.core.errors import UsageError

SHORTEST, LONGEST = 10, 1024
_WAITING = 4


def check_rules(password: str, name: str) -> None:
    """``UsageError`` for a password that is too short, too long, or has the name in it."""
    if len(password) < SHORTEST:
        raise UsageError(f"the password has {len(password)} characters", where="password",
                         do=f"use {SHORTEST} or more; a few words make a good one")
    if len(password) > LONGEST:
        raise UsageError("the password is endless", where="password", do=f"use {LONGEST} characters at most")
    if len(name) > 1 and _same(name) in _same(password):
        raise UsageError("the password has the name in it", where="password", do="use other words")


def _same(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


class Passwords:
    """Argon2id after RFC 9106 with 64 MiB, on one core; a hash says its own parameters, so they may change.

    One is computed at a time and few wait for it: the console sits beside a loop that needs the cores and the
    memory more.
    """

    def __init__(self, *, passes: int = 3, memory_kib: int = 64 * 1024) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._nobody = self._unknown()
        self._places = threading.BoundedSemaphore(1 + _WAITING)
        self._turn = threading.Lock()

    def hash(self, password: str) -> str:
        with self._alone():
            return self._hasher.hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the one; takes as long where nothing is stored, so that time tells no names."""
        with self._alone():
            try:
                self._hasher.verify(stored or self._nobody, _normal(password[:LONGEST + 1]))
            except (VerificationError, InvalidHashError):
                return False
            return stored is not None

    def stale(self, stored: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)

    def _unknown(self) -> str:
        """A hash of no password, with today's parameters."""
        hasher = self._hasher
        salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
                        for size in (hasher.salt_len, hasher.hash_len))
        return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise MustWait("many people log in at this moment", where="login", seconds=2)
        try:
            with self._turn:
                yield
        finally:
            self._places.release()


def _normal(password: str) -> bytes:
    """One password however the keyboard composes its characters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
