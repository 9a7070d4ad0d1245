"""The time column: which it is, how it is written, and the whole of it as UTC nanoseconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.timestamps import DAY, NO_TIME, Order, Parsed, parse
from lineshaft.connect.files.zones import to_utc

Times = NDArray[np.int64]

_NAMED = re.compile(
    r"(?:^|[\W_\d])(?:time|date|datetime|timestamp|times?tamps?|zeit|zeitstempel|datum|uhrzeit|ts|t|epoch|utc"
    r"|fecha|hora|data|ora|heure|clock|unixtime|zeitpunkt)(?:$|[\W_\d])|时间|日期|時刻|日時"
    r"|timestamp|date.?time|zeitstempel",
    re.IGNORECASE,
)
_ELAPSED = re.compile(
    r"^(?:t|time|elapsed|elapsed time|zeit|seconds?|sec|timer|时间)?[ _]*"
    r"(?:[\[(]?(?P<unit>ns|us|µs|ms|s|sec|seconds?|min|minutes?|h|hours?|hr|d|days?)[\])]?)?$",
    re.IGNORECASE,
)
_ELAPSED_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "se": 10**9,
    "mi": 60 * 10**9,
    "h": 3600 * 10**9,
    "ho": 3600 * 10**9,
    "hr": 3600 * 10**9,
    "d": DAY,
    "da": DAY,
}
_SERIAL = re.compile(
    r"(?:date|time|datetime|timestamp|datum|zeit|zeitstempel|zeitpunkt|日期|时间|[ _/&+-]|und|and|utc|local)+",
    re.IGNORECASE,
)
_EXCEL_ZERO = -25_569 * DAY
_EPOCHS = ((10**9, "seconds"), (10**6, "milliseconds"), (10**3, "microseconds"), (1, "nanoseconds"))


class Written(StrEnum):
    """How a column writes time."""

    MOMENT = "date and time"
    DATE = "date"
    CLOCK = "time of day"
    EPOCH = "numbers since 1970"
    SERIAL = "Excel day numbers"
    ELAPSED = "elapsed time"


@dataclass(frozen=True, slots=True)
class Found:
    """A column that can be time: how sure, and ``scale`` nanoseconds a step for plain numbers."""

    column: int
    written: Written
    named: bool
    scale: int = 1

    @property
    def rank(self) -> tuple[int, int, int]:
        """Better candidates sort first."""
        order = (Written.MOMENT, Written.EPOCH, Written.SERIAL, Written.DATE, Written.ELAPSED, Written.CLOCK)
        return order.index(self.written), not self.named, self.column


def recognise(column: int, name: str, cells: Sequence[str], *, asked: bool = False) -> Found | None:
    """Whether a sample of a column's cells is time."""
    full = [cell for cell in cells if cell.strip()]
    if not full:
        return None
    named = bool(_NAMED.search(name)) or asked
    numbers = _floats(full)
    if numbers is not None:
        return _plain(column, name, full, numbers, named=named, asked=asked)
    parsed = parse(full)
    if parsed.ok.mean() < (0.5 if named else 0.8):
        return None
    times = parsed.day_first[parsed.day_first != NO_TIME]
    if len(times) and (times < DAY).all() and (times >= 0).all() and any(":" in cell for cell in full):
        return Found(column, Written.CLOCK, named)
    dates = all(_is_midnight(values) for values in (parsed.day_first, parsed.month_first))
    return Found(column, Written.DATE if dates and not any(":" in c for c in full) else Written.MOMENT, named)


def _is_midnight(times: Times) -> bool:
    return bool((times[times != NO_TIME] % DAY == 0).all())


