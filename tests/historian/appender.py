"""A process that appends numbered batches until it is killed; each acknowledged number goes to stdout.

Batch ``n`` is a pure function of ``n``, so whoever reads the historian afterwards knows what must be there.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import lineshaft.historian.cold as cold_module
from lineshaft.core.sample import Samples
from lineshaft.historian.cold import Cold
from lineshaft.historian.hot import Hot
from lineshaft.historian.overview import Overview
from lineshaft.historian.store import open_historian

TAGS = ("a", "b", "c")
ROWS = 20
FLUSH_ROWS = 60
COMPACT_EVERY = 8


def batch(number: int) -> Samples:
    """ROWS samples whose values are all ``number``."""
    times = number * 1_000 + np.arange(ROWS, dtype=np.int64)
    return Samples(TAGS, np.arange(ROWS, dtype=np.int32) % len(TAGS), times, np.full(ROWS, float(number)),
                   np.full(ROWS, number, np.uint32), tuple(f"{number}" for _ in range(ROWS)))


def key(number: int) -> str:
    """The idempotency key of batch ``number``."""
    return f"batch {number}"


def append_for_ever(folder: Path, first: int) -> None:
    """Append from ``first`` on, handing over and compacting often."""
    with open_historian(folder, flush_rows=FLUSH_ROWS) as historian:
        number = first
        while True:
            historian.append(batch(number), key=key(number))
            print(number, flush=True)
            number += 1
            if number % COMPACT_EVERY == 0:
                historian.compact()


def _die(*ignored: object, **also: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after(call: Callable[..., object]) -> Callable[..., None]:
    def called(*given: object, **named: object) -> None:
        call(*given, **named)
        _die()
    return called


# Where a hand-over or a merge can end: before and after each of its steps.
DEATHS: dict[str, Callable[[], None]] = {
    "before the Delta commit": lambda: setattr(cold_module, "write_deltalake", _die),
    "after the Delta commit": lambda: setattr(cold_module, "write_deltalake",
                                              _die_after(getattr(cold_module, "write_deltalake"))),
    "before SQLite forgets the rows": lambda: setattr(Hot, "hand_over", _die),
    "after SQLite forgot the rows": lambda: setattr(Hot, "hand_over", _die_after(Hot.hand_over)),
    "before the overview is written": lambda: setattr(Overview, "add", _die),
    "after the overview was written": lambda: setattr(Overview, "add", _die_after(Overview.add)),
    "while the overview is merged": lambda: setattr(Overview, "_merge", _die),
    "after the overview was merged": lambda: setattr(Overview, "_merge", staticmethod(_die_after(Overview._merge))),
    "before readers learn of a merge": lambda: setattr(Hot, "moved", _die),
    "before old files are removed": lambda: setattr(Cold, "clean", _die),
    "after old files were removed": lambda: setattr(Cold, "clean", _die_after(Cold.clean)),
    "before SQLite shrinks": lambda: setattr(Hot, "shrink", _die),
}


if __name__ == "__main__":
    if len(sys.argv) > 3:
        DEATHS[sys.argv[3]]()
    append_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
