"""Failures of the disk and of the files on it, each as one sentence."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltalake.exceptions import DeltaError

from lineshaft.core.errors import EnvironmentFailed, LineshaftError

_BY_CODE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS, sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES, sqlite3.SQLITE_IOERR: errno.EIO, sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY, sqlite3.SQLITE_CORRUPT: errno.EBADMSG,
    sqlite3.SQLITE_NOTADB: errno.EBADMSG,
}
_SENTENCES = {
    errno.ENOSPC: ("the disk is full", "free some space; everything acknowledged is safe"),
    errno.EDQUOT: ("the disk quota is used up", "free some space; everything acknowledged is safe"),
    errno.EFBIG: ("the file may not grow", "raise the file size limit; everything acknowledged is safe"),
    errno.EROFS: ("it cannot be written", "give this user the right to write there"),
    errno.EACCES: ("it cannot be opened for writing", "give this user the right to write there"),
    errno.EIO: ("the disk failed to read or write", "check the disk; everything acknowledged before is on it"),
    errno.EBUSY: ("another process kept it busy for too long", "end that process or try again"),
    errno.EBADMSG: ("the file is damaged", "restore the folder from a copy, or move it away to begin anew"),
}


class Busy(EnvironmentFailed):
    """Another process holds the file; nothing is wrong with it."""


@contextmanager
def reporting(where: Path) -> Iterator[None]:
    """Whatever SQLite, Delta or the system raise inside comes out as ``EnvironmentFailed`` about ``where``."""
    try:
        yield
    except LineshaftError:
        raise
    except sqlite3.Error as error:
        raise failed(where, _BY_CODE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF), error) from error
    except OSError as error:
        raise failed(Path(error.filename or where), error.errno, error) from error
    except DeltaError as error:
        raise failed(where, _errno_in(str(error)), error) from error


def failed(where: Path, code: int | None, error: BaseException) -> EnvironmentFailed:
    """The sentence for a system error code, or the library's own first line."""
    if code in _SENTENCES:
        what, do = _SENTENCES[code]
        return (Busy if code == errno.EBUSY else EnvironmentFailed)(what, where=str(where), do=do)
    if code is not None:
        return EnvironmentFailed(os.strerror(code).lower(), where=str(where))
    return EnvironmentFailed(str(error).strip().partition("\n")[0] or type(error).__name__, where=str(where))


def damaged(where: Path) -> EnvironmentFailed:
    """A file that is there but cannot be what was written."""
    return failed(where, errno.EBADMSG, ValueError())


def require_space(folder: Path, need: int) -> None:
    """Refuse before half a file is written and a library panics over it."""
    if shutil.disk_usage(folder).free < need:
        raise failed(folder, errno.ENOSPC, OSError())


def _errno_in(text: str) -> int | None:
    found = re.search(r"os error (\d+)", text)
    return int(found[1]) if found else None
