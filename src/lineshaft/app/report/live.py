"""A report of what a live node said: the same page for the demo and for any stretch of a project's history."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.app.backtest import Decisions, episodes
from lineshaft.app.report import rows
from lineshaft.app.report.data import Event, LearnerRow, Passage, ReportData, Trust
from lineshaft.core.dataset import Dataset
from lineshaft.core.manifest import Certificate, Manifest
from lineshaft.dataset.quality import QualityReport


@dataclass(frozen=True, slots=True)
class Decider:
    """The bundle that decided: what it says of itself."""

    manifest: Manifest
    certificate: Certificate | None
    digest: str


def live(dataset: Dataset, said: Decisions, decider: Decider | None, *, title: str, source: str, trust: Trust,
         command: str, events: tuple[Event, ...] = (), passages: tuple[Passage, ...] = (),
         learners: tuple[LearnerRow, ...] = (), learner_why: str = "", quality: QualityReport | None = None,
         bands: tuple[tuple[float, float] | None, ...] | None = None, findings: tuple[str, ...] = (),
         deadline_ns: int | None = None) -> ReportData:
    """Rows of ``dataset`` with the decisions made in their time; ``decider`` None where no bundle decided.

    ``deadline_ns`` where it is not the bundle's own.
    """
    manifest = decider.manifest if decider else None
    deadline = deadline_ns if deadline_ns is not None else manifest.budget.deadline_ns if manifest else 0
    return ReportData(
        title=title, source=source, created=time.time_ns(), tags=dataset.tags, times=dataset.times,
        values=dataset.values, good=dataset.good, score=worst_score(dataset.times, dataset.period_ns, said),
        period_ns=dataset.period_ns, alarms=tuple(rows.alarm(one) for one in episodes(said)), events=events,
        passages=passages, quality=quality, findings=findings, learners=learners, learner_why=learner_why, trust=trust,
        latency=rows.latency(said, deadline) if len(said) else None, manifest=manifest,
        certificate=decider.certificate if decider else None, bundle=decider.digest if decider else "",
        dataset=manifest.lineage.dataset if manifest else "", command=command, bands=bands)


def worst_score(times: NDArray[np.int64], period_ns: int, said: Decisions) -> NDArray[np.float64]:
    """[N] the highest score of all decisions up to each row and after the one before it; NaN where there is none."""
    score = np.full(len(times), np.nan)
    place = np.searchsorted(times, said.time)
    inside = place < len(times)
    inside[inside] = times[place[inside]] - said.time[inside] < period_ns
    score[place[inside]] = -np.inf
    np.maximum.at(score, place[inside], said.score[inside])
    return score
