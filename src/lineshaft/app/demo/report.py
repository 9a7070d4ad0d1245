"""The demo's report: the same page as that of ``lineshaft watch``."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from lineshaft.app import flow, report
from lineshaft.app.demo.story import Story
from lineshaft.core.dataset import Dataset
from lineshaft.core.decision import Cause


def write_report(path: Path, story: Story, dataset: Dataset, sealed: flow.Sealed) -> None:
    """One HTML file of what the node saw and said."""
    score = {decision.time: decision.score for decision in story.decisions}
    latency = np.array([decision.latency_ns for decision in story.decisions] or [0])
    p50, p99, p999, most = np.percentile(latency, (50, 99, 99.9, 100)).astype(int).tolist()
    end = int(dataset.times[-1])
    events = (report.Event(story.injected, end, story.fault, story.alarmed - story.injected if story.found else None),
              ) if story.injected else ()
    figures = sealed.monitor.figures
    data = report.ReportData(
        title=sealed.manifest.loop, source="the demo plant over OPC UA", created=time.time_ns(), tags=dataset.tags,
        times=dataset.times, values=dataset.values, good=dataset.good,
        score=np.array([score.get(at, np.nan) for at in dataset.times.tolist()]), period_ns=dataset.period_ns,
        alarms=tuple(_alarms(story)), events=events, learner_why=sealed.monitor.why,
        trust=report.Trust(sealed.monitor.settings.false_alarm_rate, figures["held_out_false_alarms"],
                           int(figures["fit_rows"]), int(figures["held_out_rows"])),
        latency=report.Latency(len(latency), p50, p99, p999, most, story.late, story.deadline_ns),
        manifest=sealed.manifest, certificate=sealed.certificate, bundle=sealed.packed.digest,
        dataset=sealed.manifest.lineage.dataset, command="lineshaft demo")
    path.write_text(report.render(data), "utf-8")


def _alarms(story: Story) -> list[report.ReportAlarm]:
    found: list[report.ReportAlarm] = []
    standing: list[int] = []
    for place, decision in enumerate([*story.decisions, None]):
        if decision is not None and decision.alarm:
            standing.append(place)
        elif standing:
            part = [story.decisions[i] for i in standing]
            share: dict[str, float] = {}
            for one in part:
                for cause in one.causes:
                    share[cause.tag] = share.get(cause.tag, 0.0) + cause.share / len(part)
            causes = tuple(Cause(tag, share[tag]) for tag in sorted(share, key=lambda tag: -share[tag])[:8])
            found.append(report.ReportAlarm(part[0].time, part[-1].time, max(one.score for one in part), causes,
                                            max(one.confidence for one in part), open=decision is None))
            standing = []
    return found
