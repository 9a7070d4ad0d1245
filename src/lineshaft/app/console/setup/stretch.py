"""A stretch that somebody would call normal: is there enough of it, and is it good."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lineshaft.app import flow
from lineshaft.app.console.setup.recorded import task_tags
from lineshaft.app.project import Project
from lineshaft.app.training import declare_normal
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback
from lineshaft.core.store import Historian
from lineshaft.core.tag import Tag
from lineshaft.dataset.quality.assess import assess
from lineshaft.dataset.quality.finding import Kind, QualityReport, Severity
from lineshaft.dataset.quality.sentence import sentence
from lineshaft.feedback.verdicts import verdicts
from lineshaft.model.calibrate import FEWEST
from lineshaft.model.modes import detect_modes

MS = 1_000_000
MOST_CELLS = 20_000_000
LEAST, GOOD = 4 * FEWEST, 1800
MOST_FINDINGS = 40


@dataclass(frozen=True, slots=True)
class Concern:
    """``kind`` names it, ``level`` says how bad: stop (nothing can be learnt), look, know; figures go into words."""

    kind: str
    level: Literal["stop", "look", "know"]
    count: int = 0
    share: float = 0.0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one tag's values are like."""

    tag: str
    kind: str
    severity: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """Times in ms; ``rows`` of one period each that could be learnt from, ``modes`` tags that say the mode."""

    start: int
    end: int
    rows: int
    tags: int
    usable: int
    modes: tuple[str, ...]
    mode_values: int
    concerns: tuple[Concern, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """A stretch that somebody judged; times in ms."""

    start: int
    end: int
    normal: bool
    by: str
    comment: str
    given: int


def declared(project: Project, historian: Historian) -> list[Declared]:
    """Every judged stretch, in the order in which they were given."""
    return [Declared(one.start // MS, -(-one.end // MS), not one.abnormal, one.by, one.comment, one.given // MS)
            for one in verdicts(historian, project.loop)]


def declare(project: Project, historian: Historian, start: int, end: int, by: str) -> None:
    """Call it normal; ``UsageError`` where it is no stretch or holds nothing."""
    found = assess_stretch(project, historian, start, end)
    if stops := [one for one in found.concerns if one.level == "stop"]:
        raise UsageError(_SENTENCES[stops[0].kind], where="normal stretch", do="choose a longer or another one")
    declare_normal(project, historian, start * MS, end * MS, by, f"chosen in the console, {_today()}")


def assess_stretch(project: Project, historian: Historian, start: int, end: int) -> Assessment:
    """Every check of data quality on the task's tags between two moments (ms)."""
    if not 0 <= start < end:
        raise UsageError("this is no stretch of time", where="start, end", do="give a start before the end")
    tags = task_tags(project, historian)
    if not tags:
        raise UsageError("nothing of this task is recorded yet", where="normal stretch", do="record first")
    cells = (end - start) * MS // project.recipe.period_ns * len(tags)
    if cells > MOST_CELLS:
        raise UsageError("this stretch is too long to be looked at in one piece", where="normal stretch",
                         do=f"choose one of {1 / (cells / MOST_CELLS):.0%} of it, and more of them afterwards")
    data = flow.select(historian, tags, project.recipe, start * MS, end * MS)
    series = historian.read([tag.path for tag in tags], start * MS, end * MS)
    report = assess(tags, [series])
    good = data.good.mean(axis=1) > 0.5 if len(data) else np.zeros(0, np.bool_)
    modes = _modes(project, data, good)
    values = _mode_values(data, good, modes)
    every = [one for one in report.all_findings if one.severity > Severity.INFO]
    units = {tag.path: tag.unit for tag in tags}
    rows = int(good.sum())
    return Assessment(
        start, end, rows, len(tags), len(report.usable), modes, values,
        _concerns(project, historian, rows, report, tags, values, data, (start * MS, end * MS)),
        tuple(Finding(one.tag, str(one.kind), one.severity.name.lower(), sentence(one, units.get(one.tag, "")))
              for one in every[:MOST_FINDINGS]))


def _modes(project: Project, data: Dataset, good: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[str, ...]:
    if project.recipe.modes is not None:
        return project.recipe.modes
    return detect_modes(data, good) if good.any() else ()


def _mode_values(data: Dataset, good: np.ndarray[tuple[int], np.dtype[np.bool_]], modes: Sequence[str]) -> int:
    """How many operating modes the stretch shows."""
    places = [place for place, tag in enumerate(data.tags) if tag.path in modes]
    if not places or not good.any():
        return 1
    return len(np.unique(data.values[good][:, places], axis=0))


def _concerns(project: Project, historian: Historian, rows: int, report: QualityReport, tags: Sequence[Tag],
              modes: int, data: Dataset, span: tuple[int, int]) -> tuple[Concern, ...]:
    found: list[Concern] = []
    wanted = (span[1] - span[0]) // project.recipe.period_ns
    if rows < LEAST:
        found.append(Concern("short", "stop", LEAST))
    elif rows < GOOD:
        found.append(Concern("brief", "look", GOOD))
    if not report.usable:
        found.append(Concern("unusable", "stop"))
    if wanted and rows < 0.95 * wanted:
        found.append(Concern("gaps", "look", len(np.unique(data.run)) if len(data) else 0, 1 - rows / wanted))
    left_out = tuple(one.tag for one in report.tags if not one.usable)
    if left_out and report.usable:
        found.append(Concern("left-out", "know", len(left_out), len(left_out) / len(tags), left_out[:20]))
    frozen = tuple(one.tag for one in report.tags if one.usable
                   and any(finding.kind is Kind.FROZEN for finding in one.findings))
    if frozen:
        found.append(Concern("frozen", "look", len(frozen), len(frozen) / len(tags), frozen[:20]))
    drift = tuple(one.tag for one in report.tags if one.usable
                  and any(finding.kind is Kind.DRIFT for finding in one.findings))
    if drift:
        found.append(Concern("drift", "look", len(drift), len(drift) / len(tags), drift[:20]))
    if modes > 1:
        found.append(Concern("modes", "know", modes))
    if _judged_abnormal(verdicts(historian, project.loop), span):
        found.append(Concern("abnormal", "look"))
    return tuple(found)


def _judged_abnormal(given: Sequence[Feedback], span: tuple[int, int]) -> bool:
    return any(one.abnormal and one.start < span[1] and one.end > span[0] for one in given)


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


_SENTENCES = {"short": f"this stretch holds less than the {LEAST} rows that learning needs",
              "unusable": "no tag has values to learn from in this stretch"}
