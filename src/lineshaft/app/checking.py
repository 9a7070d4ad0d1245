"""``dataset check``: files as found, with what their columns mean, looked through before anything is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.recording import Column, Recording, below
from lineshaft.connect.files.sheet import read_sheet
from lineshaft.connect.files.source import find
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.progress import Progress, silent
from lineshaft.core.tag import Tag
from lineshaft.dataset.defence.evidence import Evidence, Leak
from lineshaft.dataset.defence.labels import suspects
from lineshaft.dataset.defence.poison import Strange, strange
from lineshaft.model.blocks.imported import Masked
from lineshaft.model.examples import Examples
from lineshaft.model.heads.trees import Trees
from lineshaft.model.supervised import Candidate, fit, predict

TESTS = ("test", "validation", "valid", "val", "judge", "eval", "holdout", "held-out", "1", "true")
FOLDS = 5
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the columns are: ``label`` the class, ``part`` says "test" or 1 for rows that judge, ``groups`` those whose
    equal values belong together, ``run`` the recording, ``leave_out`` columns that no model gets."""

    label: str = ""
    part: str = ""
    run: str = ""
    groups: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = field(default=())

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(name for name in (self.label, self.part, self.run, *self.groups, *self.leave_out) if name)


def evidence(files: Sequence[Path], tests: Sequence[Path], meaning: Meaning, progress: Progress = silent) -> Evidence:
    """One table of all files; the rows of ``tests`` judge, or those that the column ``meaning.part`` says.

    Raises ``UsageError`` for a column that is not there and where nothing says which rows judge.
    """
    if not tests and not meaning.part:
        raise UsageError("nothing says which rows test", where="split",
                         do="name their files with --test, or a column with --part")
    teaching, judging = _read(files, progress), _read(tests, progress)
    whole = below([*teaching, *judging], "all")
    missing = [name for name in meaning.named if name not in whole.names]
    if missing:
        raise UsageError(f"no column is called {missing[0]!r}", where=str(files[0] if files else tests[0]),
                         do=f"use some of: {', '.join(whole.names[:20])}")
    sizes = [len(part) for part in (*teaching, *judging)]
    judges = np.repeat([False] * len(teaching) + [True] * len(judging), sizes)
    if meaning.part:
        judges |= _says_test(whole.column(meaning.part))
    kept = [c for c in whole.columns if c.name not in meaning.named and c.cells.numbers > 0]
    label, classes = _codes(whole.column(meaning.label)) if meaning.label else (None, ())
    run = _codes(whole.column(meaning.run))[0] if meaning.run else np.repeat(np.arange(len(sizes)), sizes)
    groups = {name: _codes(whole.column(name))[0] for name in meaning.groups}
    values = np.stack([c.cells.values for c in kept], axis=1) if kept else np.empty((len(whole), 0))
    return Evidence(values, tuple(c.name for c in kept), judges, run.astype(np.int32), label, whole.times, groups,
                    classes)


def _read(files: Sequence[Path], progress: Progress) -> list[Recording]:
    return [read_sheet(source, ReadOptions(), progress).recording for file in files for source in find(file)]


def _says_test(column: Column) -> NDArray[np.bool_]:
    codes, words = _codes(column)
    return np.isin(codes, [place for place, word in enumerate(words) if word.strip().lower() in TESTS])


def _codes(column: Column) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """A number for each different value, -1 where there is none; and the values as text."""
    cells = column.cells
    text = np.array([f"{value:g}" if np.isfinite(value) else "" for value in cells.values], dtype=object)
    if cells.codes is not None:
        worded = cells.codes >= 0
        text[worded] = np.array(cells.words, dtype=object)[cells.codes[worded]]
    words = tuple(sorted({word for word in text.tolist() if word}))
    place = {word: number for number, word in enumerate(words)}
    return np.array([place.get(word, -1) for word in text.tolist()], np.int64), words


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row (from 0) whose label is probably another; ``sureness`` the folds' probability of the given one."""

    row: int
    given: str
    probably: str
    sureness: float


