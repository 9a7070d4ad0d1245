"""The right to be the only one at work somewhere; the system frees it with the process, however that ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lineshaft.core.errors import EnvironmentFailed


@contextmanager
def alone(lock: Path, who: str) -> Iterator[None]:
    """Hold the file ``lock``; raises ``EnvironmentFailed`` where another ``who`` holds it or nothing can be written."""
    try:
        held = sqlite3.connect(lock, timeout=0, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise EnvironmentFailed(f"nothing can be written here ({error})", where=str(lock.parent),
                                do="look at the folder") from None
    try:
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        held.close()
        raise EnvironmentFailed(f"another {who} is at work here, or the folder is read-only ({error})",
                                where=str(lock.parent), do="end that one, or look at the folder") from None
    try:
        yield
    finally:
        held.close()
