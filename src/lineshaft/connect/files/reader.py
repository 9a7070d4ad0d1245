"""From a path to a table: find the files, read each, settle what they are together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from lineshaft.connect.files import assets, layout, long
from lineshaft.connect.files.assemble import assemble
from lineshaft.connect.files.combine import Combined, combine, laid_out, ordered
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Recording
from lineshaft.connect.files.sheet import read_sheet
from lineshaft.connect.files.source import Source, Where, find
from lineshaft.connect.files.table import Table
from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent


def read_files(where: Where, options: ReadOptions | None = None, *, progress: Progress = silent) -> Table:
    """Read an export: a file, a folder, a glob, a path into an archive, or a list of these.

    Every decision is a sentence in ``findings``. Raises ``UsageError`` with file, line and column where the
    files are no table, ``EnvironmentFailed`` where they can't be had.
    """
    options = options or ReadOptions()
    sources = find(where)
    sheets, said, lost = _sheets(sources, options, progress)
    sheets, cycles = layout.cycle_rows(sheets, options)
    together = _together(sheets, options, said)
    timed = not cycles and all(run.times is not None for run in together.runs)
    runs, laid = laid_out(together.runs, options)
    table = assemble(runs, options, sources[0].name, timed=timed)
    kept = [(name, line) for name, line in said if name not in together.left]
    findings = (
        _summary(sources, table),
        *_merged(kept),
        *lost,
        *cycles,
        *together.said,
        *laid,
        *table.findings,
    )
    return replace(table, findings=findings)


Said = list[tuple[str, str]]


def _sheets(
    sources: Sequence[Source], options: ReadOptions, progress: Progress
) -> tuple[list[Recording], Said, list[str]]:
    """Each file read, what was decided on each; among several, one that is no table is left out and named."""
    kept: list[Recording] = []
    said: Said = []
    lost = []
    for source, title in zip(sources, _titles(sources), strict=True):
        try:
            sheet = read_sheet(source, options, progress)
        except UsageError as error:
            if len(sources) == 1:
                raise
            lost.append(f"{source.name} is left out: {error.what}.")
            continue
        recording, turned = layout.upright(replace(sheet.recording, name=title), options)
        kept.append(recording)
        said += [(title, line) for line in (*sheet.said, *turned)]
    if not kept:
        raise UsageError(f"not one of {len(sources)} files is a table", where=sources[0].name, do=lost[0])
    return kept, said, lost


def _titles(sources: Sequence[Source]) -> list[str]:
    """A name for each file: its own, with its folder where two are called the same."""
    twice = Counter(source.stem for source in sources)
    return [
        (
            source.stem
            if twice[source.stem] == 1
            else "/".join((*source.name.replace("\\", "/").split("/")[-2:-1], source.stem))
        )
        for source in sources
    ]


def _together(recordings: Sequence[Recording], options: ReadOptions, said: Said) -> Combined:
    """Long tables laid wide, units taken apart, rows ordered; then all of them combined."""
    whole: list[Recording] = []
    apart: list[Recording] = []
    for recording in recordings:
        flat, words = long.wide(recording)
        parts, more = assets.units(flat, options)
        several = len(parts) > 1
        if several and len(recordings) > 1:
            parts = [replace(part, name=f"{recording.name} {part.name}") for part in parts]
        for part in parts:
            done, order = ordered(part)
            (apart if several else whole).append(done)
            more += order
        said += [(recording.name, line) for line in (*words, *more)]
    if not apart:
        return combine(whole, options)
    left = sorted(recording.name for recording in whole)
    lost = (
        [f"Left out, as they hold no units as the other files do: {', '.join(map(repr, left[:8]))}."]
        if left
        else []
    )
    return Combined(apart, lost, frozenset(left))


def _merged(said: Said) -> list[str]:
    """A sentence that holds for many files once, with their number."""
    files = list(dict.fromkeys(name for name, _ in said))
    where: dict[str, list[str]] = {}
    for name, line in said:
        where.setdefault(line, []).append(name)
    return [
        line if len(files) == 1 else f"{_which(list(dict.fromkeys(names)), len(files))}: {line}"
        for line, names in where.items()
    ]


def _which(names: Sequence[str], files: int) -> str:
    if len(names) == files:
        return f"All {files} files" if files > 2 else "Both files"
    return names[0] if len(names) == 1 else f"{len(names)} files, first {names[0]}"


def _summary(sources: Sequence[Source], table: Table) -> str:
    files = f"{len(sources)} files" if len(sources) > 1 else sources[0].name
    runs = f" in {len(table.runs)} runs" if len(table.runs) > 1 else ""
    return f"{files}: {len(table):,} rows{runs}, {len(table.tags)} tag{'s' if len(table.tags) > 1 else ''}."
