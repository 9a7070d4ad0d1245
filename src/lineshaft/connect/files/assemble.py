"""Runs of columns as a table: tags, values, quality, labels, period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.files.long import status_codes
from lineshaft.connect.files.numeric import status_of
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Column, Recording, absent
from lineshaft.connect.files.roles import Role, Use, settle
from lineshaft.connect.files.table import Run, Table, Words
from lineshaft.core import quality
from lineshaft.core.clock import SECOND, format_duration, format_time
from lineshaft.core.errors import UsageError
from lineshaft.core.listed import some
from lineshaft.core.tag import Tag

_LONG_GAP = 5


def assemble(runs: Sequence[Recording], options: ReadOptions, where: str, *, timed: bool) -> Table:
    """The table of runs that all have a time axis."""
    if sum(map(len, runs)) < 2:
        raise UsageError(
            "the table has a single row", where=where, do="export a stretch of time, one row a time"
        )
    uses, said = settle(runs, options)
    _require(uses, (*options.labels, *options.inputs), where)
    inputs = _inputs(uses, options, where)
    period, timing = _period(runs, options)
    slow = {use.column.name: step for use in inputs if (step := _slower(runs, use.column.name))}
    tags = tuple(_tag(use, options, period * slow.get(use.column.name, 1)) for use in inputs)
    status = {use.of: use.column.name for use in uses if use.role is Role.QUALITY}
    labels = [use for use in uses if use.role is Role.LABEL]
    built = tuple(_run(run, inputs, labels, status, slow) for run in runs)
    said += (
        (timing if timed or len(timing) > 1 else [])
        + _slow_said(slow, period)
        + _units_said(tags)
        + _content_said(built, tags)
    )
    return Table(tags, built, period, tuple(use.column.name for use in labels), tuple(said), timed)


def _require(uses: Sequence[Use], names: Sequence[str], where: str) -> None:
    """That every column somebody named is there."""
    known = {name for use in uses for name in (use.column.name, use.column.header)}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no column {name!r}", where=where,
                             do=f"use some of {', '.join(use.column.name for use in uses[:12])}")


def _inputs(uses: Sequence[Use], options: ReadOptions, where: str) -> list[Use]:
    inputs = [use for use in uses if use.role in (Role.VALUE, Role.STATE)]
    if options.tags:
        known = {name for use in inputs for name in (use.column.name, use.column.header)}
        missing = [name for name in options.tags if name not in known]
        if missing:
            raise UsageError(
                f"there is no value column {missing[0]!r}",
                where=where,
                do=f"use some of {', '.join(use.column.name for use in inputs[:12])}",
            )
        inputs = [use for use in inputs if {use.column.name, use.column.header} & set(options.tags)]
    if not inputs:
        raise UsageError(
            "no column holds measured values", where=where, do="export the tags' values as numbers"
        )
    return inputs


def _tag(use: Use, options: ReadOptions, period: int) -> Tag:
    column = use.column
    name = "".join(char if char.isprintable() else " " for char in column.name).strip() or "column"
    states = ", ".join(
        f"{number:.0f} = {word}" for word, number in sorted(use.numbers.items(), key=lambda item: item[1])
    )
    kind = "float" if use.role is Role.VALUE else "bool" if set(use.numbers.values()) <= {0.0, 1.0} else "state"
    path = f"{options.prefix.rstrip('/')}/{name}" if options.prefix else name
    return Tag(
        path,
        column.unit,
        period_ns=period,
        kind=kind,
        description=states or column.note,
        address=column.header or column.name,
    )


def _period(runs: Sequence[Recording], options: ReadOptions) -> tuple[int, list[str]]:
    steps = np.concatenate([np.diff(run.times) for run in runs if run.times is not None])
    steps = steps[steps > 0]
    if not len(steps):
        return options.row_period_ns, ["There are not two different times, so no period can be seen."]
    median = int(np.quantile(steps, 0.5, method="lower"))
    median = round(median / 10**6) * 10**6 if median > SECOND // 100 else median
    off = float((np.abs(steps - median) > 0.1 * median).mean())
    said = [
        f"The period is {format_duration(median)} (median step"
        + (f"; {off:.1%} of the steps differ)." if off else ").")
    ]
    gaps = steps > _LONG_GAP * median
    if gaps.any():
        said.append(_gap_said(runs, int(gaps.sum()), int(steps.max())))
    return median, said


def _gap_said(runs: Sequence[Recording], count: int, longest: int) -> str:
    at = next(
        int(run.times[int(np.argmax(np.diff(run.times)))])
        for run in runs
        if run.times is not None and len(run) > 1 and int(np.diff(run.times).max()) == longest
    )
    return (
        f"{count:,} {'gap is' if count == 1 else 'gaps are'} longer than {_LONG_GAP} periods, the longest"
        f" {format_duration(longest)} after {format_time(at)}."
    )


def _slower(runs: Sequence[Recording], name: str) -> int:
    """Every how many rows a slower tag has its value (a regular comb of cells), 0 where every row counts."""
    steps = []
    for run in runs:
        column = run.column(name) if name in run.names else None
        if column is None or column.quality is not None or column.cells.worded:
            return 0
        filled = (
            np.isfinite(column.cells.values)
            if column.present is None
            else column.present & np.isfinite(column.cells.values)
        )
        if len(filled) < 8 or filled.mean() > 0.6:
            return 0
        steps.append(np.diff(np.flatnonzero(filled)))
    step = np.concatenate(steps) if steps else np.empty(0, np.intp)
    usual = int(np.median(step)) if len(step) > 3 else 0
    return usual if usual > 1 and (step == usual).mean() > 0.9 else 0


def _slow_said(slow: dict[str, int], period: int) -> list[str]:
    groups: dict[int, list[str]] = {}
    for name, step in slow.items():
        groups.setdefault(step, []).append(name)
    return [
        f"{', '.join(map(repr, names[:6]))} come every {format_duration(step * period)} only; the rows between"
        " are no missing values."
        for step, names in sorted(groups.items())
    ]


def _run(
    run: Recording, inputs: Sequence[Use], labels: Sequence[Use], status: dict[str, str], slow: dict[str, int]
) -> Run:
    assert run.times is not None
    values = np.empty((len(run), len(inputs)))
    codes = np.empty((len(run), len(inputs)), np.uint32)
    present: NDArray[np.bool_] | None = None
    texts: dict[int, Words] = {}
    for place, use in enumerate(inputs):
        column = _found(run, use.column)
        given = status.get(column.name)
        judged = status_codes(run.column(given)) if given and given in run.names else column.quality
        values[:, place], codes[:, place] = _judged(column, use, judged)
        if column.cells.codes is not None and use.role is Role.VALUE:
            texts[place] = Words(column.cells.codes, column.cells.words)
        there = np.isfinite(column.cells.values) if use.column.name in slow else column.present
        if there is not None:
            present = np.ones(values.shape, np.bool_) if present is None else present
            present[:, place] = there
    return Run(
        run.name,
        run.times,
        values,
        codes,
        present,
        texts,
        {use.column.name: _label(run, use) for use in labels},
    )


def _found(run: Recording, like: Column) -> Column:
    return run.column(like.name) if like.name in run.names else absent(like, len(run))


def _judged(
    column: Column, use: Use, given: NDArray[np.uint32] | None
) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
    """Values and StatusCodes: what is no number is bad, as its word says; the source's own code stands."""
    cells = column.cells
    values = _state_values(column, use) if use.role is Role.STATE else cells.values
    codes = np.where(np.isfinite(values), np.uint32(quality.GOOD), np.uint32(quality.BAD_NO_DATA))
    if cells.codes is not None and use.role is Role.VALUE:
        table = np.array([max(status_of(word) or quality.BAD, quality.BAD) for word in cells.words], np.uint32)
        worded = cells.codes >= 0
        codes[worded] = table[cells.codes[worded]]
    if given is not None:
        stands = given > codes if len(given) == len(codes) else np.zeros(len(codes), np.bool_)
        codes[stands] = given[stands]
    return values, codes


