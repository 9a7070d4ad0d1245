"""Scales and ticks: where a value lies, and which round values to name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.clock import SECOND

MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
_STEPS = [SECOND // 1000, SECOND // 100, SECOND // 10, *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
          *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)), *(n * HOUR for n in (1, 2, 3, 6, 12)),
          *(n * DAY for n in (1, 2, 7, 14))]
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)

Floats = NDArray[np.float64]
_FAR = 100.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A named place on an axis, ``at`` 0 (left, bottom) to 1."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Values low..high -> 0..1, straight, by root, or by logarithm (``bend``)."""

    low: float
    high: float
    bend: str = "linear"

    def __call__(self, value: Floats) -> Floats:
        low, high = (float(self._bent(np.array([end]))[0]) for end in (self.low, self.high))
        with np.errstate(over="ignore"):
            share: Floats = (self._bent(value) / ((high - low) or 1.0)) - low / ((high - low) or 1.0)
        return np.clip(share, -_FAR, 1 + _FAR)  # what lies farther off is out of sight anyway, and may not be a number

    def _bent(self, value: Floats) -> Floats:
        if self.bend == "log":
            return np.log10(np.maximum(value, self.low))
        return np.sqrt(np.maximum(value, 0.0)) if self.bend == "sqrt" else value

    def ticks(self, label: Callable[[float], str], about: int = 4) -> list[Tick]:
        """Round values inside the scale."""
        if self.bend == "log":
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            values = [10.0**power for power in powers][::max(1, len(powers) // about)]
        elif self.bend == "sqrt":
            top = round_values(0.0, math.sqrt(self.high), about)
            values = [_rounded(root * root) for root in top]
        else:
            values = round_values(self.low, self.high, about)
        places = self(np.array(values, np.float64))
        return [Tick(float(at), name) for at, name in zip(places, _distinct(values, label), strict=True)
                if 0 <= at <= 1]


def _distinct(values: list[float], label: Callable[[float], str]) -> list[str]:
    """A name for each value, with more digits where a small step needs them.

    >>> _distinct([2388.0, 2388.2, 2388.4], lambda value: f"{value:.0f}")
    ['2,388.0', '2,388.2', '2,388.4']
    """
    names = [label(value) for value in values]
    if len(set(names)) == len(names):
        return names
    digits = max(0, -math.floor(math.log10(min(b - a for a, b in pairwise(values)))))
    return [f"{value:,.{digits}f}" for value in values]


def _rounded(value: float) -> float:
    """To one digit, for a tick on a root scale.

    >>> _rounded(27.04), _rounded(0.0)
    (30.0, 0.0)
    """
    return round(value, -math.floor(math.log10(value))) if value > 0 else 0.0


def round_values(low: float, high: float, about: int = 4) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten inside low..high.

    >>> round_values(0.3, 9.2)
    [2.0, 4.0, 6.0, 8.0]
    """
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(m * power for m in (1, 2, 5, 10) if span / (m * power) <= about * 1.25)
    first = math.ceil(low / step - 1e-9)
    # Beyond 2**53 steps of float do not count any more; such an axis keeps its ends only.
    if not abs(first) < 2**53:
        return [low, high]
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def fitted(values: Floats, also: tuple[float, ...] = ()) -> Scale:
    """A straight scale round all finite values, with a little air; never empty."""
    finite = values[np.isfinite(values)]
    ends = [*(float(end) for end in also if math.isfinite(end))]
    if len(finite):
        ends += [float(finite.min()), float(finite.max())]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    air = 0.06 * (high / 2 - low / 2) * 2 or abs(low) * 0.1 or 1.0
    return Scale(max(low - air, -1e308), min(high + air, 1e308))


def score_scale(score: Floats, limit: float) -> Scale:
    """Straight while the score is near its limit, by root or logarithm where it runs away."""
    finite = score[np.isfinite(score)]
    top = float(finite.max()) if len(finite) else limit
    if top > 100 * limit:
        return Scale(limit / 30, top * 1.5, "log")
    if top > 6 * limit:
        return Scale(0.0, top * 1.05, "sqrt")
    return Scale(0.0, max(top, 1.25 * limit) * 1.05)


def time_ticks(start: int, end: int, about: int = 7) -> list[Tick]:
    """Round UTC times between ``start`` and ``end`` (ns), named as finely as their step needs.

    >>> [tick.label for tick in time_ticks(0, 2 * HOUR)]
    ['1 Jan 1970', '00:30', '01:00', '01:30', '02:00']
    """
    span = max(end - start, 1)
    step = next((step for step in _STEPS if span / step <= about), None)
    if step is None:
        labels = _time_labels(_month_starts(start, end, about), 30 * DAY)
    else:
        labels = _time_labels(list(range(-(-start // step) * step, end + 1, step)), step)
    return [Tick((at - start) / span, label) for at, label in labels]


def elapsed_ticks(start: int, end: int, about: int = 7) -> list[Tick]:
    """Counts since zero, for times that are no dates."""
    values = round_values(start / SECOND, max(end / SECOND, start / SECOND + 1e-9), about)
    span = max(end - start, 1)
    return [Tick((value * SECOND - start) / span, f"{value:,.6g}") for value in values]


def _month_starts(start: int, end: int, about: int) -> list[int]:
    first, last = (datetime.fromtimestamp(at // SECOND, UTC) for at in (start, end))
    count = (last.year - first.year) * 12 + last.month - first.month
    step = next((step for step in _MONTHS if count / step <= about), _MONTHS[-1])
    begin = -(-(first.year * 12 + first.month - 1) // step) * step
    months = range(begin, last.year * 12 + last.month, step)
    places = [int(datetime(m // 12, m % 12 + 1, 1, tzinfo=UTC).timestamp()) * SECOND for m in months]
    return [at for at in places if start <= at <= end]


def _time_labels(places: list[int], step: int) -> list[tuple[int, str]]:
    """A date where the day changes (and first), else the time of day."""
    named, day = [], None
    for at in places:
        when = datetime.fromtimestamp(at // SECOND, UTC)
        if step >= 28 * DAY:
            label = f"{when:%b %Y}"
        elif step >= DAY:
            label = f"{when.day} {when:%b}" + (f" {when.year}" if day is None or day.year != when.year else "")
        elif (midnight := at % DAY == 0) or step < SECOND:
            label = f"{when.day} {when:%b} {when.year}" if midnight else f"{when:%S}.{at % SECOND // 10**6:03d}"
        else:
            label = f"{when:%H:%M}" if step % MINUTE == 0 else f"{when:%H:%M:%S}"
        named.append((at, label))
        day = when
    return named
