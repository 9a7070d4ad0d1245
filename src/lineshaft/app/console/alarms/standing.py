"""Standing: the node's alarms as they are now, each with its priority and what it blames."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.app.config import PRIORITIES, Config, Task
from lineshaft.app.remote import RemoteNode
from lineshaft.core.alarm import Alarm, AlarmState
from lineshaft.core.decision import Decision
from lineshaft.node.glance import Glance

URGENCY = (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED,
           AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.NORMAL)


@dataclass(frozen=True, slots=True)
class Standing:
    """One alarm now; ``blamed`` are its causes, with a share (0..1) where the node's newest decision says one.

    ``score`` and ``confidence`` are that decision's.
    """

    alarm: Alarm
    priority: str
    blamed: tuple[tuple[str, float | None], ...] = ()
    score: float | None = None
    confidence: float | None = None


def standing(config: Config, node: RemoteNode) -> list[Standing]:
    """All alarms of the node, those that most need a person first."""
    seen = node.glance(limit=1)
    found = [joined(config, alarm, seen) for alarm in seen.alarms]
    return sorted(found, key=lambda one: (URGENCY.index(one.alarm.state), PRIORITIES.index(one.priority),
                                        -one.alarm.since))


def joined(config: Config, alarm: Alarm, seen: Glance | None) -> Standing:
    """One alarm with what the configuration and the newest decision say of it."""
    newest = seen.decisions[-1] if seen and seen.decisions else None
    mine = newest if newest is not None and newest.loop == alarm.name else None
    return Standing(alarm, priority_of(config, alarm.name), _blamed(alarm, mine), mine.score if mine else None,
                    mine.confidence if mine else None)


def priority_of(config: Config, name: str) -> str:
    """What the task of this name says; of an alarm that a node kept from an older file, what a task has by default."""
    return config.tasks[name].priority if name in config.tasks else Task().priority


def _blamed(alarm: Alarm, newest: Decision | None) -> tuple[tuple[str, float | None], ...]:
    if newest is not None and newest.alarm and alarm.active:
        return tuple((cause.tag, cause.share) for cause in newest.causes)
    return tuple((tag, None) for tag in alarm.causes)

