"""The desk: one project's alarms of the past, with everything that was said and done about them."""

from __future__ import annotations

import threading
import time
from weakref import WeakKeyDictionary

from lineshaft.app.backtest import Episode
from lineshaft.app.console.alarms import answers, cases, rates
from lineshaft.app.console.alarms.cases import Records
from lineshaft.app.console.alarms.judge import judge, name, note
from lineshaft.app.console.alarms.occurrences import MS, AlarmHistory
from lineshaft.app.project import Project
from lineshaft.core.clock import SECOND
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.feedback.notes import notes
from lineshaft.feedback.verdicts import verdicts
from lineshaft.historian.store import EmbeddedHistorian
from lineshaft.node.journal import read_journal

MOST_LINES = 10_000
CASES_BACK_NS = 366 * 86_400 * SECOND
NEVER = -(2**63)

_HISTORIES: WeakKeyDictionary[EmbeddedHistorian, dict[tuple[str, str, int], AlarmHistory]] = WeakKeyDictionary()
_LOCK = threading.Lock()


class Desk:
    """Made anew for each question; what it remembers belongs to the historian."""

    def __init__(self, project: Project, historian: EmbeddedHistorian) -> None:
        self._project, self._historian = project, historian
        self._history = _history(project, historian)
        self._now = time.time_ns()

    def occurrences(self, start: int | None, end: int | None, limit: int) -> answers.Occurrences:
        """The newest ``limit`` of a time (ms)."""
        until = self._now if end is None else end * MS
        since = until - 7 * 86_400 * SECOND if start is None else start * MS
        seen, records = self._history.over(since, until, self._now), self._records(since)
        newest = list(enumerate(seen.occurrences))[::-1][:limit]
        found = [self._answer(one, records, _next(seen.occurrences, place)) for place, one in newest]
        return answers.Occurrences(start=since // MS, end=until // MS, total=len(seen.occurrences),
                                   decisions=seen.count, occurrences=found)

    def occurrence(self, at: int) -> answers.Occurrence:
        """The one that stood at a moment (ms)."""
        one = self._history.at(at, self._now)
        return self._answer(one, self._records(one.start), self._after(one))

    def cases(self, at: int, most: int) -> list[answers.PastCase]:
        """What was most like the alarm that stood at a moment (ms)."""
        one = self._history.at(at, self._now)
        known = self._history.over(one.start - CASES_BACK_NS, one.end + 1, self._now).occurrences
        found = cases.nearest(one, known, self._records(NEVER), most)
        return [answers.past_case(self._project.loop, case, self._history.period_ns) for case in found]

    def judge(self, at: int, kind: Verdict, by: str, comment: str, label: str = "") -> answers.Occurrence:
        """The verdict on the alarm that stood at a moment (ms), and what is known of it then."""
        one = self._history.at(at, self._now)
        judge(self._historian, self._project.loop, one, self._history.period_ns, kind, by=by, comment=comment,
              label=label)
        return self._answer(one, self._records(one.start), self._after(one))

    def name(self, start: int, end: int, by: str, comment: str, label: str) -> Feedback:
        """What a stretch (ms) was, with an alarm in it or without; no label: normal operation."""
        stood = self._history.over(start * MS, end * MS, self._now).occurrences
        return name(self._historian, self._project.loop, (start * MS, end * MS), alarm=bool(stood), by=by,
                    comment=comment, label=label)

    def note(self, at: int, text: str, by: str) -> answers.Occurrence:
        """What was done about the alarm that stood at a moment (ms), and what is known of it then."""
        one = self._history.at(at, self._now)
        note(self._historian, self._project.loop, one, text, by=by)
        return self._answer(one, self._records(one.start), self._after(one))

    def rates(self, hours: int) -> answers.Rates:
        """Figures over the newest hours; bars begin at whole hours."""
        start = (self._now - hours * rates.HOUR) // rates.HOUR * rates.HOUR
        seen, records = self._history.over(start, self._now, self._now), self._records(start)
        period = self._history.period_ns
        found = rates.figures(seen.occurrences, start, self._now, min(seen.count * period, self._now - start), period)
        judged = [records.of(one).verdict for one in seen.occurrences if one.start >= start]
        said = [one.verdict for one in judged if one is not None]
        return answers.rates(found, [self._answer(one, records, None) for one in found.stale],
                             said.count(Verdict.GOOD), said.count(Verdict.BAD))

    def _after(self, one: Episode) -> int | None:
        """When the next alarm came, if soon after."""
        until = one.end + cases.AFTER_NS
        later = self._history.over(one.end + 1, until, self._now).occurrences
        return next((other.start for other in later if other.start > one.start), None)

    def _records(self, since: int) -> Records:
        journal = read_journal(self._project.node_folder, since, self._now + 1, MOST_LINES)
        return Records(verdicts(self._historian, self._project.loop), notes(self._historian, self._project.loop),
                       [one for one in journal if one.name == self._project.loop])

    def _answer(self, one: Episode, records: Records, until: int | None) -> answers.Occurrence:
        return answers.occurrence(self._project.loop, one, records.of(one, until), self._history.period_ns)


def _history(project: Project, historian: EmbeddedHistorian) -> AlarmHistory:
    key = (project.loop, project.config.plant.name, project.recipe.period_ns)
    with _LOCK:
        mine = _HISTORIES.setdefault(historian, {})
        if key not in mine:
            mine[key] = AlarmHistory(historian, *key)
        return mine[key]


def _next(known: tuple[Episode, ...], place: int) -> int | None:
    return known[place + 1].start if place + 1 < len(known) else None
