"""Readers of the forecasting benchmarks: transformer temperatures by the hour, and a country's energy by the day."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Series = tuple[Matrix, list[str]]


def ett(folder: Path) -> dict[str, Series]:
    """Every series of the folder by name: values [N, C] and the columns, from files whose first column is ``date``."""
    found = {name: (values, header[1:]) for name, header, _, values in _tables(folder, "date")}
    if not found:
        sys.exit(f"{folder}: no ETT series (a CSV whose first column is 'date'); pass --data with its folder")
    return found


def energy(folder: Path, column: str = "Consumption") -> tuple[list[date], Matrix]:
    """Days and values [N, 1] of one column of the first file that has it beside ``Date``; missing days are NaN."""
    for _, header, times, values in _tables(folder, "Date"):
        if column in header:
            days = [datetime.fromisoformat(t).date() for t in times]
            whole = np.full(((days[-1] - days[0]).days + 1, 1), np.nan)
            whole[[(day - days[0]).days for day in days], 0] = values[:, header.index(column) - 1]
            return [days[0] + timedelta(days=i) for i in range(len(whole))], whole
    sys.exit(f"{folder}: no CSV with the columns 'Date' and {column!r}; pass --data with its folder")


def nanoseconds(day: date) -> int:
    """Midnight UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9


def german_holidays(years: range) -> dict[date, str]:
    """Holidays that hold in all of Germany.

    >>> sorted(german_holidays(range(2017, 2018)))[1].isoformat()
    '2017-04-14'
    """
    found: dict[date, str] = {}
    for year in years:
        easter = _easter(year)
        fixed = ((1, 1, "New Year"), (5, 1, "Labour Day"), (10, 3, "Unity Day"), (12, 25, "Christmas"),
                 (12, 26, "Boxing Day"))
        found |= {date(year, month, day): name for month, day, name in fixed}
        moving = ((-2, "Good Friday"), (1, "Easter Monday"), (39, "Ascension"), (50, "Whit Monday"))
        found |= {easter + timedelta(days=shift): name for shift, name in moving}
    return found


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Butcher's rule)."""
    a, (b, c) = year % 19, divmod(year, 100)
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _tables(folder: Path, first: str) -> Iterator[tuple[str, list[str], list[str], Matrix]]:
    """Name, header, first column and the others as numbers, of every CSV whose first column has this name."""
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            rows = csv.reader(lines)
            header = next(rows, [])
            if not header or header[0] != first:
                continue
            body = [row for row in rows if row]
        values = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in body])
        yield path.stem, header, [row[0] for row in body], values
