"""``lineshaft dataset``: history on one grid, and how good it is."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineshaft.app.cli.command import Command, columns, emit
from lineshaft.core.clock import format_time, parse_duration, parse_time

if TYPE_CHECKING:
    from lineshaft.app.project import Project
    from lineshaft.core.dataset import Dataset
    from lineshaft.core.store import Historian
    from lineshaft.dataset.quality import QualityReport

BUILD = """  lineshaft dataset build --last 8h --out shift.npz
  lineshaft dataset build --start '2024-03-01 06:00' --end '2024-03-01 14:00'"""

CHECK = """  lineshaft dataset check train.csv --test test.csv --label fault
  lineshaft dataset check plates.csv --part split --label fault --group exposure --leave-out id
  lineshaft dataset check runs/ --part split --run unit --label state --doubt-labels -o json
  lineshaft dataset check normal.csv --test faults.csv --strange 60"""


def span_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")
    parser.add_argument("--last", default="1h", help="so far back from now")
    parser.add_argument("--start", help="instead of --last (UTC unless said)")
    parser.add_argument("--end", help="now unless said")


def build_arguments(parser: argparse.ArgumentParser) -> None:
    span_arguments(parser)
    parser.add_argument("--out", type=Path, help="write it here, as NumPy .npz")


def build(chosen: argparse.Namespace) -> int:
    """The same rows and labels that a training of this stretch would get."""
    from lineshaft.app import flow, training
    from lineshaft.app.project import Project
    from lineshaft.dataset.quality import overall
    from lineshaft.feedback.verdicts import verdicts

    project = Project.open(chosen.project)
    start, end = _span(chosen)
    with project.historian() as historian:
        tags = training.stored_tags(project, historian)
        found = flow.select(historian, tags, project.recipe, start, end, verdicts(historian, project.loop))
        report = _quality(project, historian, start, end)
    if chosen.out is not None:
        _write(found, chosen.out)
    counts = {name: int((found.labels == label).sum()) for name, label in
              (("normal", 0), ("abnormal", 1), ("unlabelled", -1))}
    data = {"digest": found.digest, "version": found.version, "rows": len(found), "tags": len(found.tags),
            "runs": len(set(found.run.tolist())), "labels": counts, "masked_share": 1 - float(found.good.mean())
            if found.good.size else None, "file": str(chosen.out) if chosen.out else None,
            "quality": report.as_dict()}
    emit(chosen, data, [
        f"{len(found):,} rows of {len(found.tags)} tags in {data['runs']} runs, history version {found.version}",
        ", ".join(f"{count:,} {name}" for name, count in counts.items()), found.digest, overall(report)])
    return 0


def quality(chosen: argparse.Namespace) -> int:
    """What is wrong with the history, the worst first."""
    from lineshaft.app.project import Project
    from lineshaft.dataset.quality import overall, sentence

    project = Project.open(chosen.project)
    start, end = _span(chosen)
    with project.historian() as historian:
        report = _quality(project, historian, start, end)
    units = {tag.tag: tag.unit for tag in report.tags}
    rows = [[one.severity.name.lower(), sentence(one, units.get(one.tag, ""))] for one in report.all_findings]
    emit(chosen, report.as_dict(), [overall(report), *columns(rows)])
    return 0


def changes_arguments(parser: argparse.ArgumentParser) -> None:
    span_arguments(parser)
    parser.add_argument("--strength", type=float, default=3.0, help="how much a change must explain: more finds fewer")


def changes(chosen: argparse.Namespace) -> int:
    """Each change with the tags that moved most."""
    from dataclasses import asdict

    from lineshaft.app import flow, training
    from lineshaft.app.changepoints import change_points
    from lineshaft.app.project import Project

    project = Project.open(chosen.project)
    start, end = _span(chosen)
    with project.historian() as historian:
        found = change_points(flow.select(historian, training.stored_tags(project, historian), project.recipe, start,
                                          end), chosen.strength)
    rows = [[format_time(one.time), ", ".join(f"{tag} {shift:+.1f} sigma" for tag, shift in one.tags)] for one in found]
    emit(chosen, [asdict(one) for one in found], columns(rows) if rows else ["nothing changed"])
    return 0


def check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", help="tables that teach, or all rows with --part")
    parser.add_argument("--test", type=Path, action="append", default=[], help="a table whose rows test")
    parser.add_argument("--part", default="", help='a column that says "test" or 1 for rows that test')
    parser.add_argument("--label", default="", help="the column of classes")
    parser.add_argument("--group", action="append", default=[],
                        help="a column whose equal values belong together (asset, bearing, exposure)")
    parser.add_argument("--run", default="", help="a column that tells recordings apart (else one a file)")
    parser.add_argument("--leave-out", action="append", default=[], help="a column that no model gets")
    parser.add_argument("--doubt-labels", action="store_true", help="also look for wrong labels")
    parser.add_argument("--strange", type=int, default=0, metavar="ROWS",
                        help="also look for poisoned windows of so many rows among rows that teach what is normal")
    parser.add_argument("--quiet", action="store_true", help="only the result")


def check(chosen: argparse.Namespace) -> int:
    """Ends with 1 where a leak is certain, so that a build stops there."""
    from lineshaft.app import checking
    from lineshaft.app.talk import Talk
    from lineshaft.dataset.defence import find_leaks

    meaning = checking.Meaning(chosen.label, chosen.part, chosen.run, tuple(chosen.group), tuple(chosen.leave_out))
    with Talk(quiet=chosen.quiet).progress() as progress:
        table = checking.evidence(chosen.files, chosen.test, meaning, progress)
        found = find_leaks(table, progress)
        doubted = checking.doubted(table, progress) if chosen.doubt_labels else ()
        odd = checking.strange_windows(table, chosen.strange) if chosen.strange else ()
    emit(chosen, checking.described(table, found, doubted, odd), checking.sentences(table, found, doubted, odd))
    return int(any(leak.certain for leak in found))


def _span(chosen: argparse.Namespace) -> tuple[int, int]:
    end = parse_time(chosen.end, where="--end") if chosen.end else time.time_ns()
    if chosen.start:
        return parse_time(chosen.start, where="--start"), end
    return end - parse_duration(chosen.last, where="--last"), end


def _quality(project: Project, historian: Historian, start: int, end: int) -> QualityReport:
    from lineshaft.app import training
    from lineshaft.dataset.quality import assess

    tags = training.stored_tags(project, historian)
    return assess(tags, [historian.read([tag.path for tag in tags], start, end)])


def _write(found: Dataset, path: Path) -> None:
    import numpy as np

    from lineshaft.core.errors import EnvironmentFailed

    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez_compressed(file, times=found.times, values=found.values, good=found.good, labels=found.labels,
                                run=found.run, tags=np.array([tag.path for tag in found.tags]),
                                units=np.array([tag.unit for tag in found.tags]),
                                about=np.array([found.digest, found.version, format_time(time.time_ns())]))
        part.replace(path)
    except OSError as error:
        raise EnvironmentFailed(f"can't be written ({error.strerror})", where=str(path),
                                do="check the folder and the space on its disk") from None


COMMAND = Command("dataset", "history on one grid, and how good it is", verbs=(
    Command("build", "rows, labels and digest of a stretch of history", BUILD, build_arguments, build),
    Command("quality", "what is wrong with a stretch of history", "  lineshaft dataset quality --last 8h",
            span_arguments, quality),
    Command("changes", "when a stretch of history began to look different",
            "  lineshaft dataset changes --last 7d --strength 4", changes_arguments, changes),
    Command("check", "leaks between rows that teach and rows that test, and wrong labels", CHECK, check_arguments,
            check)))
