"""From the columns that could be time to the one time axis of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.timecolumn import Found, TimeReader, Written, recognise
from lineshaft.connect.files.timestamps import DAY, NO_TIME, Times
from lineshaft.connect.files.zones import to_utc
from lineshaft.core.clock import format_duration, format_time
from lineshaft.core.errors import UsageError

_WHOLE = (Written.MOMENT, Written.EPOCH, Written.SERIAL)
_PREFERRED = ("source", "utc", "event", "measure", "timestamp")


@dataclass(slots=True)
class Axis:
    """The columns that are time: ``main`` first, with ``clock`` where date and time stand apart; ``others`` are
    further times, read only to see whether they agree."""

    names: tuple[str, ...]
    main: Found | None
    clock: Found | None = None
    others: tuple[Found, ...] = ()
    readers: dict[int, TimeReader] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for found in filter(None, (self.main, self.clock, *self.others)):
            self.readers[found.column] = TimeReader(found, self.names[found.column])

    @property
    def columns(self) -> frozenset[int]:
        """Places of all columns that are times."""
        return frozenset(self.readers)

    def finish(self, options: ReadOptions, where: str) -> tuple[Times | None, list[str]]:
        """The time axis, NO_TIME where a row has none; None where the file has no time."""
        if self.main is None:
            return None, []
        zone = "" if self.clock else options.timezone
        times, said = self.readers[self.main.column].finish(options.day_first, zone)
        if self.clock is not None:
            times, more = self._with_clock(times, options)
            said = [line for line in said if "carry no zone" not in line] + more
        elif self.main.written is Written.CLOCK:
            times = _over_midnight(times)
            said.append("No date is known; days are counted from 1970-01-01 where the clock passes midnight.")
        for other in self.others:
            said += self._compared(times, other, options, where)
        return times, said

    def _with_clock(self, dates: Times, options: ReadOptions) -> tuple[Times, list[str]]:
        assert self.clock is not None
        clock, _ = self.readers[self.clock.column].finish(options.day_first, "")
        ok = (dates != NO_TIME) & (clock != NO_TIME)
        times = np.where(ok, np.where(ok, dates, 0) + np.where(ok, clock % DAY, 0), NO_TIME)
        said = [f"The time of day is column {self.names[self.clock.column]!r}."]
        if not options.timezone:
            return times, [*said, "Times carry no zone and are taken as UTC (give the zone if they are local)."]
        times[ok], hours = to_utc(times[ok], options.timezone)
        return times, [
            *said,
            f"Times are local to {options.timezone} and turned into UTC.",
            *([hours] if hours else []),
        ]

    def _compared(self, times: Times, other: Found, options: ReadOptions, where: str) -> list[str]:
        """A second time column may be steadily later; one that wanders leaves the choice to a person."""
        name, main = self.names[other.column], self.names[self.main.column if self.main else 0]
        if other.written not in _WHOLE:
            return [f"Column {name!r} ({other.written}) is left out, as {main!r} is the time."]
        second, _ = self.readers[other.column].finish(options.day_first, options.timezone)
        known = (times != NO_TIME) & (second != NO_TIME)
        if not known.any() or options.time:
            return [f"Column {name!r} holds times too and is left out."]
        gaps = second[known] - times[known]
        steps = np.diff(times[known])
        usual = int(np.median(np.abs(steps))) if len(steps) else DAY
        wander = int(np.percentile(np.abs(gaps - np.median(gaps)), 95))
        if wander > max(10 * usual, 3_700 * 10**9):
            worst = int(np.argmax(np.abs(gaps)))
            raise UsageError(
                f"columns {main!r} and {name!r} both hold times and disagree, by up to "
                f"{format_duration(abs(int(gaps[worst])))}",
                where=where,
                do=f"say which one with time={main!r}",
            )
        apart = f" ({format_duration(abs(int(np.median(gaps))))} apart)" if np.median(gaps) else ""
        return [f"Column {name!r} holds times too{apart} and is left out; {main!r} is the time."]


def choose(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ReadOptions,
    where: str,
    ready: Mapping[int, bool] | None = None,
) -> Axis:
    """Which columns are time, by a sample of their cells; ``ready`` are those that the file itself declares."""
    asked = _asked(names, options, where)
    found = [
        recognise(i, name, cells, asked=i == asked)
        for i, (name, cells) in enumerate(zip(names, sample, strict=True))
        if not (ready and i in ready)
    ]
    candidates = sorted(
        (one for one in found if one), key=lambda one: (_preference(names[one.column], one), one.rank)
    )
    candidates = [Found(i, Written.MOMENT, True) for i in ready or {}] + candidates
    if asked is not None:
        mine = [one for one in candidates if one.column == asked]
        if not mine:
            raise UsageError(
                f"column {names[asked]!r} holds no times ({', '.join(map(repr, sample[asked][:3]))})",
                where=where,
                do="name another column as the time",
            )
        candidates = mine + [one for one in candidates if one.column != asked]
    return _arranged(tuple(names), candidates)


def _asked(names: Sequence[str], options: ReadOptions, where: str) -> int | None:
    if not options.time:
        return None
    for place, name in enumerate(names):
        if name.strip().lower() == options.time.strip().lower():
            return place
    raise UsageError(
        f"there is no column {options.time!r}", where=where, do=f"use one of {', '.join(names[:12])}"
    )


def _preference(name: str, found: Found) -> int:
    low = name.lower()
    place = next((i for i, word in enumerate(_PREFERRED) if word in low), len(_PREFERRED))
    return place if found.written in _WHOLE else len(_PREFERRED) + 1


def _arranged(names: tuple[str, ...], candidates: list[Found]) -> Axis:
    if not candidates:
        return Axis(names, None)
    main = candidates[0]
    clock = next((one for one in candidates if one.written is Written.CLOCK), None)
    if main.written is not Written.DATE or clock is None:
        clock = None
    others = tuple(
        one for one in candidates if one not in (main, clock) and _speaks_of_time(names[one.column], one)
    )
    return Axis(names, main, clock, others[:6])


def _speaks_of_time(name: str, found: Found) -> bool:
    """Beside a real time, rising numbers are left out only if their name says time; ``t`` may be heat."""
    return found.written is not Written.ELAPSED or len(name.split("(", maxsplit=1)[0].strip()) > 1


def _over_midnight(times: Times) -> Times:
    ok = times != NO_TIME
    known = times[ok]
    days = np.concatenate([[0], np.cumsum(np.diff(known) < -DAY // 2)]) if len(known) else np.empty(0, np.int64)
    result = times.copy()
    result[ok] = known + days * DAY
    return result


def readable(times: Times, unread: str, line: int, where: str) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Rows whose time could be read, None where all could; raises where it is less than half of them."""
    ok = times != NO_TIME
    lost = int((~ok).sum())
    if not lost:
        return None, []
    if lost * 2 > len(times):
        raise UsageError(
            f"{lost:,} of {len(times):,} times can't be read, the first is {unread!r}",
            where=f"{where}:{line}",
            do="name the time column, or write times as 2024-03-01 12:00:00",
        )
    return ok, [f"Rows without a readable time, left out: {lost:,}, the first at {where}:{line} ({unread!r})."]


def span(times: Times) -> str:
    """From when to when, for a person."""
    return f"{format_time(int(times[0]))} to {format_time(int(times[-1]))}"
