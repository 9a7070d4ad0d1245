"""Several units (engines, batches, runs) below each other in one table."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from lineshaft.connect.files.long import ASSET, group_codes, repeats
from lineshaft.connect.files.numeric import Codes
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Column, Recording
from lineshaft.core.errors import UsageError

_CYCLE = re.compile(r"cycles?|time[ _]?in[ _]?cycles|time|step|sample|t|index|n|nr", re.IGNORECASE)


def units(recording: Recording, options: ReadOptions) -> tuple[list[Recording], list[str]]:
    """Several units (engines, runs, batches) in one table, apart; a cycle counter in them gives the order."""
    unit = _unit_column(recording, options)
    if unit is None:
        return [recording], []
    keys, codes = group_codes(unit)
    cycle = _cycle_column(recording, codes, unit)
    rest = recording.without(unit.name, *([cycle.name] if cycle else []))
    found, first = np.unique(codes, return_index=True)
    runs = [
        replace(
            rest.take(codes == code),
            name=f"{unit.name} {keys[code]}" if recording.headed else f"unit {keys[code]}",
        )
        for code in found[np.argsort(first)].tolist()
    ]
    order = f", {cycle.name!r} counts up within each and gives the order" if cycle else ""
    return runs, [f"Column {unit.name!r} tells {len(runs)} units apart{order}; each is a run of its own."]


def _unit_column(recording: Recording, options: ReadOptions) -> Column | None:
    if options.unit_column:
        for column in recording.columns:
            if options.unit_column in (column.name, column.header):
                return column
        raise UsageError(
            f"there is no column {options.unit_column!r}",
            where=recording.name,
            do=f"use one of {', '.join(recording.names[:12])}",
        )
    first = recording.columns[0]
    if not recording.headed:
        return (
            first
            if len(recording.columns) > 3
            and _blocks(first)
            and _cycle_column(recording, group_codes(first)[1], first)
            else None
        )
    named = (c for c in recording.columns if ASSET.fullmatch(c.name) and c.name not in options.inputs)
    return next(
        (c for c in named if _blocks(c) or (recording.times is not None and repeats(c) and _whole(c))), None
    )


def _whole(column: Column) -> bool:
    values = column.cells.values
    known = values[np.isfinite(values)]
    return bool((known == np.round(known)).all()) and len(known) + column.cells.worded == len(column)


def _blocks(column: Column) -> bool:
    """Whole numbers or names that stay for a stretch, and never come back."""
    if not _whole(column) or len(column) < 4:
        return False
    _, codes = group_codes(column)
    changes, distinct = int((np.diff(codes) != 0).sum()), len(np.unique(codes))
    return 2 <= distinct <= len(column) // 2 and changes == distinct - 1


def _cycle_column(recording: Recording, codes: Codes, unit: Column) -> Column | None:
    """The column that rises by one within every unit and starts again with each."""
    within = np.diff(codes) == 0
    if recording.times is not None or not within.any():
        return None
    for column in recording.columns[:4]:
        steps = np.diff(column.cells.values)
        if (
            column is not unit
            and (steps[within] == 1).all()
            and (not recording.headed or _CYCLE.fullmatch(column.name))
            and (within.all() or (steps[~within] <= 0).all())
        ):
            return column
    return None