def _state_values(column: Column, use: Use) -> NDArray[np.float64]:
    cells = column.cells
    plain = set(use.numbers.values()) <= {0.0, 1.0}
    values = (
        np.where(np.isin(cells.values, (0.0, 1.0)), cells.values, np.nan)
        if plain
        else np.full(len(cells), np.nan)
    )
    if cells.codes is not None:
        table = np.array([use.numbers.get(word, np.nan) for word in cells.words] + [np.nan])
        values = np.where(cells.codes >= 0, table[cells.codes], values)
    return values


def _label(run: Recording, use: Use) -> NDArray[np.float64]:
    """A label per row; one that comes with only some rows (a condition a cycle) holds until the next."""
    column = _found(run, use.column)
    values = _state_values(column, use) if use.numbers else column.cells.values
    if column.present is None or not column.label:
        return values
    newest = np.maximum.accumulate(np.where(column.present, np.arange(len(values)), -1))
    return np.where(newest >= 0, values[newest], np.nan)


def _units_said(tags: Sequence[Tag]) -> list[str]:
    known = [f"{tag.name} in {tag.unit}" for tag in tags if tag.unit]
    return [f"Units from the headers: {some(known)}."] if known else []


def _content_said(runs: Sequence[Run], tags: Sequence[Tag]) -> list[str]:
    said, empty, constant = [], [], []
    for place, tag in enumerate(tags):
        words = Counter[str]()
        missing = 0
        for run in runs:
            blank = np.isnan(run.values[:, place])
            if run.present is not None:
                blank &= run.present[:, place]
            if place in run.texts:
                found = run.texts[place]
                counts = np.bincount(found.codes[found.codes >= 0], minlength=len(found.words))
                words.update(
                    {word: int(count) for word, count in zip(found.words, counts, strict=True) if count}
                )
                blank &= found.codes < 0
            missing += int(blank.sum())
        if words:
            common = ", ".join(f"{word!r} {count:,}" for word, count in words.most_common(4))
            said.append(
                f"Text instead of a number in column {tag.name!r}: {words.total():,} ({common}); kept"
                " as text with bad quality."
            )
        empty += [f"{tag.name!r} {missing:,}"] if missing else []
        constant += [repr(tag.name)] if _constant(runs, place) else []
    if empty:
        said.append(
            f"Empty cells, marked BadNoData: {', '.join(empty[:8])}"
            + (f" and {len(empty) - 8} more columns." if len(empty) > 8 else ".")
        )
    if constant:
        said.append(
            "Constant from beginning to end:"
            f" {', '.join(constant[:10])}{' and more' if len(constant) > 10 else ''}."
        )
    return said


def _constant(runs: Sequence[Run], place: int) -> bool:
    low, high = np.inf, -np.inf
    for run in runs:
        known = run.values[:, place][np.isfinite(run.values[:, place])]
        if len(known):
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    return low == high
