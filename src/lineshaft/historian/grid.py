"""Grid: where the columns of a chart begin.

Columns lie at whole multiples of their width since 1970, so a chart that moves along keeps its columns, and the
stored overview fits into them exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError

MINUTE, LONGER, HOUR = 60 * SECOND, 600 * SECOND, 3600 * SECOND
LEVELS = (MINUTE, LONGER, HOUR)
_SHORTEST = 45 * SECOND  # narrower columns are made from the samples themselves
_EARLIEST, _LATEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns ``first..last`` of ``step`` ns each; ``level`` is the width of the stored pieces that fill them.

    0 where only the samples are fine enough.
    """

    step: int
    level: int
    first: int
    last: int

    @classmethod
    def over(cls, start: int, end: int, count: int) -> Grid:
        """About ``count`` columns (three quarters to one and a half) that cover ``start <= time < end``.

        >>> Grid.over(0, 1000, 10)
        Grid(step=100, level=0, first=0, last=9)
        >>> Grid.over(0, 90 * 86_400 * SECOND, 1000).step // SECOND
        7200
        """
        if count < 1:
            raise UsageError(f"{count} columns cannot be drawn", do="ask for one or more")
        start, end = max(start, _EARLIEST), min(end, _LATEST)
        step = min(max(-(-(end - start) // count), 1), 2**62)
        level = _level(step)
        if level:
            step = max((2 * step + level) // (2 * level), 1) * level
        return cls(step, level, start // step, (max(end, start) - 1) // step)

    @property
    def width(self) -> int:
        """Of the pieces that samples are gathered into: those of the level, else the columns themselves."""
        return self.level or self.step

    @property
    def start(self) -> int:
        """Where the first column begins."""
        return max(self.first * self.step, _EARLIEST)

    @property
    def end(self) -> int:
        """Where the last column ends."""
        return min((self.last + 1) * self.step, _LATEST)


def _level(step: int) -> int:
    if step < _SHORTEST:
        return 0
    return max((level for level in LEVELS if step >= 2 * level), default=MINUTE)
