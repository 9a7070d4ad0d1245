"""Written times as nanoseconds: cells are grouped by their shape (every digit a 0), each shape read at once.

Whatever mixture of formats a column holds, each shape in it is a regular expression of its own, so mixed
columns cost no more than uniform ones. Day and month of ``03/04/2024`` stay open until all of it is seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]
Digits = NDArray[np.int64]

NO_TIME = np.iinfo(np.int64).min
DAY = 86_400 * 10**9
_ZERO = ord("0")
_MOST_SHAPES = 500

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OTHER_MONTHS = {
    "mär": 3,
    "mrz": 3,
    "mai": 5,
    "okt": 10,
    "dez": 12,
    "ene": 1,
    "abr": 4,
    "ago": 8,
    "dic": 12,
    "fév": 2,
    "avr": 4,
    "juin": 6,
    "juil": 7,
    "aoû": 8,
    "déc": 12,
}
_ZONES = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "wet": 0,
    "west": 60,
    "cet": 60,
    "mez": 60,
    "cest": 120,
    "mesz": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "jst": 540,
    "est": -300,
    "edt": -240,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
}
_WORD = r"[A-Za-zäéûÄÉÛ]"
_WEEKDAY = rf"(?:{_WORD}{{2,10}}\.?,? +)?"
_DATES = (
    r"(?P<y>0000)(?P<s>[-/. _年])(?P<m>00?)[-/. _月](?P<d>00?)日?",
    r"(?P<a>00?)(?P<s>[-/. ])(?P<b>00?)(?P=s)(?P<y>0000|00)",
    rf"(?P<d>00?)[-/. ]*(?P<mon>{_WORD}{{3,9}})[-/., ]*(?P<y>0000|00)",
    rf"(?P<mon>{_WORD}{{3,9}})[ .-]*(?P<d>00?)(?:st|nd|rd|th)?,? +(?P<y>0000)",
    r"(?P<y>0000)(?P<s>)(?P<m>00)(?P<d>00)",
)
_CLOCK = (
    r"(?P<H>00?)[:.h时](?P<M>00)(?:[:.m分](?P<S>00)(?:[.,:](?P<f>0+))?)?秒?分? ?"
    r"(?P<ap>[AaPp]\.?[Mm]\.?|上午|下午)?"
)
_COMPACT_CLOCK = r"(?P<H>00)(?P<M>00)(?:(?P<S>00)(?:[.,](?P<f>0+))?)?"
_OFFSET = (
    rf"(?: ?(?P<z>[A-Za-z]{{1,4}}))??(?: ?(?P<sg>[-+])(?P<oh>00):?(?P<om>00)?)?(?: ?\[{_WORD}+/{_WORD}+\])?"
)
_GAP = r"(?:[T _]|, ?|:|;|  +| - ?)"
_SHAPES = tuple(
    re.compile(f"{_WEEKDAY}{date}(?:{_GAP}{clock}{_OFFSET})?")
    for date in _DATES
    for clock in ((_CLOCK, _COMPACT_CLOCK) if "(?P<s>)" in date else (_CLOCK,))
)
_SHAPES += (re.compile(_DATES[-1] + _COMPACT_CLOCK),)
_CLOCK_ONLY = re.compile(_CLOCK.replace("[:.h时]", "[:h时]", 1))


class Order(StrEnum):
    """Which of the two leading numbers of a date is the day."""

    DAY_FIRST = "day/month"
    MONTH_FIRST = "month/day"


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """A stretch of a time column. ``day_first`` and ``month_first`` [N] ns (NO_TIME where not a time; equal
    where the shape leaves no doubt), ``open`` the date's separator as a character code where it does (else 0),
    ``aware`` True where the cell carried its own offset (the times are then UTC).
    """

    day_first: Times
    month_first: Times
    open: NDArray[np.int32]
    aware: Mask

    def __len__(self) -> int:
        return len(self.day_first)

    @property
    def ok(self) -> Mask:
        """True where at least one reading is a time."""
        return np.asarray((self.day_first != NO_TIME) | (self.month_first != NO_TIME))


@dataclass(frozen=True, slots=True)
class Shape:
    """What the characters of one shape mean: spans by name, and the parts that are words."""

    spans: dict[str, tuple[int, int]]
    month: int | None
    zone: int | None
    afternoon: bool | None
    sign: int
    separator: str

    @property
    def dated(self) -> bool:
        """False for a bare time of day."""
        return "y" in self.spans


def parse(cells: Sequence[str]) -> Parsed:
    """Read a column of written times.

    >>> [np.datetime64(int(t), "ns").astype("M8[s]").item().isoformat() for t in
    ...  parse(["2024-03-01 12:00", "01.03.2024 13:00", "1-Mar-24 02:00:00 PM", "20240301T150000Z"]).day_first]
    ['2024-03-01T12:00:00', '2024-03-01T13:00:00', '2024-03-01T14:00:00', '2024-03-01T15:00:00']
    """
    array = np.array([cell.strip().strip("\"'") for cell in cells] or [""], dtype=np.str_)
    width = max(array.dtype.itemsize // 4, 1)
    points = array.view(np.uint32).reshape(len(array), width)[: len(cells)]
    shaped = np.where((points >= _ZERO) & (points < _ZERO + 10), np.uint32(_ZERO), points)
    result = Parsed(
        np.full(len(cells), NO_TIME),
        np.full(len(cells), NO_TIME),
        np.zeros(len(cells), np.int32),
        np.zeros(len(cells), np.bool_),
    )
    left = np.arange(len(cells))
    for _ in range(_MOST_SHAPES):
        if not len(left) or width > 80:
            break
        same = (shaped[left] == shaped[left[0]]).all(axis=1)
        shape = shape_of("".join(map(chr, shaped[left[0]])).rstrip("\0"))
        if shape is not None:
            _fill(result, left[same], points, shape)
        left = left[~same]
    return result


@lru_cache(maxsize=4096)
def shape_of(template: str) -> Shape | None:
    """The meaning of a template such as ``00.00.0000 00:00``, None where it is no time."""
    for pattern in (*_SHAPES, _CLOCK_ONLY):
        match = pattern.fullmatch(template)
        if match is None:
            continue
        words = match.groupdict()
        month = _month(words.get("mon"))
        zone = _ZONES.get((words.get("z") or "").lower()) if words.get("z") else None
        if (words.get("mon") and month is None) or (words.get("z") and zone is None):
            continue
        spans = {
            name: match.span(name)
            for name, text in words.items()
            if text is not None and name in ("y", "m", "d", "a", "b", "H", "M", "S", "f", "oh", "om")
        }
        half = (words.get("ap") or "").lower()
        sign = -1 if words.get("sg") == "-" else 1
        return Shape(spans, month, zone, half[0] in "p下" if half else None, sign, words.get("s") or "")
    return None


def _month(word: str | None) -> int | None:
    if not word:
        return None
    low = word.lower()
    if low[:3] in _MONTHS:
        return _MONTHS.index(low[:3]) + 1
    return _OTHER_MONTHS.get(low[:4]) or _OTHER_MONTHS.get(low[:3])


def _fill(result: Parsed, rows: NDArray[np.intp], points: NDArray[np.uint32], shape: Shape) -> None:
    digits = points[rows].astype(np.int64) - _ZERO
    clock, clock_ok = _clock(digits, shape)
    clock -= _offset(digits, shape)
    year = _years(digits, shape)
    month = np.full(len(rows), shape.month) if shape.month else None
    if "a" in shape.spans:
        first, second = _number(digits, shape.spans["a"]), _number(digits, shape.spans["b"])
        result.day_first[rows] = _joined(year, second, first, clock, clock_ok)
        result.month_first[rows] = _joined(year, first, second, clock, clock_ok)
        result.open[rows] = ord(shape.separator)
    elif shape.dated:
        months = _number(digits, shape.spans["m"]) if month is None else month
        times = _joined(year, months, _number(digits, shape.spans["d"]), clock, clock_ok)
        result.day_first[rows] = result.month_first[rows] = times
    else:
        result.day_first[rows] = result.month_first[rows] = np.where(clock_ok, clock, NO_TIME)
    result.aware[rows] = "oh" in shape.spans or shape.zone is not None


def _number(digits: Digits, span: tuple[int, int]) -> Digits:
    total = np.zeros(len(digits), np.int64)
    for place in range(*span):
        total = total * 10 + digits[:, place]
    return total


def _years(digits: Digits, shape: Shape) -> Digits:
    if not shape.dated:
        return np.full(len(digits), 1970)
    year = _number(digits, shape.spans["y"])
    short = shape.spans["y"][1] - shape.spans["y"][0] == 2
    return np.where(year < 70, year + 2000, year + 1900) if short else year


def _clock(digits: Digits, shape: Shape) -> tuple[Times, Mask]:
    """Nanoseconds since midnight; 24:00 is the next midnight, second 60 the leap second's."""
    zero = np.zeros(len(digits), np.int64)
    hour, minute, second = (
        _number(digits, shape.spans[part]) if part in shape.spans else zero for part in "HMS"
    )
    ok = (hour <= 24) & (minute < 60) & (second <= 60) & ((hour < 24) | (minute + second == 0))
    if shape.afternoon is not None:
        ok &= (hour >= 1) & (hour <= 12)
        hour = hour % 12 + (12 if shape.afternoon else 0)
    fraction = zero
    if "f" in shape.spans:
        start, end = shape.spans["f"]
        end = min(end, start + 9)
        fraction = _number(digits, (start, end)) * 10 ** (9 - (end - start))
    return ((hour * 60 + minute) * 60 + second) * 10**9 + fraction, ok


def _offset(digits: Digits, shape: Shape) -> Times:
    minutes = np.full(len(digits), shape.zone or 0, np.int64)
    if "oh" in shape.spans:
        minutes += shape.sign * 60 * _number(digits, shape.spans["oh"])
    if "om" in shape.spans:
        minutes += shape.sign * _number(digits, shape.spans["om"])
    return minutes * 60 * 10**9


def _joined(year: Digits, month: Digits, day: Digits, clock: Times, clock_ok: Mask) -> Times:
    ok = clock_ok & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1678) & (year <= 2261)
    months = (np.where(ok, year, 1970) - 1970) * 12 + np.where(ok, month, 1) - 1
    first = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    after = (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    ok &= first + day - 1 < after
    return np.where(ok, (first + np.where(ok, day, 1) - 1) * DAY + clock, NO_TIME)
