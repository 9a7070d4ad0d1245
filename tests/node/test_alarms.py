"""The alarm states of ISA-18.2: laws over all sequences of actions, and single transitions."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lineshaft.core.alarm import Alarm, AlarmState
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.node.alarms import AlarmBook, Transition

SHOWN_ACTIVE = {AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED}
SHOWN_QUIET = {AlarmState.NORMAL, AlarmState.RETURNED_UNACKNOWLEDGED}
HIDDEN = {AlarmState.SHELVED, AlarmState.SUPPRESSED}


class Operators(RuleBasedStateMachine):
    """Any mix of process events, operators' actions, passing time and restarts."""

    @initialize()
    def fresh(self) -> None:
        self.now = SECOND
        self.kept: dict[str, Alarm] = {}
        self.journal: list[Transition] = []
        self.condition_is = False
        self.book = AlarmBook(keep=self._keep)
        self.book.declare("cell")

    def _keep(self, alarm: Alarm, line: Transition) -> None:
        self.kept[alarm.name] = alarm
        self.journal.append(line)

    @property
    def alarm(self) -> Alarm:
        return self.book.get("cell")

    @rule(active=st.booleans())
    def process(self, active: bool) -> None:
        self.condition_is = active
        self.book.condition("cell", active, now=self.now)

    @rule(seconds=st.integers(1, 100))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.book.expire(self.now)
        assert self.alarm.until is None or self.alarm.until > self.now, "a shelf time that is over ends by itself"

    @rule()
    def restart(self) -> None:
        self.book.keep_up()
        self.book = AlarmBook(self.kept.values(), keep=self._keep)
        self.book.declare("cell")
        assert self.alarm.active == self.condition_is

    @rule(action=st.sampled_from(("acknowledge", "shelve", "unshelve", "suppress", "unsuppress")),
          by=st.sampled_from(("ana", "")), reason=st.sampled_from(("maintenance", " ")),
          seconds=st.integers(-1, 200))
    def operator(self, action: str, by: str, reason: str, seconds: int) -> None:
        before, lines = self.alarm, len(self.journal)
        allowed = {"acknowledge": {AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED},
                   "shelve": SHOWN_ACTIVE | SHOWN_QUIET, "unshelve": {AlarmState.SHELVED},
                   "suppress": set(AlarmState) - {AlarmState.SUPPRESSED},
                   "unsuppress": {AlarmState.SUPPRESSED}}[action]
        legal = (before.state in allowed and bool(by)
                 and (action not in ("shelve", "suppress") or reason == "maintenance")
                 and (action != "shelve" or seconds > 0))
        more: dict[str, object] = {"reason": reason} if action in ("shelve", "suppress") else {}
        if action == "shelve":
            more["until"] = self.now + seconds * SECOND
        if legal:
            getattr(self.book, action)("cell", by=by, now=self.now, **more)
            assert self.journal[-1].by == by and self.journal[-1].time == self.now
            return
        with pytest.raises(Refused) as refused:
            getattr(self.book, action)("cell", by=by, now=self.now, **more)
        assert "\n" not in str(refused.value) and self.alarm == before
        assert all(line.by == "node" for line in self.journal[lines:])

    @invariant()
    def state_fits_the_condition(self) -> None:
        alarm = self.alarm
        assert alarm.active == self.condition_is
        assert alarm.state in HIDDEN or alarm.state in (SHOWN_ACTIVE if alarm.active else SHOWN_QUIET)

    @invariant()
    def what_is_hidden_has_a_reason_and_the_shelf_an_end(self) -> None:
        alarm = self.alarm
        assert (alarm.state is AlarmState.SHELVED) == (alarm.until is not None)
        assert alarm.state not in HIDDEN or (alarm.reason and alarm.by not in ("", "node"))

    @invariant()
    def the_journal_is_one_unbroken_chain(self) -> None:
        self.book.keep_up()
        states = [AlarmState.NORMAL, *(line.after for line in self.journal)]
        assert [line.before for line in self.journal] == states[:-1]
        assert states[-1] is self.alarm.state
        assert self.kept.get("cell", self.alarm) == self.alarm


TestOperators = Operators.TestCase
TestOperators.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_acknowledging_what_returned_makes_it_normal() -> None:
    book = AlarmBook()
    book.condition("cell", True, now=1)
    assert book.condition("cell", False, now=2).state is AlarmState.RETURNED_UNACKNOWLEDGED
    assert book.acknowledge("cell", by="ana", now=3).state is AlarmState.NORMAL


def test_an_alarm_that_is_still_active_comes_back_unacknowledged_from_the_shelf() -> None:
    book = AlarmBook()
    book.condition("cell", True, now=1)
    book.shelve("cell", until=10, reason="sensor is being changed", by="ana", now=2)
    assert book.next_expiry == 10
    assert [alarm.state for alarm in book.expire(10)] == [AlarmState.UNACKNOWLEDGED]


def test_a_shelf_time_of_more_than_a_day_is_refused() -> None:
    book = AlarmBook()
    book.declare("cell")
    with pytest.raises(Refused, match="not within 1 d from now"):
        book.shelve("cell", until=25 * 3600 * SECOND, reason="x", by="ana", now=0)


def test_an_unknown_alarm_is_answered_with_those_there_are() -> None:
    book = AlarmBook()
    book.declare("cell")
    with pytest.raises(UsageError, match="use one of: cell"):
        book.acknowledge("sell", by="ana", now=0)


def test_a_full_disk_refuses_an_operator_but_never_hides_an_alarm() -> None:
    full = True

    def keep(_: Alarm, __: Transition) -> None:
        if full:
            raise EnvironmentFailed("the disk is full")

    book = AlarmBook(keep=keep)
    assert book.condition("cell", True, now=1).state is AlarmState.UNACKNOWLEDGED
    with pytest.raises(EnvironmentFailed):
        book.acknowledge("cell", by="ana", now=2)
    assert book.get("cell").state is AlarmState.UNACKNOWLEDGED
    full = False
    assert book.acknowledge("cell", by="ana", now=3).state is AlarmState.ACKNOWLEDGED
