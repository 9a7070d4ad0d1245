"""What came out, in words for a tired person: the headline, where an alarm lies, and how labels compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.backtest import Decisions, Episode
from lineshaft.app.recorded import Recorded
from lineshaft.core.clock import SECOND, format_duration, format_time
from lineshaft.core.dataset import ABNORMAL, UNLABELLED

NAMED = 3
LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alarms against the file's own labels over ``rows`` watched rows of which ``abnormal`` are; rates 0..1.

    ``f1`` is None without an abnormal row, ``far`` without a normal one, ``mar`` as ``f1``.
    """

    rows: int
    abnormal: int
    f1: float | None
    far: float | None
    mar: float | None


def agreement(plant: Recorded, decisions: Decisions, watched: NDArray[np.bool_]) -> Agreement | None:
    """None where the file has no labels in the rows that were watched."""
    known = watched & (plant.dataset.labels != UNLABELLED)
    if not plant.label or not known.any():
        return None
    fault, alarm = plant.dataset.labels[known] == ABNORMAL, decisions.alarm[known]
    hit, false, missed = int((alarm & fault).sum()), int((alarm & ~fault).sum()), int((~alarm & fault).sum())
    faults, sound = int(fault.sum()), int((~fault).sum())
    return Agreement(len(fault), faults, 2 * hit / (2 * hit + false + missed) if faults else None,
                     false / sound if sound else None, missed / faults if faults else None)


def compared(found: Agreement, label: str) -> str:
    """The agreement in a sentence."""
    rates = [f"{name} {value:.1%}" for name, value in (("false alarms (FAR)", found.far), ("missed (MAR)", found.mar))
             if value is not None]
    f1 = [f"F1 {found.f1:.2f}"] if found.f1 is not None else []
    return (f"Against the labels of column {label!r}, over {found.rows:,} watched rows: {', '.join([*f1, *rates])}. "
            "The labels set nothing; they only keep known abnormal rows out of the normal stretch.")


def headline(plant: Recorded, episodes: Sequence[Episode], watched: NDArray[np.bool_]) -> str:
    """How many alarms in how much, when first, and what they named.

    Where the rows have no times they are counted.
    """
    over = f"{lasted(plant, int(watched.sum()))} watched"
    if not episodes:
        return f"No alarm in {over}."
    count, first = len(episodes), episodes[0]
    many = f"{count:,} alarms in {over}; the first began" if count > 1 else f"1 alarm in {over}; it began"
    return f"{many} at {place(plant, first.run, first.start)} and named {named(first) or 'no tag'}."


def named(one: Episode) -> str:
    """The tags that matter, with their shares."""
    told = [cause for cause in one.causes[:NAMED] if cause.share >= LEAST_SHARE] or list(one.causes[:1])
    return ", ".join(f"{cause.tag} ({cause.share:.0%})" for cause in told)


def place(plant: Recorded, run: int, time: int) -> str:
    """A time, or a row (the first is 1) where there are none; with the run's name where there are several."""
    recording = plant.recordings[run]
    if plant.table.timed:
        where = format_time(time) if time % SECOND else format_time(time)[:-5] + "Z"
    else:
        where = f"row {row_number(plant, run, time):,}"
    return f"{where} of {recording.name}" if len(plant.table.runs) > 1 and recording.name else where


def row_number(plant: Recorded, run: int, time: int) -> int:
    """Rows of the run's beginning up to this one, itself included."""
    start = plant.table.runs[int(plant.source[run])].times[0]
    return int((time - start) // plant.dataset.period_ns) + 1


def lasted(plant: Recorded, rows: int) -> str:
    """A number of rows as time where the file has times."""
    if plant.table.timed:
        return format_duration(rows * plant.dataset.period_ns)
    return f"{rows:,} row{'s' if rows != 1 else ''}"
