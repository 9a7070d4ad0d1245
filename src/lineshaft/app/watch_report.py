"""What the report of ``lineshaft watch`` shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lineshaft.app import report
from lineshaft.app.backtest import Decisions
from lineshaft.app.recorded import Recorded
from lineshaft.app.report import rows
from lineshaft.app.verdict import compared
from lineshaft.core.dataset import ABNORMAL

if TYPE_CHECKING:
    from lineshaft.app.watch import Watched

METHOD = "Student quantile of the log of the smoothed statistic on held-out rows"


def write_report(path: Path, found: Watched, *, said: str | None, source: str, language: str) -> None:
    """One HTML file; ``said`` is the normal stretch as the user named it."""
    path.write_text(report.render(_data(found, said, source), lang=language), "utf-8")


def _data(found: Watched, said: str | None, source: str) -> report.ReportData:
    plant, decisions, sealed = found.plant, found.decisions, found.sealed
    dataset = plant.dataset
    return report.ReportData(
        title=sealed.manifest.loop, source=source, created=time.time_ns(), tags=dataset.tags, times=dataset.times,
        values=dataset.values, good=dataset.good, score=decisions.score, run=dataset.run, period_ns=dataset.period_ns,
        by_row=not plant.table.timed, run_names=_run_names(plant), watched=~found.normal,
        alarms=tuple(rows.alarm(one) for one in found.episodes), events=tuple(_labelled(plant, decisions)),
        passages=tuple(_passages(plant, found.normal)), quality=plant.quality, findings=plant.findings,
        learners=rows.learners(sealed), learner_why=sealed.learnt.why, trust=_trust(found, said),
        latency=rows.latency(decisions, sealed.manifest.budget.deadline_ns), manifest=sealed.manifest,
        certificate=sealed.certificate, bundle=sealed.packed.digest, dataset=sealed.manifest.lineage.dataset,
        files=found.files, command=f"lineshaft watch {source}" + (f" --normal '{said}'" if said else ""))


def _run_names(plant: Recorded) -> tuple[str, ...]:
    """A name for each run of the dataset where the file has several."""
    return tuple(one.name for one in plant.recordings) if len(plant.table.runs) > 1 else ()


def _labelled(plant: Recorded, decisions: Decisions) -> Iterator[report.Event]:
    """Stretches that the file itself calls abnormal, and how long each took to be found."""
    abnormal = plant.dataset.labels == ABNORMAL
    for first, last in _stretches(plant, abnormal):
        if abnormal[first]:
            alarms = np.flatnonzero(decisions.alarm[first:last + 1])
            late = int(plant.dataset.times[first + alarms[0]] - plant.dataset.times[first]) if len(alarms) else None
            yield report.Event(*_span(plant, first, last), f"{plant.label}: abnormal", late,
                               int(plant.dataset.run[first]))


def _passages(plant: Recorded, normal: NDArray[np.bool_]) -> Iterator[report.Passage]:
    for first, last in _stretches(plant, normal):
        yield report.Passage(*_span(plant, first, last), "fit" if normal[first] else "watch",
                             int(plant.dataset.run[first]))


def _stretches(plant: Recorded, mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last row of each stretch of one run in which ``mask`` stays the same."""
    run = plant.dataset.run
    first = np.flatnonzero((np.diff(run, prepend=-1) != 0) | (np.diff(mask.astype(np.int8), prepend=-1) != 0))
    return zip(first.tolist(), [*(first[1:] - 1).tolist(), len(run) - 1], strict=True)


def _span(plant: Recorded, first: int, last: int) -> tuple[int, int]:
    return int(plant.dataset.times[first]), int(plant.dataset.times[last])


def _trust(found: Watched, said: str | None) -> report.Trust:
    figures, agreed, dataset = found.sealed.learnt.figures, found.agreement, found.plant.dataset
    return report.Trust(
        expected_rate=found.sealed.learnt.settings.false_alarm_rate,
        observed_rate=agreed.far if agreed is not None else None,
        fit_rows=int(figures["fit_rows"]), calibration_rows=int(figures["held_out_rows"]),
        masked_share=1.0 - float(dataset.good.mean()), normal_was_assumed=said is None, method=METHOD,
        notes=(compared(agreed, found.plant.label),) if agreed is not None else ())
