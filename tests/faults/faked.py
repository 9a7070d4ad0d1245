"""A wall clock that a test sets, for real processes: libfaketime reads an offset from a file at each look.

Only the wall clock is faked: what measures durations goes on, as it does on a machine whose clock is set.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.faults.case import NotInstalled

_WHERE = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime", "/usr/lib64/faketime")


@cache
def library() -> Path | None:
    """libfaketime for programs with threads; None where it is not installed."""
    found = [path for place in _WHERE for path in Path("/").glob(f"{place[1:]}/libfaketimeMT.so.1")]
    return found[0] if found else None


class WallClock:
    """``environment`` is for a process that shall live by it; ``set`` moves it in mid-run. ``zone`` is its TZ."""

    def __init__(self, folder: Path, *, zone: str = "UTC") -> None:
        found = library()
        if found is None:
            raise NotInstalled("no wall clock can be set here: install libfaketime (Debian: faketime)")
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self.offset_s = folder / "offset", 0.0
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(found), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "TZ": zone}
        self.set(0.0)

    def set(self, offset_s: float) -> None:
        """From now on it shows the machine's time and ``offset_s`` seconds."""
        part = self._file.with_suffix(".part")
        part.write_text(f"{offset_s:+.6f}\n", "ascii")
        part.replace(self._file)  # a reader never sees half a number
        self.offset_s = offset_s

    def show(self, moment: float) -> None:
        """From now on it shows ``moment`` (UTC seconds since 1970), and goes on from there."""
        self.set(moment - time.time())

    def now(self) -> int:
        """What it shows, UTC ns."""
        return time.time_ns() + round(self.offset_s * 1e9)
