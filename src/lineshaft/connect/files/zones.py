"""Local clock time to UTC, through the hour that daylight saving repeats and the one it leaves out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError

Times = NDArray[np.int64]

_QUARTER = 900 * 10**9
_FIXED = re.compile(r"(?:UTC|GMT)?([-+])(\d{1,2}):?(\d{2})?")


def to_utc(local: Times, zone: str) -> tuple[Times, str]:
    """UTC nanoseconds of naive local times in row order, and a sentence on repeated or impossible hours.

    ``zone`` is an IANA name or an offset. The repeated hour of autumn is told apart by the clock stepping back.
    """
    fixed = _FIXED.fullmatch(zone.strip())
    if fixed:
        minutes = int(fixed[2]) * 60 + int(fixed[3] or 0)
        return local - (1 if fixed[1] == "+" else -1) * minutes * 60 * 10**9, ""
    info = _zone(zone)
    quarters, place = np.unique(local // _QUARTER, return_inverse=True)
    early = np.array([_offset(info, int(q), 0) for q in quarters], np.int64)[place]
    late = np.array([_offset(info, int(q), 1) for q in quarters], np.int64)[place]
    repeated = early > late
    second = repeated & _second_pass(local, repeated)
    utc = local - np.where(second, late, early)
    return utc, _said(int(repeated.sum()), int(second.sum()), int((early < late).sum()), zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, IsADirectoryError) as error:
        raise UsageError(
            f"{name!r} is no time zone",
            where="timezone",
            do="use an IANA name such as 'Europe/Berlin', or an offset such as '+02:00'",
        ) from error


def _offset(info: ZoneInfo, quarter: int, fold: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=quarter * 900)
    shift = moment.replace(tzinfo=info, fold=fold).utcoffset() or timedelta(0)
    return round(shift.total_seconds()) * 10**9


def _second_pass(local: Times, repeated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True from the row where the clock steps back within one stretch of repeated time."""
    back = np.zeros(len(local), np.bool_)
    back[1:] = np.diff(local) < 0
    starts = repeated & ~np.concatenate([[False], repeated[:-1]])
    stretch = np.cumsum(starts)
    steps = np.cumsum(back & repeated & ~starts)
    before = np.concatenate([[0], steps[starts]])
    return np.asarray(steps > before[stretch])


def _said(repeated: int, second: int, missing: int, zone: str) -> str:
    words = []
    if repeated:
        how = "told apart by the clock stepping back" if second else "taken as its first pass"
        words.append(f"times in the hour that daylight saving repeats: {repeated:,}, {how}")
    if missing:
        words.append(f"times in the hour that daylight saving leaves out: {missing:,}, moved past it")
    return f"In {zone}, {'; '.join(words)}." if words else ""
