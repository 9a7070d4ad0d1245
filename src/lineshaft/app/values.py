"""The values that a loop said over a stretch, in columns: for tables, pages and a DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.backtest import Decisions
from lineshaft.app.said import figure
from lineshaft.core.answer import Answer

MOST = 12
"""Of a long forecast: so many answers are told of, all of them are in history."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """``value``, ``low`` and ``high`` [N, V] of ``answers``, NaN where none was given; ``known`` [N]."""

    answers: tuple[Answer, ...]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    known: NDArray[np.bool_]


def values(decisions: Decisions, answers: Sequence[Answer]) -> Values:
    """Those of each tick, in the order of ``answers``."""
    value, low, high = (np.full((len(decisions), len(answers)), np.nan) for _ in range(3))
    for row, said in enumerate(decisions.said):
        for part, numbers in zip((value, low, high), said[1:4] if said is not None else (), strict=False):
            if numbers:
                part[row] = numbers
    known = np.array([said is not None and said[4] for said in decisions.said], np.bool_)
    return Values(tuple(answers), value, low, high, known)


def told(found: Values) -> list[str]:
    """A sentence for each answer: what it ranged over while it was known, and how often it was."""
    if not found.answers or not len(found.known):
        return []
    lines = [f"known in {found.known.mean():.1%} of the ticks"]
    for place, one in enumerate(found.answers[:MOST]):
        numbers = found.value[found.known, place]
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers):
            unit = f" {one.unit}" if one.unit else ""
            lines.append(f"{one.label}: {figure(numbers.min())} to {figure(numbers.max())}{unit}, "
                         f"mean {figure(numbers.mean())}")
    rest = len(found.answers) - MOST
    return [*lines, f"and {rest} more"] if rest > 0 else lines


def described(found: Values, at: NDArray[np.intp]) -> list[dict[str, Any]]:
    """The same as plain values at these ticks; None where nothing was given."""
    def plain(column: NDArray[np.float64]) -> list[float | None]:
        return [number if np.isfinite(number) else None for number in column[at].tolist()]

    return [{"name": one.name, "unit": one.unit, "ahead": one.ahead, "value": plain(found.value[:, place]),
             "low": plain(found.low[:, place]), "high": plain(found.high[:, place])}
            for place, one in enumerate(found.answers[:MOST])]
