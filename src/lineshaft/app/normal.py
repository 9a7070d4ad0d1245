"""The normal stretch: which rows of a plant's past the monitor may learn from."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.recorded import Recorded
from lineshaft.core.clock import SECOND, format_time
from lineshaft.core.dataset import ABNORMAL
from lineshaft.core.errors import UsageError

Rows = NDArray[np.bool_]
ASSUMED = "40%"
FORMS = "write '40%', '400 rows' or '2024-03-01 06:00/2024-03-02 18:00'"


def normal_rows(plant: Recorded, normal: str) -> Rows:
    """[N] rows of the dataset that ``normal`` names, less those that the data itself calls abnormal.

    A share or a number of rows is taken from the beginning of every run of the file (of every machine, that is);
    two times with a slash between are UTC unless they say their zone, both included.
    """
    share = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*", normal)
    count = re.fullmatch(r"\s*([0-9]+)\s*(?:rows?)?\s*", normal)
    if share and 0 < float(share[1]) <= 100:
        rows = _first(plant, share=float(share[1]) / 100)
    elif count and int(count[1]):
        rows = _first(plant, count=int(count[1]))
    elif "/" in normal:
        rows = _between(plant, normal)
    else:
        raise UsageError(f"{normal!r} is not a stretch", where="normal", do=FORMS)
    known = rows & (plant.dataset.labels != ABNORMAL)
    if not known.any():
        raise UsageError(f"every row of {normal} is labelled abnormal by column {plant.label!r}", where="normal",
                         do="name a stretch in which the plant ran well")
    return np.asarray(known)


def _first(plant: Recorded, *, share: float | None = None, count: int = 0) -> Rows:
    """The beginning of every run of the file, across the pieces that gaps cut it into."""
    group = plant.source[plant.dataset.run]
    start = np.flatnonzero(np.diff(group, prepend=-1))
    length = np.diff([*start.tolist(), len(group)])
    most = np.full(len(length), count) if share is None else np.round(share * length).astype(np.int64)
    return np.asarray(np.arange(len(group)) - np.repeat(start, length) < np.repeat(most, length))


def _between(plant: Recorded, normal: str) -> Rows:
    if not plant.table.timed:
        raise UsageError(f"{normal!r} names times and the file has none", where="normal",
                         do="write a share such as '40%' or a number such as '400 rows'")
    times = plant.dataset.times
    start, end = (_moment(part) for part in normal.split("/", 1))
    rows: Rows = (times >= start) & (times <= end)
    if not rows.any():
        raise UsageError(f"no row lies in {normal}", where="normal", do="the file goes from "
                         f"{format_time(int(times.min()))} to {format_time(int(times.max()))}")
    return rows


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text.strip()!r} is not a time", where="normal", do=FORMS) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000) * (SECOND // 1000)
