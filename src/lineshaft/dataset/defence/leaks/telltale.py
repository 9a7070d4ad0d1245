"""Telltales: a single column that gives the label away, whose one value does, or that only counts the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.dataset.defence.evidence import Evidence, Leak

NEARLY = 0.999
DOUBTFUL = 0.98
FEWEST = 10
MOST_VALUES = 12
PURE = 0.99
RARE = 0.5


def find(evidence: Evidence) -> list[Leak]:
    """Columns that part a class from the rest nearly without error; values that occur with one class only, which a
    person should look at; and columns that only rise with the row."""
    return [*_givers(evidence), *_values(evidence), *_counters(evidence)]


def _givers(evidence: Evidence) -> list[Leak]:
    if evidence.label is None:
        return []
    found = []
    labelled = evidence.label >= 0
    for code in np.unique(evidence.label[labelled]).tolist():
        mine = evidence.label[labelled] == code
        if min(mine.sum(), (~mine).sum()) < FEWEST:
            continue
        for column, name in enumerate(evidence.names):
            area = _area(evidence.values[labelled, column], mine)
            if area >= DOUBTFUL:
                rows = int((evidence.judges & (evidence.label == code)).sum())
                found.append(Leak("telltale", area >= NEARLY, f"{name} alone tells class {evidence.class_name(code)} "
                                  f"from the rest (area under its curve {area:.4f})", name,
                                  "leave the column out unless it is known before the event that it tells", rows))
    return found


def _values(evidence: Evidence) -> list[Leak]:
    if evidence.label is None:
        return []
    found: list[Leak] = []
    for column, name in enumerate(evidence.names):
        values = evidence.values[:, column]
        known = np.isfinite(values) & (evidence.label >= 0)
        kept = np.unique(values[known])
        if 2 <= len(kept) <= MOST_VALUES:
            for value in kept.tolist():
                found += _pure(evidence, name, known & (values == value), value)
    return found


def _pure(evidence: Evidence, name: str, rows: NDArray[np.bool_], value: float) -> list[Leak]:
    """A value that goes with one class in 99 % of at least ten rows, and that class is not the usual one."""
    label = evidence.label
    assert label is not None
    code = int(np.bincount(label[rows]).argmax())
    share, usual = float((label[rows] == code).mean()), float((label[label >= 0] == code).mean())
    if rows.sum() < FEWEST or share < PURE or usual > RARE:
        return []
    return [Leak("telltale", False, f"{name} = {value:g} goes with class {evidence.class_name(code)} in {share:.1%} of "
                 f"{int(rows.sum())} rows, and {usual:.1%} of all rows are of it", name,
                 "leave the column out unless it is known before the event that it tells",
                 int((rows & evidence.judges).sum()))]


def _counters(evidence: Evidence) -> list[Leak]:
    found = []
    for column, name in enumerate(evidence.names):
        values = evidence.values[:, column]
        steps = np.diff(values)[np.diff(evidence.run) == 0]
        even = len(steps) >= FEWEST and np.isfinite(steps).all() and np.ptp(steps) < 1e-9 * np.ptp(values)
        if even and (steps > 0).all():
            found.append(Leak("telltale", False, f"{name} only counts the rows", name,
                              "leave it out: a model would learn the order of the file", int(evidence.judges.sum())))
    return found


def _area(values: NDArray[np.float64], mine: NDArray[np.bool_]) -> float:
    """Area under the curve of one column for one class, whichever way round; ties count half."""
    known = np.isfinite(values)
    values, mine = values[known], mine[known]
    if min(mine.sum(), (~mine).sum()) < FEWEST:
        return 0.5
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2.0)[place]
    ones = int(mine.sum())
    area = (rank[mine].sum() - ones * (ones + 1) / 2) / (ones * (len(mine) - ones))
    return float(max(area, 1.0 - area))
