"""Tags over a range, as a chart of so many columns of pixels needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.app.console.trends.line import (
    Line,
    QualitySpan,
    broken,
    heard,
    of_columns,
    of_series,
    silences,
    spans_of_columns,
    spans_of_samples,
)
from lineshaft.core.clock import SECOND
from lineshaft.core.columns import Columns
from lineshaft.core.sample import Sample
from lineshaft.core.series import Series
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag

GAP_PERIODS = 5
RAW_COLUMNS = 4
_FEW = 2  # samples in a column that M4 keeps in any case
_WIDE = 60 * SECOND  # columns from the overview
_STEPPED = ("bool", "int", "text")


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """``raw`` says that the line holds every sample of the range, else four of each column."""

    line: Line
    spans: tuple[QualitySpan, ...]
    raw: bool
    count: int


def trends(historian: Historian, tags: Sequence[Tag], start: int, end: int, columns: int, now: int,
           stale: Mapping[str, int] | None = None) -> dict[str, Trend]:
    """Tags with ``start <= time < end`` (UTC ns), and a little around it.

    A line breaks where values are bad, and where a tag was silent for too long: longer than ``stale`` says of it, or
    than ``GAP_PERIODS`` of its periods (the one that its source promises, else the usual distance of its samples).
    Tags that speak only when they change (switches, counts, texts of which nothing is said or promised) never break,
    and are led by the value that held at ``start``.
    """
    silent = stale or {}
    paths = [tag.path for tag in tags]
    found = historian.columns(paths, start, end, columns)
    raw = historian.read(_few(found, columns), start, end)
    led = [tag.path for tag in tags if _holds(tag) and tag.path not in silent]
    before = historian.as_of(led, start - 1) if led else {}
    return {tag.path: _trend(tag, found[tag.path], raw.get(tag.path), before.get(tag.path), min(end, now),
                             silent.get(tag.path)) for tag in tags}


def _few(found: Mapping[str, Columns], columns: int) -> list[str]:
    """Tags worth reading sample by sample: not many of them, and not in a range so long that finding them is slow."""
    return [path for path, one in found.items() if one.step < _WIDE and 0 < one.count.sum() < RAW_COLUMNS * columns]


def _holds(tag: Tag) -> bool:
    return tag.period_ns is None and tag.kind in _STEPPED


def _trend(tag: Tag, columns: Columns, series: Series | None, before: Sample | None, until: int,
           stale: int | None) -> Trend:
    period = tag.period_ns or (usual_period(columns) if series is None or len(series) <= _FEW
                               else max(int(np.median(np.diff(series.time))), 1))
    longest = stale if stale or _holds(tag) or period is None else GAP_PERIODS * period
    if series is None:
        line, spans, spoke = of_columns(columns), spans_of_columns(columns), heard(columns)
        raw = int(columns.count.max(initial=0)) <= _FEW
    else:
        line, spans, raw = of_series(series), spans_of_samples(series, stale or period or 0), True
        spoke = series.time, series.time
    if before is not None and (not len(line) or before.time < line.time[0]):
        line = _led(line, before)
    every = sorted([*spans, *silences(*spoke, longest, until)], key=lambda span: span.start)
    count = int(columns.count.sum()) if series is None else len(series)
    return Trend(broken(line, longest), tuple(every), raw, count)


def usual_period(columns: Columns) -> int | None:
    """Half of the samples follow the one before within this, ns; None where that can't be said.

    From the columns with the most samples, so that stretches of silence do not count.
    """
    count = columns.count
    dense = (count > _FEW) & (columns.last_time > columns.first_time)
    if dense.any():
        steps = (columns.last_time - columns.first_time) / (count - columns.bad - 1).clip(1)
        return max(int(np.median(steps[dense])), 1)
    times = columns.first_time[~np.isnan(columns.first)]
    return int(np.median(np.diff(times))) if len(times) > _FEW else None


def _led(line: Line, before: Sample) -> Line:
    lead = of_series(Series(before.tag, np.array([before.time]), np.array([before.value]),
                            np.array([before.quality], np.uint32)))
    return Line(np.concatenate([lead.time, line.time]), np.concatenate([lead.value, line.value]),
                np.concatenate([lead.quality, line.quality]), np.concatenate([lead.within, line.within]))