def doubted(table: Evidence, progress: Progress = silent) -> tuple[Doubt, ...]:
    """Rows with doubtful labels, by boosted trees that never saw the row (five parts, whole recordings together)."""
    if table.label is None:
        raise UsageError("there are no labels to doubt", where="--doubt-labels", do="name their column with --label")
    rows = np.flatnonzero(table.label >= 0)
    kept, label = np.unique(table.label[rows], return_inverse=True)
    probability = _out_of_fold(table.values[rows], label, _parts(table.run[rows], label), progress)
    found = suspects(probability, label.astype(np.int64))
    return tuple(Doubt(int(rows[row]), table.class_name(int(kept[label[row]])), table.class_name(int(kept[probable])),
                       float(sure))
                 for row, probable, sure in zip(found.rows, found.probably, found.sureness, strict=True))


def _parts(run: NDArray[np.int32], label: NDArray[np.intp]) -> NDArray[np.intp]:
    """The fold [N] of each row: recordings dealt out where there are enough of them, else rows of each class."""
    runs = np.unique(run)
    if len(runs) >= 2 * FOLDS:
        return np.asarray((np.searchsorted(runs, run) % FOLDS).astype(np.intp))
    part = np.empty(len(label), np.intp)
    part[np.argsort(label, kind="stable")] = np.arange(len(label)) % FOLDS
    return part


def _out_of_fold(values: NDArray[np.float64], label: NDArray[np.intp], part: NDArray[np.intp], progress: Progress
                 ) -> NDArray[np.float64]:
    classes = int(label.max()) + 1
    found = np.full((len(label), classes), 1.0 / classes)
    filled = np.where(np.isfinite(values), values, 0.0).astype(np.float32)
    for fold in range(FOLDS):
        progress(fold, FOLDS, "doubting labels")
        learnt = part != fold
        dataset = Dataset.of(filled.astype(np.float64), tuple(Tag(f"c{i}") for i in range(values.shape[1])),
                             run=np.arange(len(label), dtype=np.int32))
        examples = Examples(dataset, label[:, None].astype(np.float64), part.astype(np.int32),
                            tuple(map(str, range(classes))))
        found[~learnt] = predict(fit(_trees(classes), examples, learnt, execute), examples.rows(~learnt), execute)
    progress(FOLDS, FOLDS, "doubting labels")
    return found


def _trees(classes: int) -> Candidate:
    return Candidate("trees", "columns", lambda: (Masked("nan"),), lambda: Trees(classes, "class"))


def strange_windows(table: Evidence, window: int) -> tuple[Strange, ...]:
    """Stretches of the teaching rows that are unlike the rest of them, or play an earlier one again."""
    rows = np.flatnonzero(table.teaches)
    return tuple(Strange(int(rows[one.start]), int(rows[one.stop - 1]) + 1, one.score,
                         int(rows[one.copy_of]) if one.copy_of >= 0 else -1)
                 for one in strange(table.values[rows], table.run[rows], window))


def described(table: Evidence, found: Sequence[Leak], doubts: Sequence[Doubt], odd: Sequence[Strange]
              ) -> dict[str, object]:
    """As plain values."""
    return {"rows": len(table), "judging": int(table.judges.sum()), "columns": list(table.names),
            "clean": not any(leak.certain for leak in found), "leaks": [asdict(leak) for leak in found],
            "doubted_labels": [asdict(doubt) for doubt in doubts], "strange": [asdict(one) for one in odd]}


def sentences(table: Evidence, found: Sequence[Leak], doubts: Sequence[Doubt], odd: Sequence[Strange]) -> list[str]:
    """For a person: what fails the build first."""
    certain = [leak for leak in found if leak.certain]
    lines = [f"{len(table):,} rows, {int(table.judges.sum()):,} of them test, {len(table.names)} columns"]
    for leak in found:
        lines += [f"{'LEAK' if leak.certain else 'look'}  {leak.kind}: {leak.what}", f"      {leak.where}: {leak.do}"]
    if doubts:
        lines.append(f"{len(doubts)} labels are doubtful:")
        lines += [f"      row {d.row}: {d.given}, probably {d.probably} (folds give {d.given} {d.sureness:.0%})"
                  for d in doubts[:SHOWN]]
        lines += [f"      and {len(doubts) - SHOWN} more, see -o json"] if len(doubts) > SHOWN else []
    lines += [f"strange  rows {one.start} to {one.stop - 1}: {_strangeness(one)}" for one in odd[:SHOWN]]
    return [*lines, f"{len(certain)} certain leak{'s' if len(certain) != 1 else ''}" if certain else "no certain leak"]


def _strangeness(one: Strange) -> str:
    return f"a copy of the rows from {one.copy_of}" if one.copy_of >= 0 else f"{one.score:.1f} limits from the others"
