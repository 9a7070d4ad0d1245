"""Data quality of a set of tags: every check on every tag, and whether a model may learn from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.progress import Progress, silent
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.dataset.align import arrival_order
from lineshaft.dataset.quality import values
from lineshaft.dataset.quality.clock import check_clock, typical_period
from lineshaft.dataset.quality.column import Column, column
from lineshaft.dataset.quality.finding import Finding, Kind, QualityReport, TagQuality, Unusable
from lineshaft.dataset.recording import Recording

CHECKS: tuple[Callable[[Column], Finding | None], ...] = (
    values.missing, values.bad, values.constant, values.out_of_range, values.spikes, values.coarse,
    values.drift,
)
Runs = Sequence[Mapping[str, Series]]


def assess_recordings(tags: Sequence[Tag], recordings: Sequence[Recording], *, gap_ns: int | None = None,
                      progress: Progress = silent) -> QualityReport:
    """Quality of tables from files; pass them as found, before sorting, so that disorder is seen."""
    return assess(tags, [one.series(tuple(tags)) for one in recordings], gap_ns=gap_ns, progress=progress)


def assess(tags: Sequence[Tag], runs: Runs, *, gap_ns: int | None = None, progress: Progress = silent
           ) -> QualityReport:
    """Quality of each tag over all runs, samples in order of arrival.

    Time stamps that all tags share are checked once, for the source as a whole; ``gap_ns`` is the longest
    normal pause (None: five typical intervals).
    """
    series = [[run[tag.path] for run in runs if tag.path in run] for tag in tags]
    shared = _share_times(series)
    clock = check_clock("", [one.time for one in series[0]], gap_ns) if shared else ()
    orders: dict[int, NDArray[np.intp] | slice] = {}
    found = []
    for i, (tag, mine) in enumerate(zip(tags, series, strict=True)):
        own = () if shared else check_clock(tag.path, [one.time for one in mine], gap_ns)
        found.append(_assess_tag(tag, mine, own, orders))
        progress(i + 1, len(tags), "checking data quality")
    every = [one.time for mine in series for one in mine if len(one)]
    return QualityReport(min((int(time.min()) for time in every), default=0),
                         max((int(time.max()) for time in every), default=0),
                         max((sum(map(len, mine)) for mine in series), default=0),
                         max((typical_period([one.time for one in mine]) for mine in series[:1]), default=0),
                         tuple(found), clock)


def _share_times(series: Sequence[Sequence[Series]]) -> bool:
    """Whether every tag has the very same arrays of times, as the columns of a table have."""
    first = [id(one.time) for one in series[0]] if series else []
    return bool(first) and all([id(one.time) for one in mine] == first for mine in series)


def _assess_tag(tag: Tag, runs: Sequence[Series], clock: tuple[Finding, ...],
                orders: dict[int, NDArray[np.intp] | slice]) -> TagQuality:
    filled = [one for one in runs if len(one)]
    if not filled:
        nan = float("nan")
        return TagQuality(tag.path, tag.unit, 0, 0.0, nan, nan, nan, nan, Unusable.DEAD, clock)
    for one in filled:
        if id(one.time) not in orders:
            orders[id(one.time)] = arrival_order(one.time)
    data = column(tag, filled, [orders[id(one.time)] for one in filled])
    checked = [found for check in CHECKS if (found := check(data)) is not None]
    findings = (*checked, *values.frozen(data), *clock)
    known = len(data.value) > 0
    return TagQuality(tag.path, tag.unit, len(data), len(data.value) / len(data),
                      float(data.value.min()) if known else float("nan"),
                      float(data.value.max()) if known else float("nan"),
                      values.noise_of(data), values.step_of(data), _unusable(data, findings), findings)


def _unusable(data: Column, findings: Sequence[Finding]) -> Unusable:
    share = {one.kind: one.share for one in findings}
    if not len(data.value):
        return Unusable.DEAD
    if Kind.CONSTANT in share:
        return Unusable.CONSTANT
    if len(data.value) < 0.5 * len(data):
        return Unusable.MOSTLY_MISSING
    return Unusable.MOSTLY_FROZEN if share.get(Kind.FROZEN, 0.0) > 0.5 else Unusable.NO