def _floats(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Cells as plain numbers, what is not finite left out; None where one is no number or too few are left."""
    try:
        numbers = np.array([float(cell.replace(",", ".")) for cell in cells])
    except ValueError:
        return None
    numbers = numbers[np.isfinite(numbers)]
    return numbers if len(numbers) > 1 else None


def _plain(
    column: int, name: str, cells: Sequence[str], numbers: NDArray[np.float64], *, named: bool, asked: bool
) -> Found | None:
    """Digits only: compact dates, epochs, Excel serials or elapsed time; values look like these too, so a name
    or the first place must speak for it."""
    rising = len(numbers) > 1 and bool((numbers[1:] >= numbers[:-1]).mean() > 0.9) and numbers[-1] > numbers[0]
    compact = {len(cell.strip()) for cell in cells} <= {8, 12, 14}
    if (
        compact
        and (named or (column == 0 and rising))
        and parse(cells).ok.all()
        and _plausible(parse(cells).day_first)
    ):
        return Found(column, Written.MOMENT, named)
    for scale, _ in _EPOCHS:
        if (
            (numbers > 3.1e17 / scale).all()
            and (numbers < 4.2e18 / scale).all()
            and (named or (column == 0 and rising))
        ):
            return Found(column, Written.EPOCH, named, scale)
    if (
        (asked or _SERIAL.fullmatch(name.strip()))
        and (numbers > 20_000).all()
        and (numbers < 80_000).all()
        and rising
        and (asked or np.ptp(numbers) < 8_000)
    ):
        return Found(column, Written.SERIAL, named)
    elapsed = _ELAPSED.match(" ".join(name.split()))
    if (asked or (elapsed and name.strip())) and rising and (asked or bool((numbers[1:] >= numbers[:-1]).all())):
        unit = (elapsed["unit"] or "s").lower() if elapsed else "s"
        return Found(
            column, Written.ELAPSED, named, _ELAPSED_UNITS.get(unit, _ELAPSED_UNITS.get(unit[:2], 10**9))
        )
    return None


def _plausible(times: Times) -> bool:
    years = times.astype("M8[ns]").astype("M8[Y]").astype(np.int64) + 1970
    return bool(((years >= 1970) & (years <= 2100)).all())


@dataclass(slots=True)
class TimeReader:
    """Reads one time column in chunks; what it means is settled when all of it has been seen."""

    found: Found
    name: str
    parts: list[Parsed] = field(default_factory=list)
    plain: list[Times] = field(default_factory=list)
    unread: str = ""
    unread_row: int = -1
    rows: int = 0

    def feed(self, cells: Sequence[str]) -> None:
        """Take the next cells."""
        if self.found.written in (Written.EPOCH, Written.SERIAL, Written.ELAPSED):
            times = _scaled(cells, self.found)
            self.plain.append(times)
            ok = times != NO_TIME
        else:
            part = parse(cells)
            self.parts.append(part)
            ok = part.ok
        if self.unread_row < 0 and not ok.all():
            self.unread_row = self.rows + int(np.argmin(ok))
            self.unread = cells[int(np.argmin(ok))]
        self.rows += len(cells)

    def feed_times(self, times: Times, *, zoned: bool) -> None:
        """Take times that need no reading: UTC where ``zoned``, else the clock of the place."""
        self.parts.append(Parsed(times, times, np.zeros(len(times), np.int32), np.full(len(times), zoned)))
        if self.unread_row < 0 and (times == NO_TIME).any():
            self.unread_row = self.rows + int(np.argmax(times == NO_TIME))
        self.rows += len(times)

    def finish(self, day_first: bool | None, zone: str) -> tuple[Times, list[str]]:
        """UTC nanoseconds (NO_TIME where unreadable) and what was decided."""
        if self.plain:
            times, said = np.concatenate(self.plain), [self._plain_said()]
            self.plain = []
            return times, said
        whole = Parsed(
            *(
                np.concatenate([getattr(part, name) for part in self.parts])
                for name in ("day_first", "month_first", "open", "aware")
            )
        )
        self.parts = []
        times, said = _settle(whole, day_first, self.name)
        if self.found.written is Written.CLOCK:
            return times, [f"Column {self.name!r} holds the time of day."]
        utc, zoned = _zoned(times, whole.aware, zone, self.name)
        return utc, [f"Time is column {self.name!r} ({self.found.written}).", *said, *zoned]

    def _plain_said(self) -> str:
        if self.found.written is Written.EPOCH:
            unit = dict(_EPOCHS)[self.found.scale]
            return f"Time is column {self.name!r} ({unit} since 1970, UTC)."
        if self.found.written is Written.SERIAL:
            return f"Time is column {self.name!r} (Excel day numbers, taken as UTC)."
        unit = {1: "ns", 10**3: "us", 10**6: "ms", 10**9: "s", 60 * 10**9: "min", 3600 * 10**9: "h", DAY: "d"}[
            self.found.scale
        ]
        return (
            f"Time is column {self.name!r} (elapsed time in {unit}, counted from 1970-01-01 as no date is"
            " known)."
        )


def _scaled(cells: Sequence[str], found: Found) -> Times:
    if found.written is Written.EPOCH:
        return np.array([_exact(cell, found.scale) for cell in cells], np.int64)
    numbers = np.array([_float(cell) for cell in cells])
    scale, zero, step = (DAY, _EXCEL_ZERO, 10**6) if found.written is Written.SERIAL else (found.scale, 0, 1)
    ok = np.abs(numbers) * scale < 9e18
    times = np.where(ok, np.round(np.where(ok, numbers, 0) * (scale // step)), 0).astype(np.int64) * step + zero
    return np.where(ok, times, NO_TIME)


def _float(cell: str) -> float:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return float("nan")


def _exact(cell: str, scale: int) -> int:
    """Epoch times lose nanoseconds as floats, so the digits before and after the point are read apart."""
    whole, _, rest = cell.strip().replace(",", ".").partition(".")
    try:
        time = int(whole) * scale + (round(float(f"0.{rest}") * scale) if rest else 0)
    except ValueError:
        number = _float(cell)
        time = round(number * scale) if abs(number) * scale < 9e18 else NO_TIME
    return time if abs(time) < 9e18 else NO_TIME


def _settle(whole: Parsed, day_first: bool | None, name: str) -> tuple[Times, list[str]]:
    """Day and month where a separator leaves them open: by what can't be a month, else by even steps."""
    times, said = whole.day_first.copy(), []
    for mark in np.unique(whole.open[whole.open != 0]).tolist():
        rows = whole.open == mark
        order, why = _order(whole.day_first[rows], whole.month_first[rows], chr(mark), day_first)
        first, other = whole.day_first[rows], whole.month_first[rows]
        if order is Order.MONTH_FIRST:
            first, other = other, first
        times[rows] = np.where(first != NO_TIME, first, other)
        said.append(f"Dates with {chr(mark)!r} in column {name!r} are read {order}: {why}.")
        turned = int(((first == NO_TIME) & (other != NO_TIME)).sum())
        if turned:
            said.append(f"Dates in column {name!r} that fit only the other order, and are read so: {turned:,}.")
    return times, said


def _order(days: Times, months: Times, mark: str, asked: bool | None) -> tuple[Order, str]:
    if asked is not None:
        return (Order.DAY_FIRST if asked else Order.MONTH_FIRST), "as asked"
    lost_days = int(((days == NO_TIME) & (months != NO_TIME)).sum())
    lost_months = int(((months == NO_TIME) & (days != NO_TIME)).sum())
    if lost_months > lost_days:
        return Order.DAY_FIRST, f"{lost_months:,} of {len(days):,} allow nothing else"
    if lost_days > lost_months:
        return Order.MONTH_FIRST, f"{lost_days:,} of {len(days):,} allow nothing else"
    rough = _roughness(days), _roughness(months)
    if rough[0] > 1.5 * rough[1]:
        return Order.MONTH_FIRST, "only so do the times run on evenly"
    if rough[1] > 1.5 * rough[0]:
        return Order.DAY_FIRST, "only so do the times run on evenly"
    return (
        Order.DAY_FIRST,
        (
            "nothing in the file decides it (if it is wrong, say day_first=False)"
            if mark != "."
            else "as is usual with points"
        ),
    )


def _roughness(times: Times) -> float:
    known = times[times != NO_TIME].astype(np.float64)
    return float(np.abs(np.diff(known)).sum()) if len(known) > 1 else 0.0


def _zoned(times: Times, aware: NDArray[np.bool_], zone: str, name: str) -> tuple[Times, list[str]]:
    naive = ~aware & (times != NO_TIME)
    if not naive.any():
        return times, [f"Times in column {name!r} carry their offset and are turned into UTC."]
    mixed = (
        [f"Times in column {name!r} that carry an offset: {int(aware.sum()):,}; the others carry none."]
        if aware.any()
        else []
    )
    if not zone:
        return times, [*mixed, "Times carry no zone and are taken as UTC (give the zone if they are local)."]
    utc = times.copy()
    utc[naive], said = to_utc(times[naive], zone)
    return utc, [*mixed, f"Times are local to {zone} and turned into UTC.", *([said] if said else [])]
