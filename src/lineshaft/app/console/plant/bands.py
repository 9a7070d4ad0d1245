"""Normal bands: where 99 % of a tag's values lay in the stretches that somebody called normal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineshaft.app.band import BAND
from lineshaft.core.progress import Progress, silent
from lineshaft.core.quality import usable
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.feedback.retrain import standing
from lineshaft.feedback.verdicts import verdicts

PIECES, PIECE_NS, LEAST = 24, 60_000_000_000, 10

Bands = dict[str, tuple[float, float]]


def normal_spans(historian: Historian, loop: str) -> tuple[tuple[int, int], ...]:
    """The stretches of normal operation that people (or the project's file) named, in order."""
    return tuple(sorted((one.start, one.end) for one in standing(verdicts(historian, loop)) if not one.abnormal))


def bands(historian: Historian, tags: Sequence[Tag], spans: Sequence[tuple[int, int]],
          progress: Progress = silent) -> Bands:
    """By tag path; none for a tag with too few values. Long stretches are looked at in evenly spread minutes."""
    paths = [tag.path for tag in tags]
    seen: dict[str, list[np.ndarray[tuple[int], np.dtype[np.float64]]]] = {path: [] for path in paths}
    pieces = spread(spans)
    for done, (start, end) in enumerate(pieces):
        progress(done, len(pieces), "normal bands")
        for path, series in historian.read(paths, start, end).items():
            seen[path].append(series.value[usable(series.quality) & np.isfinite(series.value)])
    found: Bands = {}
    for path, parts in seen.items():
        values = np.concatenate(parts) if parts else np.empty(0)
        if len(values) >= LEAST:
            low, high = np.quantile(values, BAND)
            found[path] = (float(low), float(high))
    return found


def spread(spans: Sequence[tuple[int, int]], pieces: int = PIECES, piece_ns: int = PIECE_NS
           ) -> list[tuple[int, int]]:
    """At most about ``pieces`` stretches of ``piece_ns`` over all spans; the spans themselves where they are shorter.

    >>> spread([(0, 100)], 2, 10), spread([(0, 15)], 2, 10)
    ([(0, 10), (90, 100)], [(0, 15)])
    """
    total = sum(end - start for start, end in spans)
    if total <= pieces * piece_ns:
        return [span for span in spans if span[1] > span[0]]
    found = []
    for start, end in spans:
        count = max(1, round(pieces * (end - start) / total))
        length = min(piece_ns, (end - start) // count)
        free = end - length - start
        found += [(at, at + length) for at in (start + free * i // max(count - 1, 1) for i in range(count))]
    return found
