"""Files that only their owner may read, and such that only their owner may change."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from lineshaft.core.errors import Refused

_READ_OR_WRITE, _WRITE_BY_ANYBODY = 0o077, 0o002


def require_private(path: Path, what: str) -> None:
    """Raise ``Refused``, with the command that mends it, where others than its owner can read or write ``what``.

    On Windows a file's mode says little; its folder's rights must protect it.
    """
    if _mode(path) & _READ_OR_WRITE:
        raise Refused(f"others can read {what}", where=str(path), do=f"chmod 600 {shlex.quote(str(path))}")


def require_unwritable(path: Path, what: str) -> None:
    """Raise ``Refused``, with the command that mends it, where anybody may change ``what``, a file or a folder."""
    if _mode(path) & _WRITE_BY_ANYBODY:
        raise Refused(f"anybody may change {what}", where=str(path), do=f"chmod o-w {shlex.quote(str(path))}")


def _mode(path: Path) -> int:
    """0 where there is none, or it says nothing: whoever reads it has the better sentence."""
    if os.name != "posix":
        return 0
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0
