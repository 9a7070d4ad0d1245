"""Health of a node from plain facts: "active" means that data is moving."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.core.clock import format_duration
from lineshaft.core.decision import Source
from lineshaft.core.health import Health
from lineshaft.node.align import NEVER, Masked

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What health is judged from; times in UTC ns, ``NEVER`` where nothing happened yet."""

    now: int
    period_ns: int
    grace_ns: int
    started: bool
    stopped: str | None
    tags: tuple[str, ...]
    arrived: int
    ticked: int
    masked: tuple[Masked, ...]
    source: Source
    fallback_reason: str
    late_in_row: bool
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthReport:
    """A state, why (one sentence each), and the tags that are not usable now."""

    state: Health
    reasons: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def judge(facts: Facts) -> HealthReport:
    """The state that the facts allow; the worst reason first.

    Input counts as stopped when nothing arrived for one period and a half: a tick and a glance at health later
    two periods are not over yet.
    """
    if facts.stopped is not None:
        return HealthReport(Health.STOPPED, (facts.stopped,) if facts.stopped else ())
    if not facts.started:
        return HealthReport(Health.IDLE, ("no input is connected",))
    if facts.ticked == NEVER and facts.arrived == NEVER:
        return HealthReport(Health.STARTING, ("no value has arrived yet",), facts.tags)
    silent = facts.now - facts.arrived > facts.period_ns * 3 // 2 if facts.arrived != NEVER else True
    reasons = [*_stopped_input(facts, silent), *_stuck(facts), *_fallen_back(facts), *_masked(facts), *facts.faults]
    if facts.late_in_row:
        reasons.append("the newest decision was later than the deadline")
    if reasons:
        tags = facts.tags if silent else tuple(masked.tag for masked in facts.masked)
        return HealthReport(Health.DEGRADED, tuple(reasons), tags)
    return HealthReport(Health.ACTIVE) if facts.ticked != NEVER else HealthReport(Health.STARTING)


def _stopped_input(facts: Facts, silent: bool) -> list[str]:
    if not silent:
        return []
    since = f"for {format_duration(facts.now - facts.arrived)}" if facts.arrived != NEVER else "at all"
    return [f"no value has arrived {since} from any of {len(facts.tags)} tags ({_some(facts.tags)})"]


def _stuck(facts: Facts) -> list[str]:
    if facts.ticked == NEVER or facts.now - facts.ticked <= 2 * facts.period_ns + facts.grace_ns:
        return []
    return [f"the newest tick was {format_duration(facts.now - facts.ticked)} ago"]


def _fallen_back(facts: Facts) -> list[str]:
    return [] if facts.source is Source.BUNDLE else [f"{facts.source.value} decides: {facts.fallback_reason}"]


def _masked(facts: Facts) -> list[str]:
    named = [f"{masked.tag}: {masked.reason}" for masked in facts.masked[:_NAMED]]
    more = len(facts.masked) - len(named)
    return [*named, f"and {more} more tags"] if more > 0 else named


def _some(tags: tuple[str, ...]) -> str:
    return ", ".join(tags[:_NAMED]) + (", ..." if len(tags) > _NAMED else "")
