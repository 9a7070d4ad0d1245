"""Everything that a screen shows of a node, in one answer: whoever watches asks once, not five times."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile
from typing import Any, Protocol

from lineshaft.core.alarm import Alarm
from lineshaft.core.clock import Clock
from lineshaft.core.decision import Decision
from lineshaft.node.align import NEVER, LatestValues
from lineshaft.node.buffer import DiskBuffer, Entry
from lineshaft.node.grid import TickGrid
from lineshaft.node.health import HealthReport
from lineshaft.node.loop import Loop
from lineshaft.node.metrics import counters
from lineshaft.node.record import Record, decision


@dataclass(frozen=True, slots=True)
class Latency:
    """How many decisions took how long: ``counts[i]`` below ``edges_ns[i]`` and not below the edge before it."""

    edges_ns: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The tags that the bundle reads; ``times`` are source times (UTC ns, None: never seen) of the newest values.

    ``unusable`` says why a tag's value counts for nothing now; all others are usable.
    """

    tags: tuple[str, ...]
    times: tuple[int | None, ...]
    unusable: dict[str, str]


@dataclass(frozen=True, slots=True)
class Glance:
    """A node as it was at ``time`` (UTC ns, its own clock).

    ``decisions`` are the newest in memory, oldest first; ``entries`` the oldest that the centre has not
    acknowledged, where it asked for them.
    """

    time: int
    health: HealthReport
    status: dict[str, Any]
    counters: dict[str, int]
    latency: Latency
    inputs: Inputs
    alarms: tuple[Alarm, ...]
    decisions: tuple[Decision, ...]
    entries: tuple[Entry, ...] = ()


class Seen(Protocol):
    """The parts of a node that a glance takes in."""

    loop: Loop
    grid: TickGrid
    buffer: DiskBuffer
    clock: Clock

    def health(self) -> HealthReport: ...
    def status(self) -> dict[str, object]: ...
    def alarm_list(self) -> tuple[Alarm, ...]: ...


def glance(node: Seen, after: int, limit: int, outbox: int) -> Glance:
    """At most ``limit`` decisions with a grid time after ``after``, and ``outbox`` entries (0: the disk rests)."""
    return Glance(
        node.clock.now(), node.health(), node.status(),
        {name: count for name, _, count in counters(node)}, _latency(node.loop), _inputs(node.loop.table),
        node.alarm_list(), newest(node.loop, after, limit),
        tuple(node.buffer.pending(limit=outbox)) if outbox else ())


def newest(loop: Loop, after: int, limit: int) -> tuple[Decision, ...]:
    """Looks at no more records than it gives."""
    return _words(loop, loop.recent.copy(), after, limit)


def beside(loop: Loop, after: int, limit: int) -> tuple[Decision, ...]:
    """The same of the shadow, nothing where there is none."""
    shadow = loop.shadow
    return _words(loop, shadow.records.copy(), after, limit) if shadow is not None else ()


def _words(loop: Loop, kept: deque[Record], after: int, limit: int) -> tuple[Decision, ...]:
    records = list(islice(takewhile(lambda record: record[0] > after, reversed(kept)), limit))
    return tuple(decision(record, loop.name, loop.asset) for record in reversed(records))


def _latency(loop: Loop) -> Latency:
    edges = loop.latency.cumulative()
    below = [0, *(count for _, count in edges)]
    return Latency(tuple(edge for edge, _ in edges), tuple(b - a for a, b in pairwise(below)))


def _inputs(table: LatestValues) -> Inputs:
    times = tuple(None if time == NEVER else time for time in table.time.tolist())
    return Inputs(table.tags, times, {masked.tag: masked.reason for masked in table.masked})
