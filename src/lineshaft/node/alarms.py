"""Alarm states of ISA-18.2 / IEC 62682: the transitions, who made them, and a journal."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from lineshaft.core.alarm import Alarm, AlarmState
from lineshaft.core.clock import SECOND, format_duration, format_time
from lineshaft.core.errors import Refused, UsageError

NORMAL, UNACKNOWLEDGED, ACKNOWLEDGED, RETURNED, SHELVED, SUPPRESSED = AlarmState
_SHOWN = {NORMAL, UNACKNOWLEDGED, ACKNOWLEDGED, RETURNED}
_LONGEST_SHELF = 24 * 3600 * SECOND
_MOST_UNKEPT = 1000
_NO_TIME = 2**63 - 1
SYSTEM = "node"


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the journal: what happened to which alarm, when, by whom and why."""

    time: int
    name: str
    event: str
    before: AlarmState
    after: AlarmState
    by: str
    reason: str = ""


class AlarmBook:
    """The alarms of a node; every change goes to ``keep`` with its journal line.

    Operators' actions say ``by``; what is not allowed in a state raises ``Refused`` and changes nothing, and so
    does an action that ``keep`` could not make durable. A condition counts even then: a full disk must not hide
    an alarm. It is kept as soon as ``keep_up`` succeeds.

    >>> book = AlarmBook()
    >>> book.condition("cell", True, now=1).state.value
    'unacknowledged'
    >>> book.acknowledge("cell", by="ana", now=2).state.value
    'acknowledged'
    >>> book.condition("cell", False, now=3).state.value
    'normal'
    """

    def __init__(self, stored: Iterable[Alarm] = (), *, keep: Callable[[Alarm, Transition], None] | None = None,
                 longest_shelf_ns: int = _LONGEST_SHELF) -> None:
        self._alarms = {alarm.name: alarm for alarm in stored}
        self._keep = keep
        self._unkept: deque[tuple[Alarm, Transition]] = deque(maxlen=_MOST_UNKEPT)
        self._longest = longest_shelf_ns
        self._lock = threading.RLock()  # the loop and the control server's threads
        self.next_expiry = _NO_TIME
        self._find_expiry()

    def all(self) -> tuple[Alarm, ...]:
        """Every alarm, by name."""
        with self._lock:
            return tuple(self._alarms[name] for name in sorted(self._alarms))

    def get(self, name: str) -> Alarm:
        """One alarm; ``UsageError`` names those there are."""
        with self._lock:
            if name not in self._alarms:
                raise UsageError(f"no alarm is called {name!r}",
                                 do=f"use one of: {', '.join(sorted(self._alarms)) or '(none yet)'}")
            return self._alarms[name]

    def declare(self, name: str) -> None:
        """An alarm that exists and is normal, unless it is known already."""
        with self._lock:
            self._alarms.setdefault(name, Alarm(name, NORMAL, False, 0, 0))

    def condition(self, name: str, active: bool, *, now: int, causes: tuple[str, ...] = ()) -> Alarm:
        """The raw condition as it is now; only a change of it is a transition."""
        with self._lock:
            self.declare(name)
            alarm = self._alarms[name]
            if alarm.active == active:
                return alarm
            if alarm.state not in _SHOWN:
                after = alarm.state
            elif active:
                after = UNACKNOWLEDGED
            else:
                after = NORMAL if alarm.state is ACKNOWLEDGED else RETURNED
            changed = replace(alarm, active=active, since=now if active else alarm.since,
                              causes=causes if active else alarm.causes)
            return self._move(changed, after, "raised" if active else "returned", SYSTEM, now)

    def acknowledge(self, name: str, *, by: str, now: int) -> Alarm:
        """A person has seen it."""
        with self._lock:
            alarm = self._asked(name, by, now)
            if alarm.state not in (UNACKNOWLEDGED, RETURNED):
                raise self._no("acknowledged", alarm, "acknowledge alarms that are unacknowledged")
            after = ACKNOWLEDGED if alarm.state is UNACKNOWLEDGED else NORMAL
            return self._move(alarm, after, "acknowledged", by, now)

    def shelve(self, name: str, *, until: int, reason: str, by: str, now: int) -> Alarm:
        """Out of sight until a time, for a reason; it comes back by itself."""
        with self._lock:
            alarm = self._asked(name, by, now)
            if not reason.strip():
                raise Refused("shelving needs a reason", where=name, do="say why in a few words")
            if not now < until <= now + self._longest:
                raise Refused(f"an end at {format_time(until)} is not within {format_duration(self._longest)} "
                              "from now", where=name, do="give an end in the future that is not further away")
            if alarm.state not in _SHOWN:
                raise self._no("shelved", alarm, "unshelve or unsuppress it first")
            return self._move(replace(alarm, until=until), SHELVED, "shelved", by, now, reason)

    def unshelve(self, name: str, *, by: str, now: int) -> Alarm:
        """Back before its time."""
        with self._lock:
            alarm = self._asked(name, by, now)
            if alarm.state is not SHELVED:
                raise self._no("unshelved", alarm, "unshelve alarms that are shelved")
            return self._reappear(alarm, "unshelved", by, now)

    def suppress(self, name: str, *, reason: str, by: str, now: int) -> Alarm:
        """Out of sight by design (a plant state, maintenance) until ``unsuppress``."""
        with self._lock:
            alarm = self._asked(name, by, now)
            if not reason.strip():
                raise Refused("suppressing needs a reason", where=name, do="say why in a few words")
            if alarm.state is SUPPRESSED:
                raise self._no("suppressed", alarm, "unsuppress it first to give another reason")
            return self._move(replace(alarm, until=None), SUPPRESSED, "suppressed", by, now, reason)

    def unsuppress(self, name: str, *, by: str, now: int) -> Alarm:
        """In sight again."""
        with self._lock:
            alarm = self._asked(name, by, now)
            if alarm.state is not SUPPRESSED:
                raise self._no("unsuppressed", alarm, "unsuppress alarms that are suppressed")
            return self._reappear(alarm, "unsuppressed", by, now)

    def expire(self, now: int) -> tuple[Alarm, ...]:
        """Bring back what was shelved until ``now``; to be called when ``next_expiry`` has come."""
        with self._lock:
            over = [a for a in self._alarms.values() if a.until is not None and a.until <= now]
            return tuple(self._reappear(alarm, "shelf time over", SYSTEM, now) for alarm in over)

    def keep_up(self) -> None:
        """Make durable what the loop changed; raises what ``keep`` raises, and then tries again next time."""
        with self._lock:
            while self._unkept and self._keep is not None:
                self._keep(*self._unkept[0])
                self._unkept.popleft()

    def _asked(self, name: str, by: str, now: int) -> Alarm:
        alarm = self.get(name)
        if not by.strip() or by == SYSTEM:
            raise Refused("an alarm action needs a person", where=name, do="say who you are")
        if alarm.until is not None and alarm.until <= now:
            alarm = self._reappear(alarm, "shelf time over", SYSTEM, now)
        self.keep_up()
        return alarm

    def _reappear(self, alarm: Alarm, event: str, by: str, now: int) -> Alarm:
        return self._move(replace(alarm, until=None), UNACKNOWLEDGED if alarm.active else NORMAL, event, by, now)

    def _move(self, alarm: Alarm, after: AlarmState, event: str, by: str, now: int, reason: str = "") -> Alarm:
        before = self._alarms[alarm.name].state
        kept = reason or (alarm.reason if after is before else "")
        moved = replace(alarm, state=after, changed=now, by=by if by != SYSTEM or after is not before else alarm.by,
                        reason=kept)
        line = Transition(now, alarm.name, event, before, after, by, reason)
        if by == SYSTEM:
            self._unkept.append((moved, line))
        elif self._keep is not None:
            self._keep(moved, line)
        self._alarms[alarm.name] = moved
        self._find_expiry()
        return moved

    def _find_expiry(self) -> None:
        self.next_expiry = min((a.until for a in self._alarms.values() if a.until is not None), default=_NO_TIME)

    @staticmethod
    def _no(what: str, alarm: Alarm, do: str) -> Refused:
        return Refused(f"an alarm that is {alarm.state.value} cannot be {what}", where=alarm.name, do=do)
