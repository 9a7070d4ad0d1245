"""The right to be the only one at work somewhere; the system frees it with the process, however that ends."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lineshaft.core.errors import EnvironmentFailed


@contextmanager
def alone(lock: Path, who: str, *, do: str = "end that one first") -> Iterator[None]:
    """Hold the file ``lock``; raises ``EnvironmentFailed`` where another ``who`` holds it (``do`` is what helps then)
    or nothing can be written. A lock file that was made for nothing, since what it was for failed, is taken away.
    """
    new = not lock.exists()
    held = _opened(lock)
    opened = _number(lock)
    try:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise _unwritable(lock, error) from None
            new = False  # whoever holds it made it
            raise EnvironmentFailed(f"another {who} is at work here", where=str(lock.parent), do=do) from None
        if _number(lock) != opened:  # whoever had it took the file away meanwhile, and it may be made anew
            raise EnvironmentFailed(f"another {who} was just ending here", where=str(lock.parent), do="try once more")
        yield
    except Exception:
        if new:  # nothing came of it: the folder is left as it was found
            with suppress(OSError):
                lock.unlink()
        raise
    finally:
        held.close()


def _number(lock: Path) -> int:
    """Which file has that name now; 0 where none has."""
    return lock.stat().st_ino if lock.exists() else 0


def _opened(lock: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(lock, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise _unwritable(lock, error) from None


def _unwritable(lock: Path, error: sqlite3.Error) -> EnvironmentFailed:
    if lock.exists() and not os.access(lock, os.W_OK):
        return EnvironmentFailed(f"the lock belongs to somebody else ({error})", where=str(lock),
                                 do="run as the user who owns the folder")
    return EnvironmentFailed(f"nothing can be written here ({error})", where=str(lock.parent),
                             do=f"make the folder writable, make room on its disk, or remove a damaged {lock.name}")
