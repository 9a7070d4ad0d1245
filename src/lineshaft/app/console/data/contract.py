"""What a tag promises (unit, range, period, kind) against what was seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.quality import usable
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag

SLOWER = 1.5
"""An interval of so many promised periods is too long: jitter stays below."""


class Promise(StrEnum):
    """What can be broken."""

    RANGE = "range"
    PERIOD = "period"
    NUMBER = "number"
    KIND = "kind"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Breach:
    """``count`` of ``looked`` samples (intervals, for the period) broke it, between ``first`` and ``last`` (UTC ns).

    A unit that is missing has no count and no time. ``figures`` are what a sentence needs besides.
    """

    promise: Promise
    count: int = 0
    looked: int = 0
    first: int | None = None
    last: int | None = None
    figures: dict[str, float] = field(default_factory=dict)


def broken(tag: Tag, runs: Sequence[Series]) -> tuple[Breach, ...]:
    """Every promise that was not kept in these stretches; between two stretches nothing is looked at."""
    if tag.kind == "text":
        return ()
    time = np.concatenate([one.time for one in runs]) if runs else np.empty(0, np.int64)
    value = np.concatenate([one.value for one in runs]) if runs else np.empty(0)
    good = np.concatenate([usable(one.quality) for one in runs]) if runs else np.empty(0, np.bool_)
    number = np.isfinite(value)
    checked = (_range(tag, time[good & number], value[good & number]), _period(tag, runs),
               _found(Promise.NUMBER, time[good], ~number[good]), _kind(tag, time[good & number], value[good & number]),
               None if tag.unit or tag.kind != "float" else Breach(Promise.UNIT))
    return tuple(one for one in checked if one is not None)


def _found(promise: Promise, time: NDArray[np.int64], wrong: NDArray[np.bool_], **figures: float) -> Breach | None:
    at = time[wrong]
    return Breach(promise, len(at), len(time), int(at.min()), int(at.max()), figures) if len(at) else None


def _range(tag: Tag, time: NDArray[np.int64], value: NDArray[np.float64]) -> Breach | None:
    low = -np.inf if tag.low is None else tag.low
    high = np.inf if tag.high is None else tag.high
    if not len(value):
        return None
    return _found(Promise.RANGE, time, (value < low) | (value > high), least=float(value.min()),
                  most=float(value.max()))


def _period(tag: Tag, runs: Sequence[Series]) -> Breach | None:
    """A source that stays silent below its deadband promises no period."""
    if not tag.period_ns or tag.deadband:
        return None
    steps = [np.diff(one.time) for one in runs if len(one) > 1]
    if not steps:
        return None
    step, after = np.concatenate(steps), np.concatenate([one.time[1:] for one in runs if len(one) > 1])
    return _found(Promise.PERIOD, after, step > SLOWER * tag.period_ns, longest_ns=float(step.max()),
                  period_ns=float(tag.period_ns))


def _kind(tag: Tag, time: NDArray[np.int64], value: NDArray[np.float64]) -> Breach | None:
    if tag.kind == "bool":
        return _found(Promise.KIND, time, ~np.isin(value, (0.0, 1.0)))
    return _found(Promise.KIND, time, value != np.round(value)) if tag.kind == "int" else None
