"""A long stretch on a grid that fits on a page: read piece by piece, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lineshaft.app.console.data.stretches import rates
from lineshaft.core.dataset import Dataset
from lineshaft.core.progress import Progress
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.dataset.build import build, joined

MOST_ROWS, MOST_CELLS, AT_ONCE = 20_000, 6_000_000, 2_000_000


def on_grid(historian: Historian, tags: Sequence[Tag], start: int, end: int, period_ns: int, stale_ns: int,
            progress: Progress) -> Dataset:
    """The newest value of each tag at every row. One row every ``period_ns``, or every so many of them that the rows
    are no more than a page can draw.
    """
    rows = min(MOST_ROWS, MOST_CELLS // max(len(tags), 1))
    period = period_ns * max(1, -(-(end - start) // (rows * period_ns)))
    rate = sum(rates(historian, tags, start, end).values())
    piece = max(1, int(AT_ONCE / rate / period)) * period if rate else end - start
    starts = range(start, end, piece)
    parts = []
    for done, first in enumerate(starts):
        progress(done, len(starts), "report")
        parts.append(build(historian, [tag.path for tag in tags], first, min(first + piece, end), period,
                           stale_ns=stale_ns))
    whole = joined(parts)
    return replace(whole, run=np.zeros(len(whole), np.int32))  # the pieces follow each other
