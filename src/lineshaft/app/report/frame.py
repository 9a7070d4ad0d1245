"""The stretch a group of charts shows: its rows on one horizontal axis, and what is marked there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.band import normal_band
from lineshaft.app.report.axis import Tick, elapsed_ticks, round_values, time_ticks
from lineshaft.app.report.data import ReportAlarm, ReportData
from lineshaft.app.report.svg import WIDTH, Grid

PAUSE_PERIODS = 5


class Placed(Protocol):
    """Whatever begins and ends in a run."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def run(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Frame:
    """Rows of ``data`` over the width. The axis is time, or the row where runs overlap in time."""

    data: ReportData
    columns: int = WIDTH

    @cached_property
    def by_row(self) -> bool:
        """Whether rows are put one behind the other: without times, or where runs overlap (several machines)."""
        return self.data.by_row or bool(np.any(np.diff(self.data.times) < 0))

    @cached_property
    def run(self) -> NDArray[np.int32]:
        return np.zeros(len(self.data.times), np.int32) if self.data.run is None else self.data.run

    @cached_property
    def ends(self) -> tuple[int, int]:
        """First and last time shown; rows where the axis is by row."""
        if self.by_row:
            return 0, max(len(self.data.times) - 1, 1)
        times = self.data.times
        return (int(times[0]), max(int(times[-1]), int(times[0]) + 1)) if len(times) else (0, 1)

    @cached_property
    def grid(self) -> Grid:
        """Where each row lies, and where lines break."""
        start, end = self.ends
        at = np.arange(len(self.data.times)) if self.by_row else self.data.times
        breaks = np.diff(self.run) != 0
        if not self.by_row and len(at) > 2:
            steps = np.diff(at)
            breaks |= steps > PAUSE_PERIODS * max(self.data.period_ns, int(np.median(steps)))
        pieces = np.concatenate([[0], np.cumsum(breaks)])[:len(at)].astype(np.int64)
        return Grid.over((at - start).astype(np.float64) / (end - start), pieces, self.columns)

    def span(self, what: Placed) -> tuple[float, float]:
        """Where something begins and ends, as shares of the width (outside 0..1 where it is not shown)."""
        start, end = self.ends
        if not self.by_row:
            return (what.start - start) / (end - start), (what.end - start) / (end - start)
        begin, stop = np.searchsorted(self.run, [what.run, what.run + 1]).tolist()
        if begin == stop:
            return -2.0, -1.0
        first, last = np.searchsorted(self.data.times[begin:stop], [what.start, what.end + 1]).tolist()
        return (begin + first) / (end - start), (begin + max(last - 1, 0)) / (end - start)

    def spans(self, what: Iterable[Placed]) -> list[tuple[float, float]]:
        return [self.span(one) for one in what]

    def ticks(self, about: int = 7) -> list[Tick]:
        """Names along the horizontal axis."""
        start, end = self.ends
        if self.by_row:
            return self._run_ticks(about) if self.run[0] != self.run[-1] else self._row_ticks(about)
        return (elapsed_ticks if self.data.relative_time else time_ticks)(start, end, about)

    def _run_ticks(self, about: int) -> list[Tick]:
        """Where runs begin; fewer where their names are long."""
        first = np.flatnonzero(np.diff(self.run, prepend=-1) != 0)
        names = [self.data.run_name(int(self.run[row])) or f"#{self.run[row]}" for row in first.tolist()]
        most = min(about, max(3, 100 // max(map(len, names))))
        step = max(1, -(-len(first) // most))
        return [Tick(int(row) / self.ends[1], name) for row, name in zip(first[::step], names[::step], strict=True)]

    def _row_ticks(self, about: int) -> list[Tick]:
        """Counts of rows in the one run that is shown."""
        number = self.data.first_row
        values = round_values(number, number + self.ends[1], about)
        return [Tick((value - number) / self.ends[1], f"{value:,.0f}") for value in values if value == round(value)]

    @cached_property
    def fitted(self) -> NDArray[np.bool_]:
        """[N] rows that the model was fitted on; all where nobody said."""
        fits = [one for one in self.data.passages if one.use == "fit"]
        mask = np.zeros(len(self.data.times), np.bool_)
        for one in fits:
            inside = (self.data.times >= one.start) & (self.data.times <= one.end)
            mask |= inside & (self.run == one.run) if self.by_row else inside
        return mask if mask.any() else ~mask

    def band(self, column: int) -> tuple[float, float] | None:
        """Low and high end of a tag's normal band."""
        if self.data.bands is not None:
            return self.data.bands[column]
        return normal_band(self.data.values[self.fitted, column], self.data.good[self.fitted, column])

    def around(self, alarm: ReportAlarm) -> ReportData:
        """The rows of an alarm with as much again before and after it."""
        air = max(alarm.end - alarm.start, 30 * max(self.data.period_ns, 1))
        times = self.data.times
        keep = (times >= alarm.start - air) & (times <= alarm.end + air)
        if self.by_row:
            keep &= self.run == alarm.run
        rows = np.flatnonzero(keep)
        return cut(self.data, slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0))


def cut(data: ReportData, rows: slice) -> ReportData:
    """The same report over fewer rows."""
    return replace(data, times=data.times[rows], values=data.values[rows], good=data.good[rows],
                   score=data.score[rows], run=None if data.run is None else data.run[rows],
                   watched=None if data.watched is None else data.watched[rows],
                   first_row=data.row(int(data.run[rows.start]), int(data.times[rows.start]))
                   if data.run is not None and rows.stop > rows.start else 1)


def by_importance(data: ReportData, frame: Frame) -> list[int]:
    """Columns, those first that alarms point to (share times duration), then those most outside their band."""
    place = {tag.path: i for i, tag in enumerate(data.tags)}
    blame = np.zeros(len(data.tags))
    for alarm in data.alarms:
        for cause in alarm.causes:
            if cause.tag in place:
                blame[place[cause.tag]] += cause.share * max(alarm.end - alarm.start, data.period_ns, 1)
    if not blame.any():
        blame = np.array([_outside(frame, column) for column in range(len(data.tags))])
    return [int(column) for column in np.argsort(-blame, kind="stable")]


def _outside(frame: Frame, column: int) -> float:
    band = frame.band(column)
    if band is None:
        return 0.0
    value = frame.data.values[:, column]
    return float(((value < band[0]) | (value > band[1]))[frame.data.good[:, column]].mean())
