"""Whether something is bounded over days: two statements that can fail.

From the second third of the days to the last hardly anything is added, so nothing grows with time; and no day has more
than a stated amount above the first, when caches fill.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

import psutil

WHAT = ("MB of memory", "handles", "MB on disk", "us a tick")
FEWEST_DAYS = 6  # of which a third says something
MOST_LOOKS, BETWEEN_S = 50, 0.2


@dataclass(frozen=True, slots=True)
class Size:
    """The most memory during a day (where the system does not tell: at its end), and at its end open files, what is in
    the folder, and the processor time of its median tick. As a limit: how much more there may be."""

    memory_mb: float
    handles: float
    disk_mb: float
    tick_us: float = float("inf")


@dataclass(frozen=True, slots=True)
class Bounds:
    """``later``: what the last third of the days may have more than the second; ``ever``: any day than the first."""

    later: Size
    ever: Size


def grown(days: Sequence[Size], bounds: Bounds) -> list[str]:
    """What is more than it may, a sentence each. Thirds are compared by the most that a day of them has."""
    third, first = len(days) // 3, days[:1]
    found = list(_more(first, days, bounds.ever, f"more than on the first of {len(days)} days"))
    if len(days) >= FEWEST_DAYS:
        found += _more(days[third:-third], days[-third:], bounds.later, "more in the last third than in the second")
    return found


def _more(before: Sequence[Size], after: Sequence[Size], most: Size, said: str) -> Iterator[str]:
    for old, new, limit, what in zip(*map(_worst, (before, after)), astuple(most), WHAT, strict=True):
        if new - old > limit:
            yield f"{new - old:.2f} {what} {said}, {limit:g} are allowed"


def _worst(days: Sequence[Size]) -> tuple[float, ...]:
    return tuple(map(max, zip(*map(astuple, days), strict=True)))


def size(folder: Path, tick_us: float = 0.0) -> Size:
    """Of this process and what is in the folder; from here on the most memory is counted anew."""
    process = psutil.Process()
    memory = max(process.memory_info().rss, _most_memory())
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    return Size(memory / 2**20, _handles(process), disk / 2**20, tick_us)


def _handles(process: psutil.Process) -> int:
    """Open files once none is on its way: threads of a library close the last ones a moment later."""
    counted, before = (process.num_fds if hasattr(process, "num_fds") else process.num_handles), -1
    for _ in range(MOST_LOOKS):
        now = int(counted())
        if now == before:
            break
        before = now
        time.sleep(BETWEEN_S)
    return before


def _most_memory() -> int:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
