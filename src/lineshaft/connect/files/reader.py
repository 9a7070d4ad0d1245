"""From a path to a table: find the files, read each, settle what they are together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from lineshaft.connect.files import layout
from lineshaft.connect.files.assemble import assemble
from lineshaft.connect.files.combine import combine, laid_out, ordered
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Recording
from lineshaft.connect.files.sheet import read_sheet
from lineshaft.connect.files.source import Source, Where, find
from lineshaft.connect.files.table import Table
from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent


def read_files(where: Where, options: ReadOptions | None = None, *, progress: Progress = silent) -> Table:
    """Read an export: a file, a folder, a glob, a path into an archive, or a list of these.

    Every decision is a sentence in ``findings``. Raises ``UsageError`` with file, line and column where the files
    are no table, ``EnvironmentFailed`` where they can't be had.
    """
    options = options or ReadOptions()
    sources = find(where)
    name = str(where) if isinstance(where, str) or not isinstance(where, Sequence) else sources[0].name
    sheets, said = _sheets(sources, options, progress)
    sheets, words = layout.cycle_rows(sheets, options)
    said += words
    runs, words = _runs(sheets, options)
    said += words
    timed = all(run.times is not None for run in runs) and not any("counted from 1970" in line for line in said)
    runs, words = laid_out(runs, options)
    said += words
    table = assemble(runs, options, name, timed=timed)
    return replace(table, findings=(*_summary(sources, table), *said, *table.findings))


def _sheets(sources: Sequence[Source], options: ReadOptions, progress: Progress) -> tuple[list[Recording], list[str]]:
    """Each file read; among several, one that is no table is left out and named."""
    kept, said = [], []
    for source in sources:
        try:
            sheet = read_sheet(source, options, progress)
        except UsageError as error:
            if len(sources) == 1 or "holds no times" in error.what:
                raise
            said.append((source.stem, f"{source.name} is left out: {error.what}."))
            continue
        recording, turned = layout.upright(sheet.recording, options)
        kept.append(recording)
        said += [(source.stem, line) for line in (*sheet.said, *turned)]
    if not kept:
        raise UsageError("none of the files is a table", where=sources[0].name, do=said[0][1])
    return kept, _merged(said, len(sources))


def _merged(said: Sequence[tuple[str, str]], files: int) -> list[str]:
    """A sentence that holds for many files once, with the number of them."""
    count = Counter(line for _, line in said)
    first = dict(reversed([(line, stem) for stem, line in said]))
    if files == 1:
        return list(dict.fromkeys(line for _, line in said))
    return [line if "left out: " in line else f"All {files} files: {line}" if n == files else
            f"{n} files, first {first[line]}: {line}" if n > 1 else f"{first[line]}: {line}" for line, n in count.items()]


def _runs(recordings: Sequence[Recording], options: ReadOptions) -> tuple[list[Recording], list[str]]:
    whole: list[Recording] = []
    apart: list[Recording] = []
    said: list[tuple[str, str]] = []
    for recording in recordings:
        flat, words = layout.wide(recording)
        parts, more = layout.units(flat, options)
        if len(parts) > 1 and len(recordings) > 1:
            parts = [replace(part, name=f"{recording.name} {part.name}") for part in parts]
        for part in parts:
            done, order = ordered(part)
            (apart if len(parts) > 1 else whole).append(done)
            more += order
        said += [(recording.name, line) for line in (*words, *more)]
    if apart:
        said += [(r.name, "holds no units as the other files do and is left out.") for r in whole]
        return apart, _merged(said, len(recordings))
    runs, words = combine(whole, options)
    return runs, [*_merged(said, len(recordings)), *words]


def _summary(sources: Sequence[Source], table: Table) -> list[str]:
    files = f"{len(sources)} files" if len(sources) > 1 else sources[0].name
    runs = f" in {len(table.runs)} runs" if len(table.runs) > 1 else ""
    return [f"{files}: {len(table):,} rows{runs}, {len(table.tags)} tags."]
