"""What people say about an alarm: verdicts and notes, kept in history so that the loop closes through data."""

from __future__ import annotations

import time

from lineshaft.app import flow
from lineshaft.app.backtest import Episode
from lineshaft.core.feedback import Feedback, Note, Verdict
from lineshaft.core.store import Historian
from lineshaft.feedback import notes


def judge(historian: Historian, loop: str, one: Episode, period_ns: int, kind: Verdict, *, by: str,
          comment: str) -> Feedback:
    """A verdict on the whole alarm; on one that still stands, up to its newest decision."""
    found = Feedback(loop, one.start, one.end + period_ns, kind, True, by, comment.strip(), time.time_ns())
    flow.review(historian, found)
    return found


def note(historian: Historian, loop: str, one: Episode, text: str, *, by: str) -> Note:
    """What was done about it."""
    found = Note(loop, one.start, text.strip(), by, time.time_ns())
    notes.record(historian, found)
    return found
