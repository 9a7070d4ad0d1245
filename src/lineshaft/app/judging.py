"""Which decisions a person means, and what the loop had said there."""

from __future__ import annotations

import re
import time

import numpy as np

from lineshaft.app.project import Project
from lineshaft.core.clock import SECOND, format_time, parse_time
from lineshaft.core.decision_tags import decision_paths
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.series import Series
from lineshaft.core.store import Historian

LAST_ALARM = "last alarm"
LOOK_BACK_NS = tuple(hours * 3_600 * SECOND for hours in (1, 24, 24 * 31, 24 * 366 * 10))
SAID = {"alarm": True, "silence": False}


def verdict(project: Project, historian: Historian, kind: Verdict, when: str = LAST_ALARM, *, said: str = "",
            by: str = "", comment: str = "", label: str = "") -> Feedback:
    """A verdict on the decisions of ``when``: "last alarm", a time, or two times with a slash between.

    ``said`` is "alarm" or "silence": needed only where the loop had said both in the stretch; ``label`` names the kind
    of fault.
    """
    now = time.time_ns()
    start, end = meant(project, historian, when)
    if _is_last_alarm(when):
        return Feedback(project.loop, start, end, kind, True, by, comment, now, label)
    alarms = _alarms(project, historian, start, end).value != 0
    if not len(alarms):
        raise UsageError("there is no decision in this stretch", where=when, do="see `lineshaft decision list`")
    if not said and alarms.any() and not alarms.all():
        raise UsageError(f"the loop alarmed in {alarms.mean():.0%} of this stretch and was silent in the rest",
                         where=when, do="add --said alarm or --said silence, or name a shorter stretch")
    return Feedback(project.loop, start, end, kind, SAID[said] if said else bool(alarms[0]), by, comment, now,
                    label)


def meant(project: Project, historian: Historian, when: str) -> tuple[int, int]:
    """Start and end (UTC ns) of "last alarm", a time, or two times with a slash between."""
    return last_alarm(project, historian, time.time_ns()) if _is_last_alarm(when) else _stretch(project, when)


def last_alarm(project: Project, historian: Historian, now: int) -> tuple[int, int]:
    """Start and end of the newest stretch of alarm in history; it may still go on."""
    for back in LOOK_BACK_NS:
        found = _alarms(project, historian, now - back, now + SECOND)
        active = np.flatnonzero(found.value != 0)
        quiet = np.flatnonzero(found.value == 0)
        if len(active) and ((len(quiet) and quiet[0] < active[-1]) or back == LOOK_BACK_NS[-1]):
            last = int(active[-1])
            before = quiet[quiet < last]
            first = int(before[-1]) + 1 if len(before) else 0
            return int(found.time[first]), int(found.time[last]) + project.recipe.period_ns
    raise UsageError(f"loop {project.loop} has raised no alarm", where=LAST_ALARM, do="name a time or a stretch")


def _is_last_alarm(when: str) -> bool:
    return re.sub(r"[\s-]+", " ", when.strip().lower()) == LAST_ALARM


def _stretch(project: Project, when: str) -> tuple[int, int]:
    if "/" in when:
        start, end = (parse_time(part, where=when) for part in when.split("/", 1))
        if start >= end:
            raise UsageError("the stretch is empty", where=when, do="write the earlier time first")
        return start, end
    moment = parse_time(when, where=when)  # the decision that held at this moment
    return moment - project.recipe.period_ns + 1, moment + 1


def _alarms(project: Project, historian: Historian, start: int, end: int) -> Series:
    path = decision_paths(project.loop, project.config.plant.name)["alarm"]
    return historian.read([path], start, end)[path]


def told(one: Feedback) -> str:
    """A verdict as a sentence.

    >>> told(Feedback("cell", 0, 1_000_000_000, Verdict.BAD, alarm=True))
    '1970-01-01T00:00:00.000Z to 1970-01-01T00:00:01.000Z: false alarm, so normal operation'
    """
    names = {(True, Verdict.GOOD): "right alarm", (True, Verdict.BAD): "false alarm",
             (False, Verdict.GOOD): "right silence", (False, Verdict.BAD): "missed fault"}
    label = "a fault" if one.abnormal else "normal operation"
    return (f"{format_time(one.start)} to {format_time(one.end)}: {names[one.alarm, one.verdict]}, so {label}"
            + (f", says {one.by}" if one.by else "") + (f" ({one.comment})" if one.comment else ""))
