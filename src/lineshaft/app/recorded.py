"""An export made ready to learn from: read, judged, cut at long gaps, laid on its grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.talk import Talk
from lineshaft.connect.files.table import Run, Table
from lineshaft.core.clock import format_duration
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.listed import some
from lineshaft.core.tag import Tag
from lineshaft.dataset.build import from_runs
from lineshaft.dataset.quality import QualityReport, Unusable, assess_recordings, overall
from lineshaft.dataset.recording import Recording

GAP_PERIODS = 60
STALE_PERIODS = 3
UNFIT = (Unusable.DEAD, Unusable.CONSTANT, Unusable.MOSTLY_MISSING)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A plant's past. Run i of ``dataset`` is ``recordings[i]``, a piece of the file's run ``source[i]``.

    ``table`` is what the file held, ``tags`` those of them that can be watched; ``label`` names the column that
    says normal or not, empty where there is none.
    """

    name: str
    table: Table
    tags: tuple[Tag, ...]
    quality: QualityReport
    recordings: tuple[Recording, ...]
    source: NDArray[np.intp]
    dataset: Dataset
    stale_ns: int
    label: str = ""

    def __repr__(self) -> str:
        runs = f", {len(self.table.runs)} runs" if len(self.table.runs) > 1 else ""
        return (f"<{self.name}: {len(self.dataset):,} rows{runs}, {len(self.tags)} tags, "
                f"one row every {format_duration(self.dataset.period_ns)}>")

    @property
    def findings(self) -> tuple[str, ...]:
        """What the reader decided, a sentence each."""
        return self.table.findings


def prepare(name: str, table: Table, talk: Talk, *, stale_ns: int | None = None, source: str = "") -> Recorded:
    """Judge and lay out a table; what is left out and why goes to ``talk``."""
    label = _label(table)
    pieces = [(place, piece) for place, run in enumerate(table.runs) for piece in _pieces(run, table.period_ns, label)]
    whole = [piece for _, piece in pieces]
    with talk.progress() as progress:
        quality = assess_recordings(table.tags, whole, progress=progress)
    talk.say(overall(quality, timed=table.timed))
    kept = _fit(table, quality, talk)
    tags = tuple(table.tags[i] for i in kept)
    recordings = tuple(_narrow(piece, kept) for piece in whole)
    period = _period(tags, table, talk)
    stale = stale_ns or STALE_PERIODS * max(tag.period_ns or table.period_ns for tag in tags)
    dataset = from_runs(tags, recordings, period, stale_ns=stale, query={"source": source or name})
    return Recorded(name, table, tags, quality, recordings, np.array([place for place, _ in pieces], np.intp), dataset,
                    stale, label)


def _pieces(run: Run, period_ns: int, label: str) -> list[Recording]:
    """A run cut at gaps of many periods: what lies between is unknown, and a grid over it would be endless."""
    cuts = (np.flatnonzero(np.diff(run.times) > GAP_PERIODS * period_ns) + 1).tolist()
    marks = run.labels.get(label)
    return [Recording(run.times[a:b], run.values[a:b], run.quality[a:b], None if marks is None else marks[a:b],
                      run.name, present=None if run.present is None else run.present[a:b])
            for a, b in zip([0, *cuts], [*cuts, len(run)], strict=True) if b > a]


def _label(table: Table) -> str:
    """The first label column that says normal (0) or not (1); other labels are conditions or classes."""
    for name in table.labels:
        values = np.concatenate([run.labels[name] for run in table.runs if name in run.labels] or [np.empty(0)])
        known = values[~np.isnan(values)]
        if (known == 0).any() and np.isin(known, (0.0, 1.0)).all():
            return name
    return ""


def _fit(table: Table, quality: QualityReport, talk: Talk) -> list[int]:
    """Columns of tags that say something."""
    unfit = {found.tag: found.unusable for found in quality.tags if found.unusable in UNFIT}
    kept = [i for i, tag in enumerate(table.tags) if tag.path not in unfit]
    if not kept:
        raise UsageError("no tag can be watched: all are constant, empty or mostly missing",
                         do="give an export of live signals")
    for reason in UNFIT:
        if named := [tag for tag, why in unfit.items() if why is reason]:
            talk.warn(f"Left out as {reason.value.replace('-', ' ')}: {some(named)}.")
    return kept


def _narrow(piece: Recording, kept: Sequence[int]) -> Recording:
    present = None if piece.present is None else piece.present[:, kept]
    return replace(piece, values=piece.values[:, kept], present=None if present is None or present.all() else present,
                   quality=None if piece.quality is None else piece.quality[:, kept])


def laid_out_as(plant: Recorded, tags: Sequence[Tag], period_ns: int, stale_ns: int) -> Recorded:
    """The same past for a monitor of other origin: its tags in its order, at its period."""
    place = {tag.path: i for i, tag in enumerate(plant.table.tags)}
    if missing := [tag.path for tag in tags if tag.path not in place]:
        raise UsageError(f"the monitor needs tags that are not here: {some(missing)}", where=plant.name,
                         do="give the same tags under the same names")
    kept = [place[tag.path] for tag in tags]
    pieces = [piece for run in plant.table.runs for piece in _pieces(run, plant.table.period_ns, plant.label)]
    recordings = tuple(_narrow(piece, kept) for piece in pieces)
    return replace(plant, tags=tuple(tags), recordings=recordings, stale_ns=stale_ns,
                   dataset=from_runs(tags, recordings, period_ns, stale_ns=stale_ns, query=plant.dataset.query))


def _period(tags: Sequence[Tag], table: Table, talk: Talk) -> int:
    """One decision a period: that of most tags, where some are faster or slower."""
    usual = int(np.median([tag.period_ns or table.period_ns for tag in tags]))
    if usual != table.period_ns:
        talk.say(f"Decisions are made every {format_duration(usual)}, the period of most tags.")
    return usual
