"""Connections to a source that were lost and came back, as its own samples tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.app.console.data.stretches import rates
from lineshaft.core.quality import BAD_NO_COMMUNICATION, BAD_NOT_CONNECTED
from lineshaft.core.series import Series
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

AT_ONCE, MOST = 400_000, 4_000_000
_LOST = np.array([BAD_NO_COMMUNICATION >> 16, BAD_NOT_CONNECTED >> 16])


@dataclass(frozen=True, slots=True)
class Links:
    """``spans`` without a connection, the last one maybe still open; looked for from ``since`` on (UTC ns)."""

    spans: tuple[tuple[int, int], ...] = ()
    since: int = 0


def lost_links(historian: Historian, tags: Sequence[Tag], start: int, end: int) -> Links:
    """From the slowest tag: a lost link is a sample of every tag, so any tag tells of it.

    Of a tag with very many samples only the newest ``MOST`` are looked at.
    """
    if not tags or end <= start:
        return Links((), start)
    rate = rates(historian, tags, start, end)
    path = min(rate, key=lambda one: rate[one])
    since = max(start, end - round(MOST / rate[path])) if rate[path] else start
    step = max(round(AT_ONCE / rate[path]), 1) if rate[path] else end - since
    spans: list[tuple[int, int]] = []
    lost: int | None = None
    for first in range(since, end, step):
        part, lost = _parts(historian.read([path], first, min(first + step, end))[path], lost)
        spans += part
    return Links((*spans, (lost, end)) if lost is not None else tuple(spans), since)


def _parts(series: Series, lost: int | None) -> tuple[list[tuple[int, int]], int | None]:
    """Stretches that end here, and since when the link is lost at the end of it; None where it is up."""
    gone = np.isin(series.quality >> np.uint32(16), _LOST)
    change = np.flatnonzero(np.diff(gone.astype(np.int8), prepend=np.int8(lost is not None)))
    spans = []
    for at in change.tolist():
        time = int(series.time[at])
        if lost is None:
            lost = time
        else:
            spans.append((lost, time))
            lost = None
    return spans, lost
