"""Rows of a report from what the flow has: the same for a file that was watched and for a live node."""

from __future__ import annotations

import numpy as np

from lineshaft.app.backtest import Decisions, Episode
from lineshaft.app.flow import Sealed
from lineshaft.app.report.data import Latency, LearnerRow, ReportAlarm
from lineshaft.model.train import Monitor


def alarm(one: Episode) -> ReportAlarm:
    """One alarm."""
    return ReportAlarm(one.start, one.end, one.peak, one.causes, one.confidence, one.run, one.open)


def latency(decisions: Decisions, deadline_ns: int) -> Latency:
    """Percentiles of the loop's latency; at least one decision is needed."""
    p50, p99, p999, most = np.percentile(decisions.latency_ns, (50, 99, 99.9, 100)).astype(int).tolist()
    return Latency(len(decisions), p50, p99, p999, most, int(decisions.missed.sum()), deadline_ns)


def learners(sealed: Sealed[Monitor]) -> tuple[LearnerRow, ...]:
    """The validation table of the choice."""
    return tuple(LearnerRow(
        trial.learner, {} if trial.reason else {"detection_rate": trial.power, "false_alarm_rate": trial.false_alarms},
        trial.learner == sealed.manifest.lineage.learner, trial.reason) for trial in sealed.learnt.trials)
