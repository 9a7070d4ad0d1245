"""The demo's report: the same page as that of ``lineshaft watch``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lineshaft.app import flow, report
from lineshaft.app.backtest import of_decisions
from lineshaft.app.demo.story import Story
from lineshaft.app.report import rows
from lineshaft.app.report.live import Decider, live
from lineshaft.core.dataset import Dataset
from lineshaft.model.train import Monitor


def write_report(path: Path, story: Story, dataset: Dataset, sealed: flow.Sealed[Monitor]) -> None:
    """One HTML file of what the node saw and said."""
    decider = Decider(sealed.manifest, sealed.certificate, sealed.packed.digest)
    data = live(dataset, of_decisions(story.decisions), decider, title=sealed.manifest.loop,
                source="the demo plant over OPC UA", events=_events(story, int(dataset.times[-1])),
                learners=rows.learners(sealed), learner_why=sealed.learnt.why, trust=_trust(story, sealed),
                deadline_ns=story.deadline_ns, command="lineshaft demo")
    path.write_text(report.render(data), "utf-8")


def _events(story: Story, end: int) -> tuple[report.Event, ...]:
    if not story.injected:
        return ()
    return (report.Event(story.injected, end, story.fault, story.alarmed - story.injected if story.found else None),)


def _trust(story: Story, sealed: flow.Sealed[Monitor]) -> report.Trust:
    """False alarms are those of the live ticks before the fault, which taught nothing and set nothing."""
    normal = [one.alarm for one in story.decisions if not story.injected or one.time <= story.injected]
    figures = sealed.learnt.figures
    return report.Trust(sealed.learnt.settings.false_alarm_rate, float(np.mean(normal)) if normal else None,
                        int(figures["fit_rows"]), int(figures["held_out_rows"]), len(normal))
