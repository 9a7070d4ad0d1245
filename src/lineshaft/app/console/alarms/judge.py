"""What people say about an alarm: verdicts and notes, kept in history so that the loop closes through data."""

from __future__ import annotations

import time

from lineshaft.app import flow
from lineshaft.app.backtest import Episode
from lineshaft.core.feedback import Feedback, Note, Verdict
from lineshaft.core.store import Historian
from lineshaft.feedback import notes


def judge(historian: Historian, loop: str, one: Episode, period_ns: int, kind: Verdict, *, by: str,
          comment: str, label: str = "") -> Feedback:
    """A verdict on the whole alarm; on one that still stands, up to its newest decision. A false one has no label."""
    found = Feedback(loop, one.start, one.end + period_ns, kind, True, by, comment.strip(), time.time_ns(),
                     label.strip() if kind is Verdict.GOOD else "")
    flow.review(historian, found)
    return found


def name(historian: Historian, loop: str, span: tuple[int, int], *, alarm: bool, by: str, comment: str, label: str
         ) -> Feedback:
    """What a stretch (UTC ns) was, where ``alarm`` is whether the loop alarmed in it; no label: normal operation."""
    right = Verdict.GOOD if alarm == bool(label) else Verdict.BAD
    found = Feedback(loop, *span, right, alarm, by, comment.strip(), time.time_ns(), label)
    flow.review(historian, found)
    return found


def note(historian: Historian, loop: str, one: Episode, text: str, *, by: str) -> Note:
    """What was done about it."""
    found = Note(loop, one.start, text.strip(), by, time.time_ns())
    notes.record(historian, found)
    return found
