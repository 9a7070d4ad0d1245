"""A report out of a project's own history: values, decisions, verdicts, and the bundle that decided."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lineshaft.app.answering import answered
from lineshaft.app.console.data.sources import first_sample, without_secret
from lineshaft.app.console.data.survey import survey
from lineshaft.app.console.models.shelf import shelf
from lineshaft.app.console.reports.grid import on_grid
from lineshaft.app.console.reports.said import bundle_of, said
from lineshaft.app.console.tags import task_tags
from lineshaft.app.console.trends.band import BandKeeper
from lineshaft.app.look import LANGUAGES
from lineshaft.app.project import Project
from lineshaft.app.report import Event, Passage, ReportData, Trust, render
from lineshaft.app.report.answered import Answered
from lineshaft.app.report.live import Decider, live
from lineshaft.bundle.inspect import look
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback
from lineshaft.core.progress import Progress, silent
from lineshaft.core.tag import Tag
from lineshaft.dataset.quality import QualityReport
from lineshaft.feedback.retrain import standing
from lineshaft.feedback.verdicts import verdicts
from lineshaft.historian.store import EmbeddedHistorian


def pages(project: Project, historian: EmbeddedHistorian, bands: BandKeeper, start: int, end: int,
          progress: Progress = silent) -> dict[str, str]:
    """The report of ``start <= time < end`` in every language."""
    data = report(project, historian, bands, start, end, progress)
    return {lang: render(data, lang) for lang in LANGUAGES}


def report(project: Project, historian: EmbeddedHistorian, bands: BandKeeper, start: int, end: int,
           progress: Progress = silent) -> ReportData:
    """What the page shows. ``UsageError`` where the stretch holds nothing, or more than a report can."""
    end = min(end, time.time_ns())  # nothing is known of what comes, and a grid of it would be long
    start = max(start, first_sample(historian) or end)
    asset = project.config.plant.name
    decider = _decider(project, bundle_of(historian, project.loop, asset, end))
    tags = _tags(project, historian, decider)
    if start >= end or not tags:
        raise UsageError("nothing is recorded in this stretch", where="start", do="choose another one")
    deadline = decider.manifest.budget.deadline_ns if decider else 0
    decisions = said(historian, project.loop, asset, start, end, deadline)
    period = decider.manifest.period_ns if decider else project.recipe.period_ns
    stale = decider.manifest.stale_ns if decider else project.recipe.stale
    dataset = on_grid(historian, tags, start, end, period, stale, progress)
    found = survey(historian, tags, start, end, progress)
    quality = QualityReport(start, end, max((one.quality.samples for one in found.tags), default=0), period,
                            tuple(one.quality for one in found.tags), found.findings)
    given = [one for one in standing(verdicts(historian, project.loop)) if one.start < end and one.end > start]
    found_answers = _answered(project, historian, decider, progress)
    page = live(dataset, decisions, decider, title=project.loop, source=without_secret(project.config.plant.source),
                trust=_trust(project, decider, dataset), command="", quality=quality,
                events=tuple(_event(one, decisions.time[decisions.alarm]) for one in given if one.abnormal),
                passages=_passages(_taught(historian, project.loop, decider), start, end),
                bands=_bands(project, historian, bands, tags),
                learner_why=f"{decider.manifest.lineage.why}." if decider else "")
    return replace(page, answered=found_answers)


def _answered(project: Project, historian: EmbeddedHistorian, decider: Decider | None, progress: Progress
              ) -> Answered | None:
    """How good the answers of the bundle that decided are; None where the history it learnt from is another's."""
    path = next((one.path for one in shelf(project).values() if decider is not None and one.digest == decider.digest),
                None)
    if path is None:
        return None
    taken = look(path).bundle
    try:
        return answered(project, historian, taken, taken.manifest.version, progress)
    except UsageError:
        return None


def _decider(project: Project, digest: str) -> Decider | None:
    for one in shelf(project).values():
        if one.content is not None and one.content.digest == digest:
            return Decider(one.content.manifest, next(iter(one.content.certificates), None), digest)
    return None


def _tags(project: Project, historian: EmbeddedHistorian, decider: Decider | None) -> list[Tag]:
    """Those that the bundle read, as they are known now; without one, those of the task."""
    known = {tag.path: tag for tag in task_tags(project, historian)}
    if decider is None:
        return [tag for tag in known.values() if tag.kind != "text"]
    return [known.get(tag.path, tag) for tag in decider.manifest.tags]


def _bands(project: Project, historian: EmbeddedHistorian, keeper: BandKeeper,
           tags: Sequence[Tag]) -> tuple[tuple[float, float] | None, ...] | None:
    by_tag = keeper.deciding(project, historian).by_tag
    return tuple(by_tag.get(tag.path) for tag in tags) if by_tag else None


def _trust(project: Project, decider: Decider | None, dataset: Dataset) -> Trust:
    """False alarms are not measured here: nobody has said of this stretch what was normal."""
    figures = decider.manifest.figures if decider else {}
    return Trust(expected_rate=project.recipe.settings.false_alarm_rate if decider else None,
                 fit_rows=int(figures.get("fit_rows", 0)), calibration_rows=int(figures.get("held_out_rows", 0)),
                 masked_share=1.0 - float(dataset.good.mean()) if dataset.good.size else 0.0)


def _event(one: Feedback, alarms: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Event:
    """A stretch that somebody called abnormal, and how long after its start an alarm stood."""
    inside = alarms[(alarms >= one.start) & (alarms < one.end)]
    return Event(one.start, one.end, one.comment or one.by, int(inside[0]) - one.start if len(inside) else None)


def _taught(historian: EmbeddedHistorian, loop: str, decider: Decider | None) -> list[tuple[int, int]] | None:
    """The normal stretches that the bundle learnt from, by the version of history that it names; None without one."""
    try:
        given = verdicts(historian, loop, decider.manifest.lineage.history) if decider else None
    except UsageError:  # a bundle from elsewhere names another history
        return None
    return None if given is None else [(one.start, one.end) for one in standing(given) if not one.abnormal]


def _passages(taught: list[tuple[int, int]] | None, start: int, end: int) -> tuple[Passage, ...]:
    """Where the bundle learnt, and between it where it watched."""
    if taught is None:
        return ()
    fits = sorted((max(first, start), min(last, end)) for first, last in taught if first < end and last > start)
    found: list[Passage] = []
    at = start
    for first, last in fits:
        if first > at:
            found.append(Passage(at, first, "watch"))
        if last > at:
            found.append(Passage(max(first, at), last, "fit"))
            at = last
    return (*found, Passage(at, end, "watch")) if at < end else tuple(found)
