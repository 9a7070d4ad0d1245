"""Columns that are known ahead of time: calendar, orders, planned set-points.

A step graph has no clock and sees one row a tick. So what is known ahead comes as a tag whose row holds the value of a
fixed number of periods later; its window in the graph's state then reaches from now to the farthest lead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.model.season import DAY_NS

Column = NDArray[np.float64]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
YEAR = ("calendar/year_sin", "calendar/year_cos")
NO_DAYS: Mapping[str, Collection[date]] = {}


def with_given(dataset: Dataset, columns: Mapping[str, Column], reach: int) -> Dataset:
    """The dataset with further tags; row t of each holds what ``columns`` say of row t + ``reach``.

    Each column has one value a row and ``reach`` more, for the time after the last row.

    >>> rows = Dataset.of(np.zeros((3, 1)), (Tag("load"),))
    >>> with_given(rows, {"calendar/holiday": np.array([0.0, 0.0, 0.0, 1.0, 0.0])}, 2).values[:, 1]
    array([0., 1., 0.])
    """
    for name, column in columns.items():
        if len(column) != len(dataset) + reach:
            raise UsageError(f"{name} has {len(column)} values instead of {len(dataset)} rows and {reach} ahead",
                             where="given columns", do="give it for the rows and for the time after them")
    ahead = np.stack([np.asarray(column, np.float64)[reach:] for column in columns.values()], axis=1)
    tags = (*dataset.tags, *(Tag(name) for name in columns))
    return replace(dataset, tags=tags, values=np.hstack([dataset.values, ahead]),
                   good=np.hstack([dataset.good, np.isfinite(ahead)]))


def calendar(start_ns: int, period_ns: int, count: int, days: Mapping[str, Collection[date]] = NO_DAYS,
             offset_s: int = 0) -> dict[str, Column]:
    """Columns [count] of the calendar: hour of the day (below a day a period), day of the week, place in the year, and
    named ``days``.

    ``days`` are kinds of days such as {"holiday": ...}; on them it is no day of the week, so that a holiday does not
    pass for an unusual Monday. ``offset_s`` is local time less UTC.

    >>> found = calendar(0, DAY_NS, 4, {"holiday": [date(1970, 1, 2)]})  # a Thursday and what follows
    >>> found["calendar/friday"].tolist(), found["calendar/holiday"].tolist()
    ([0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0])
    """
    local = start_ns + offset_s * 10**9 + np.arange(count, dtype=np.int64) * period_ns
    number = local // DAY_NS
    special = np.zeros(count, np.bool_)
    found: dict[str, Column] = {}
    for name, dates in days.items():
        own = np.isin(number, [(day - date(1970, 1, 1)).days for day in dates]) & ~special
        special |= own
        found[f"calendar/{name}"] = own.astype(np.float64)
    weekday = (number + 3) % 7
    found |= {f"calendar/{name}": ((weekday == i) & ~special).astype(np.float64) for i, name in enumerate(DAYS) if i}
    found |= dict(zip(YEAR, _place_in_year(local), strict=True))
    if period_ns < DAY_NS:
        phase = 2 * np.pi * (local % DAY_NS) / DAY_NS
        found |= {f"calendar/hour_{name}{k}": wave(k * phase)
                  for k in (1, 2) for name, wave in (("sin", np.sin), ("cos", np.cos))}
    return found


def _place_in_year(local: NDArray[np.int64]) -> tuple[Column, Column]:
    """Sine and cosine of how much of its own year has gone at each time, so that a date is the same every year."""
    times = local.astype("datetime64[ns]")
    first = times.astype("datetime64[Y]")
    gone, whole = (np.asarray((end - first.astype("datetime64[ns]")).astype(np.float64))
                   for end in (times, (first + 1).astype("datetime64[ns]")))
    phase = 2 * np.pi * gone / whole
    return np.sin(phase), np.cos(phase)
