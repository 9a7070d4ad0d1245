"""Beside the loop, as a job of its own: alarm states, their end of shelving, and changes of health."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from lineshaft.core.alarm import Alarm
from lineshaft.core.background import Background, Job
from lineshaft.core.clock import Clock
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.health import Health
from lineshaft.node.alarms import AlarmBook
from lineshaft.node.health import HealthReport
from lineshaft.node.record import Record

_EVERY_S = 0.2
_Told = TypeVar("_Told")


class Watch:
    """Told of the loop's alarm changes by ``heed``; tells listeners of alarms and health.

    ``faults`` says what went wrong here, by who it was.
    """

    def __init__(self, alarms: AlarmBook, name: str, clock: Clock, health: Callable[[], HealthReport],
                 background: Background) -> None:
        self.on_alarm: list[Callable[[Alarm], None]] = []
        self.on_health: list[Callable[[HealthReport], None]] = []
        self.faults: dict[str, str] = {}
        self._changes: deque[Record] = deque()
        self._alarms, self._name, self._clock, self._health = alarms, name, clock, health
        self._background = background
        self._state: Health | None = None
        self._job: Job | None = None

    def heed(self, record: Record) -> None:
        """The loop's alarm changed with this record; returns at once."""
        self._changes.append(record)
        if self._job is not None:
            self._job.wake()

    def start(self) -> None:
        self._job = self._background.every(_EVERY_S, self._turn, "lineshaft-watch")

    def stop(self) -> None:
        """Finish what waits; safe to call twice."""
        if self._job is not None:
            self._job.stop()
            self._job = None

    def tell(self, alarm: Alarm) -> None:
        """To every listener; from any thread."""
        for listen in self.on_alarm:
            self._guarded("a listener to alarms", listen, alarm)

    def _turn(self) -> None:
        while self._changes:
            self._change(self._changes.popleft())
        self._look_after_alarms()
        self._look_at_health()

    def _change(self, record: Record) -> None:
        before = self._alarms.get(self._name)
        causes = tuple(tag for tag, _ in record[8])
        after = self._alarms.condition(self._name, record[2], now=record[0], causes=causes)
        if after is not before:
            self.tell(after)

    def _look_after_alarms(self) -> None:
        now = self._clock.now()
        if now >= self._alarms.next_expiry:
            for alarm in self._alarms.expire(now):
                self.tell(alarm)
        try:
            self._alarms.keep_up()
            self.faults.pop("alarms", None)
        except EnvironmentFailed as error:
            self.faults["alarms"] = str(error)

    def _look_at_health(self) -> None:
        report = self._health()
        if report.state is not self._state:
            self._state = report.state
            for listen in self.on_health:
                self._guarded("a listener to health", listen, report)

    def _guarded(self, who: str, call: Callable[[_Told], None], what: _Told) -> None:
        try:
            call(what)
        except Exception as error:  # noqa: BLE001 (who listens must not stop the node; health says it)
            self.faults[who] = f"{who} failed: {type(error).__name__}: {error}"
        else:
            self.faults.pop(who, None)
