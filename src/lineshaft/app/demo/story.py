"""What happened in a demo, and how it is told at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lineshaft.app.talk import Talk
from lineshaft.core.clock import SECOND, format_duration
from lineshaft.core.decision import Decision

CAUSE_NS = 5 * SECOND  # the named tags are judged on the first seconds of the alarm


@dataclass(slots=True, eq=False)
class Story:
    """What happened, for the closing report. Times in UTC ns."""

    fault: str
    expected: tuple[str, ...]
    injected: int = 0
    alarmed: int = 0
    false_alarms: int = 0
    deadline_ns: int = 0
    decisions: list[Decision] = field(default_factory=list)
    missed_slots: int = 0
    late: int = 0
    undelivered: int = 0
    dropped: int = 0

    @property
    def named(self) -> list[str]:
        """Tags by their mean share over the first seconds of the alarm, largest first."""
        share: dict[str, float] = {}
        for decision in self.decisions:
            if decision.alarm and self.alarmed and self.alarmed <= decision.time < self.alarmed + CAUSE_NS:
                for cause in decision.causes:
                    share[cause.tag] = share.get(cause.tag, 0.0) + cause.share
        return sorted(share, key=lambda tag: -share[tag])

    @property
    def found(self) -> bool:
        return self.alarmed > 0

    @property
    def right(self) -> bool:
        """Whether the tag named first is one that a good diagnosis names."""
        return bool(self.named) and self.named[0] in self.expected

    @property
    def whole(self) -> bool:
        """Whether no slot was passed over and every decision reached the historian."""
        return self.missed_slots == 0 and self.undelivered == 0 and self.dropped == 0

    @property
    def passed(self) -> bool:
        return self.found and self.right and self.whole


def short(path: str) -> str:
    """The last two levels of a tag path: enough where there is one cell.

    >>> short("demo/hall1/cell1/P102/flow")
    'P102/flow'
    """
    return "/".join(path.split("/")[-2:])


def tell(story: Story, folder: Path, talk: Talk) -> None:
    """The closing report, for the screen."""
    talk.step("Report")
    if story.found:
        say = talk.good if story.right else talk.warn
        say(f"{story.fault} was found {format_duration(story.alarmed - story.injected)} after it was injected; named "
            f"first: {', '.join(short(tag) for tag in story.named[:3])}")
    else:
        talk.warn(f"{story.fault} was NOT found in {format_duration(_span(story))}")
    talk.say(f"{story.false_alarms} alarms before the fault; {len(story.decisions):,} decisions, {story.missed_slots} "
             f"slots missed, {story.late} over their deadline of {format_duration(story.deadline_ns)}, "
             f"{story.undelivered} undelivered")
    if story.decisions:
        p50, p99, p999 = np.percentile([d.latency_ns for d in story.decisions], (50, 99, 99.9)).tolist()
        talk.say(f"loop latency p50 {format_duration(p50)}, p99 {format_duration(p99)}, p99.9 {format_duration(p999)}")
    talk.say(f"everything is in {folder}: history, the signed bundle, logs, report.html")


def _span(story: Story) -> int:
    return story.decisions[-1].time - story.injected if story.decisions and story.injected else 0
