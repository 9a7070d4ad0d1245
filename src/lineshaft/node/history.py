"""The newest inputs of a loop, kept so that another engine can be brought to the same point."""

from __future__ import annotations

import numpy as np

from lineshaft.core.step import Array
from lineshaft.node.align import LatestValues


class InputHistory:
    """The inputs of the last ``length`` ticks; written by the loop's thread, read by any.

    ``count`` ticks were pushed so far; tick ``n`` is readable while ``count - length < n < count``.
    """

    def __init__(self, length: int, channels: int) -> None:
        self.length, self.count = length, 0
        self._x = np.zeros((length, channels), np.float32)
        self._quality = np.zeros((length, channels), np.float32)
        self._masks = [-1] * length  # the mask that a row of quality holds: it seldom changes, so is seldom copied

    def push(self, table: LatestValues) -> None:
        """Keep the table's inputs of this tick."""
        row = self.count % self.length
        self._x[row] = table.x
        if self._masks[row] != table.mask_version:
            self._quality[row], self._masks[row] = table.quality, table.mask_version
        self.count += 1

    @property
    def oldest(self) -> int:
        """The first tick that is safe to read while the loop goes on."""
        return max(0, self.count - self.length + 1)

    def start(self) -> int:
        """Where a replay may begin: a quarter of the history away from being overwritten."""
        return max(0, self.count - self.length + self.length // 4)

    def row(self, tick: int) -> tuple[Array, Array] | None:
        """Copies of tick ``tick``; None when it was overwritten before or while it was copied."""
        place = tick % self.length
        x, quality = self._x[place].copy(), self._quality[place].copy()
        return (x, quality) if self.oldest <= tick < self.count else None
