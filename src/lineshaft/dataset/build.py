"""History -> dataset: from a historian at a named version, or from recordings in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback
from lineshaft.core.quality import usable
from lineshaft.core.sample import Sample
from lineshaft.core.series import Series
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.dataset import labels as label
from lineshaft.dataset.align import NEVER, align, arrival_order, cut_gaps, fresh, grid, grid_near, is_number, newest_at
from lineshaft.dataset.recording import Recording

Empty = Literal["missing", "silent"]


def build(historian: Historian, tags: Sequence[str], start: int, end: int, period_ns: int, *,
          stale_ns: int | None = None, gap_ns: int | None = None, labels: Sequence[Feedback] = (),
          label_tag: str | None = None, version: str | None = None) -> Dataset:
    """``tags`` at ``start``, ``start + period``, ... before ``end`` (UTC ns), out of ONE version of history.

    The version is fixed before anything is read, so what is appended meanwhile stays outside and
    ``Dataset.version`` names the history exactly. Values from before ``start`` count for the first rows.
    ``label_tag`` is a tag of 0 and 1; verdicts in ``labels`` overrule it.
    """
    _check_span(start, end, period_ns)
    pinned = historian.version() if version is None else version
    known = _known(historian, [*tags, *([label_tag] if label_tag else [])])
    series = _history(historian, list(known), start, end, pinned)
    data = align(series, [known[path] for path in tags], grid(start, end, period_ns), period_ns=period_ns,
                 stale_ns=stale_ns, gap_ns=gap_ns)
    labelled = data.labels
    if label_tag:
        column = align(series, [known[label_tag]], data.times, period_ns=period_ns)
        labelled = label.from_column(np.where(column.good, column.values, np.nan)[:, 0])
    query = {"start": str(start), "end": str(end), "period_ns": str(period_ns), "stale_ns": str(stale_ns),
             "gap_ns": str(gap_ns), "label_tag": label_tag or "", "feedback": str(len(labels))}
    return replace(data, labels=label.with_feedback(labelled, data.times, labels), version=pinned, query=query)


def _check_span(start: int, end: int, period_ns: int) -> None:
    if end <= start:
        raise UsageError(f"the stretch {start}..{end} is empty", do="give an end after the start")
    if period_ns <= 0:
        raise UsageError(f"a period of {period_ns} ns is not positive", do="give a period such as '1s'")


def _known(historian: Historian, paths: Sequence[str]) -> dict[str, Tag]:
    """What the historian knows of each path; an unknown one is the caller's mistake."""
    if not paths:
        raise UsageError("a dataset needs at least one tag", do="name the tags to learn from")
    if len(set(paths)) < len(paths):
        twice = sorted({path for path in paths if paths.count(path) > 1})
        raise UsageError(f"tags named twice: {', '.join(twice)}", do="name each tag once")
    stored = {tag.path: tag for tag in historian.tags()}
    if unknown := [path for path in paths if path not in stored]:
        raise UsageError(f"no history of {', '.join(unknown)}", where="historian",
                         do="see `lineshaft tag list` for what is stored")
    return {path: stored[path] for path in paths}


def _history(historian: Historian, paths: Sequence[str], start: int, end: int, version: str
             ) -> dict[str, Series]:
    """Samples of the stretch, each tag led by the value that held when it began."""
    before = historian.as_of(paths, start, version=version)
    inside = historian.read(paths, start, end, version=version)
    return {path: _led_by(before.get(path), inside[path], start) for path in paths}


def _led_by(sample: Sample | None, series: Series, start: int) -> Series:
    if sample is None or sample.time >= start:
        return series
    return Series(series.tag, np.concatenate([[np.int64(sample.time)], series.time]),
                  np.concatenate([[sample.value], series.value]),
                  np.concatenate([np.array([sample.quality], np.uint32), series.quality]))


def from_runs(tags: Sequence[Tag], recordings: Sequence[Recording], period_ns: int, *,
              stale_ns: int | None = None, gap_ns: int | None = None, empty: Empty = "missing",
              version: str = "", query: Mapping[str, str] | None = None) -> Dataset:
    """Recordings one after the other, each on its own grid from first to last time, never sharing a run.

    ``empty`` says what an empty cell with a good StatusCode is: "missing", a value that was due and isn't there
    (masked), or "silent", a tag that had nothing to say in this row (its last value holds until stale); where a
    recording has ``present``, that decides.
    """
    parts = [_one_run(tuple(tags), one, period_ns, stale_ns, gap_ns, empty)
             for one in recordings if len(one.times)]
    if not parts:
        raise UsageError("no rows to build a dataset from", do="give a recording with at least one row")
    return replace(joined(parts), version=version, query=dict(query or {}))


def _one_run(tags: tuple[Tag, ...], one: Recording, period_ns: int, stale_ns: int | None,
             gap_ns: int | None, empty: Empty) -> Dataset:
    """All columns share their times, so one search serves them all."""
    order = arrival_order(one.times)
    source = one.times[order]
    _check_span(int(source[0]), int(source[-1]) + 1, period_ns)
    times = (grid(int(source[0]), int(source[-1]) + 1, period_ns) if gap_ns is None
             else grid_near(source, period_ns, gap_ns))
    place = newest_at(source, times)
    cells = one.values[order]
    bad = np.zeros(cells.shape, np.bool_) if one.quality is None else ~usable(one.quality[order])
    spoke = _spoke(one, order, cells, bad, empty)
    rows = place[:, None] if spoke is None else _last_spoken(spoke)[place]
    columns = np.arange(len(tags))
    values = np.where(rows >= 0, cells[rows, columns], np.nan)
    good = is_number(values) & ~bad[rows, columns]
    if stale_ns is not None:
        seen = np.where(rows >= 0, source[rows], NEVER)
        good &= fresh(times[:, None], seen, stale_ns)
    found = np.full(len(source), np.nan) if one.label is None else one.label[order]
    data = Dataset(tags, period_ns, times, values, good, label.from_column(found[place]),
                   np.zeros(len(times), np.int32))
    return data if gap_ns is None else cut_gaps(data, source[place], gap_ns)


def _spoke(one: Recording, order: NDArray[np.intp] | slice, cells: NDArray[np.float64],
           bad: NDArray[np.bool_], empty: Empty) -> NDArray[np.bool_] | None:
    """[M, C]: cells that are samples; None where all are."""
    if one.present is not None:
        return one.present[order]
    return ~np.isnan(cells) | bad if empty == "silent" else None


def _last_spoken(spoke: NDArray[np.bool_]) -> NDArray[np.intp]:
    """[M, C]: the newest row at or before each in which the tag said something, -1 where it never had."""
    place = np.where(spoke, np.arange(len(spoke), dtype=np.intp)[:, None], -1)
    return np.maximum.accumulate(place, axis=0)


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Datasets of the same tags and period one after the other; none shares a run with another."""
    first_run = np.cumsum([0, *(int(part.run[-1]) + 1 if len(part) else 0 for part in parts[:-1])])
    run = np.concatenate([part.run + np.int32(first) for part, first in zip(parts, first_run, strict=True)])
    return replace(
        parts[0],
        times=np.concatenate([part.times for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        good=np.concatenate([part.good for part in parts]),
        labels=np.concatenate([part.labels for part in parts]).astype(np.int8),
        run=run.astype(np.int32),
    )
