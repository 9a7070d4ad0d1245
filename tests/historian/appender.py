"""A process that appends numbered batches until it is killed; each acknowledged number goes to stdout.

Batch ``n`` is a pure function of ``n``, so whoever reads the historian afterwards knows what must be there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tests.dying import Death, after, before

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


# Where a hand-over or a merge can end: before and after each of its steps.
DEATHS: dict[str, Death] = {
    "before the Delta commit": before(cold_module, "write_deltalake"),
    "after the Delta commit": after(cold_module, "write_deltalake"),
    "before SQLite forgets the rows": before(Hot, "hand_over"),
    "after SQLite forgot the rows": after(Hot, "hand_over"),
    "before the overview is written": before(Overview, "add"),
    "after the overview was written": after(Overview, "add"),
    "while the overview is merged": before(Overview, "_merge"),
    "after the overview was merged": after(Overview, "_merge"),
    "before readers learn of a merge": before(Hot, "moved"),
    "before old files are removed": before(Cold, "clean"),
    "after old files were removed": after(Cold, "clean"),
    "before SQLite shrinks": before(Hot, "shrink"),
}


if __name__ == "__main__":
    if len(sys.argv) > 3:
        DEATHS[sys.argv[3]]()
    append_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
