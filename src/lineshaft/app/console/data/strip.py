"""A tag's history as a strip: good, doubtful, bad and missing over time, a letter a part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.console.data.stretches import Spans
from lineshaft.core.columns import Columns
from lineshaft.core.quality import UNCERTAIN, usable
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.dataset.quality.clock import GAP_PERIODS, typical_period

BINS = 120
GOOD, DOUBTFUL, WRONG, MISSING, UNSEEN = "gubm."
"""``UNSEEN``: nothing of this part was looked at."""
_SHARE = 0.5

Gaps = tuple[tuple[int, int], ...]


def gaps(tag: Tag, spans: Spans, runs: Sequence[Series]) -> Gaps:
    """Pauses much longer than usual, in order; also before the first sample of a stretch and after its last.

    Five usual intervals are a gap, or five promised ones where the source promises a slower period.
    """
    usual = max(typical_period([one.time for one in runs]), tag.period_ns or 0)
    limit = max(GAP_PERIODS * usual, 1.0)
    found: list[tuple[int, int]] = []
    for (start, end), series in zip(spans, runs, strict=True):
        if not len(series):
            found.append((start, end))
        elif usual:
            edges = np.concatenate([[start], np.sort(series.time), [end]])
            long = np.flatnonzero(np.diff(edges) > limit)
            found += zip(edges[long].tolist(), edges[long + 1].tolist(), strict=True)
    return tuple(found)


def strip(spans: Spans, runs: Sequence[Series], missing: Gaps, start: int, end: int, bins: int = BINS) -> str:
    """One letter a part. The worst of its samples counts, but for a gap that leaves at least half of it."""
    width = (end - start) / bins
    looked = _covered(spans, start, width, bins)
    gone = _covered(missing, start, width, bins)
    letters = np.full(bins, UNSEEN)
    letters[looked > 0] = GOOD
    for code, letter in ((UNCERTAIN, DOUBTFUL), (None, WRONG)):
        for series in runs:
            wrong = (~usable(series.quality) | ~np.isfinite(series.value) if code is None
                     else usable(series.quality) & (series.quality >= np.uint32(code)))
            letters[np.minimum(((series.time[wrong] - start) / width).astype(np.int64), bins - 1)] = letter
    letters[(looked > 0) & (gone > _SHARE * looked)] = MISSING
    return "".join(letters.tolist())


def strip_of_columns(columns: Columns, since: int, start: int, end: int, bins: int = BINS) -> str:
    """The same for a fast tag, from what history keeps of every part: missing is one with less than half as many
    samples as usual. Nothing is looked at before ``since``.
    """
    width = (end - start) / bins
    letters = np.full(bins, MISSING)
    letters[:max(0, int(np.ceil((since - start) / width)))] = UNSEEN
    inside = (columns.start + columns.step > start) & (columns.start < end)
    place = np.clip(((columns.start[inside] + columns.step / 2 - start) / width).astype(np.int64), 0, bins - 1)
    count, bad = np.zeros(bins), np.zeros(bins)
    worst = np.zeros(bins, np.uint32)
    np.add.at(count, place, columns.count[inside])
    np.add.at(bad, place, columns.bad[inside])
    np.maximum.at(worst, place, columns.quality[inside])
    there = count >= _SHARE * np.median(count[count > 0]) if count.any() else count > 0
    letters[there] = GOOD
    letters[there & (worst >= np.uint32(UNCERTAIN))] = DOUBTFUL
    letters[there & (bad > 0)] = WRONG
    return "".join(letters.tolist())


def _covered(spans: Spans, start: int, width: float, bins: int) -> NDArray[np.float64]:
    """How much of each part the spans cover, 0 to 1."""
    found = np.zeros(bins)
    edges = np.arange(bins + 1)
    for first, last in spans:
        a, b = (first - start) / width, (last - start) / width
        place = slice(max(int(a), 0), min(int(np.ceil(b)), bins))
        found[place] += np.clip(np.minimum(edges[1:][place], b) - np.maximum(edges[:-1][place], a), 0, 1)
    return found
