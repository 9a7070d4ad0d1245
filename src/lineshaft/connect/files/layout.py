"""Matrices whose rows are not one time each: transposed tables, and one cycle of a single tag a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.numeric import Cells
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Column, Recording
from lineshaft.core.clock import format_duration

_CYCLE_HINT = (
    "{0!r} has {1} columns without names; if each row is one cycle of a single tag, give the cycle's length"
    " (cycle_ns)."
)
_SMOOTH = 0.1
_WIDE = 30


def matrix(recording: Recording) -> NDArray[np.float64]:
    """The values as [rows, columns]."""
    return np.stack([column.cells.values for column in recording.columns], axis=1)


def roughness(values: NDArray[np.float64]) -> float:
    """How far neighbouring columns are apart, as a share of the spread of all values: near 0 where the columns
    are moments of one signal, large where they are signals of their own scales."""
    middle = np.median(values, axis=0)
    low, high = np.percentile(values, (25, 75))
    return float(np.median(np.abs(np.diff(middle))) / max(high - low, 1e-12)) if values.shape[1] > 1 else 1.0


def is_bare_matrix(recording: Recording) -> bool:
    """Numbers only: no names, no time, nothing missing."""
    return (
        recording.times is None
        and not recording.headed
        and len(recording.columns) > 1
        and len(recording) > 1
        and all(np.isfinite(column.cells.values).all() for column in recording.columns)
    )


def upright(recording: Recording, options: ReadOptions) -> tuple[Recording, list[str]]:
    """Turns a table whose rows are tags (TEP's ``d00.dat``): asked for, or plain by its rows' scales."""
    rows, columns = len(recording), len(recording.columns)
    wanted = options.transpose
    if wanted is None:
        wanted = is_bare_matrix(recording) and columns > 2 * rows >= 8 and _rows_are_tags(matrix(recording))
        why = f"each of its {rows} rows keeps a scale of its own along {columns} columns"
        said = [
            f"The table lies on its side ({why}), so its rows are taken as tags (if not, say transpose=False)."
        ]
    else:
        said = [f"Rows and columns change places, as asked: {rows} tags, {columns} rows."]
    if not wanted:
        return recording, []
    values = matrix(recording)
    turned = tuple(Column(f"column {i + 1}", Cells(np.ascontiguousarray(row))) for i, row in enumerate(values))
    return replace(recording, columns=turned, times=None), said


def _rows_are_tags(values: NDArray[np.float64]) -> bool:
    return roughness(values.T) > 2 * _SMOOTH > 2 * roughness(values)


def cycle_rows(recordings: Sequence[Recording], options: ReadOptions) -> tuple[list[Recording], list[str]]:
    """Files in which a row is a cycle and a cell a moment of it (the hydraulic test rig), as plain time series.

    All share the cycle; narrow files beside them that hold a few whole numbers a cycle are its conditions.
    """
    rows = {len(recording) for recording in recordings if _moments(recording, options)}
    wide = [r for r in recordings if _moments(r, options)]
    if len(rows) != 1 or (len(wide) < 2 and not options.cycle_ns):
        return list(recordings), [_CYCLE_HINT.format(r.name, len(r.columns)) for r in wide]
    count = rows.pop()
    base = min(len(recording.columns) for recording in wide)
    cycle = options.cycle_ns or base * options.row_period_ns
    kept = [_unrolled(r, cycle, options) for r in wide]
    conditions = [
        _condition(r, cycle, options)
        for r in recordings
        if r not in wide and len(r) == count and r.times is None and not r.headed
    ]
    why = (
        "as asked"
        if options.cycle_ns
        else f"one cell a {format_duration(options.row_period_ns)} in the narrowest file; cycle_ns sets it"
    )
    said = [
        f"Each row is one cycle of {format_duration(cycle)} ({why}): {count:,} cycles one after the other, "
        f"{min(len(r.columns) for r in wide)} to {max(len(r.columns) for r in wide)} values in each."
    ]
    said += [
        f"{r.name!r} holds {len(r.columns)} conditions of each cycle; they are labels, never inputs."
        for r in conditions
    ]
    return kept + conditions, [*said, "No clock time is known; rows are counted from 1970-01-01."]


def _moments(recording: Recording, options: ReadOptions) -> bool:
    if not is_bare_matrix(recording):
        return False
    if options.cycle_ns:
        return len(recording.columns) >= 10
    return len(recording.columns) >= _WIDE and len(recording) > 4 and roughness(matrix(recording)) < _SMOOTH


def _unrolled(recording: Recording, cycle: int, options: ReadOptions) -> Recording:
    values = matrix(recording)
    cycles, moments = values.shape
    starts = options.start_ns + np.arange(cycles, dtype=np.int64)[:, None] * cycle
    times = (starts + np.arange(moments, dtype=np.int64) * cycle // moments).ravel()
    return Recording(recording.name, (Column(recording.name, Cells(values.ravel())),), times, headed=True)


def _condition(recording: Recording, cycle: int, options: ReadOptions) -> Recording:
    times = options.start_ns + np.arange(len(recording), dtype=np.int64) * cycle
    columns = tuple(replace(c, name=f"{recording.name} {i + 1}") for i, c in enumerate(recording.columns))
    return Recording(recording.name, columns, times, headed=True, labelled=True)
