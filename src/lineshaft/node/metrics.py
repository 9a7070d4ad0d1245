"""Prometheus figures, read from the loop's own integers when somebody scrapes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Protocol, TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from lineshaft.core.alarm import AlarmState
from lineshaft.core.decision import Source
from lineshaft.core.health import Health
from lineshaft.node.alarms import AlarmBook
from lineshaft.node.buffer import DiskBuffer
from lineshaft.node.grid import TickGrid
from lineshaft.node.health import HealthReport
from lineshaft.node.loop import Loop

MOST_ANSWERS = 64  # a series each, three times: what keeps them pays for every one
_Family = TypeVar("_Family", CounterMetricFamily, GaugeMetricFamily)


class Counting(Protocol):
    """The parts of a node that count."""

    loop: Loop
    grid: TickGrid
    buffer: DiskBuffer


class Measured(Counting, Protocol):
    """The parts of a node that are measured."""

    alarms: AlarmBook

    def health(self) -> HealthReport:
        """As it is now."""


class NodeCollector(Collector):
    """Everything a node tells Prometheus; collecting costs the loop nothing."""

    def __init__(self, node: Measured) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield from self._gauges()
        yield from answers(self._node.loop)
        yield self._latency()
        yield self._info()

    def _counters(self) -> Iterator[Metric]:
        for name, text, value in counters(self._node):
            yield _one(CounterMetricFamily(f"lineshaft_{name}", text, labels=["loop"]), [self._node.loop.name], value)

    def _gauges(self) -> Iterator[Metric]:
        node, loop = self._node, self._node.loop
        yield _one(GaugeMetricFamily("lineshaft_tags_masked", "Tags that cannot be used now", labels=["loop"]),
                   [loop.name], len(loop.table.masked))
        yield _one(GaugeMetricFamily("lineshaft_buffer_depth", "Decisions nobody has acknowledged",
                                     labels=["loop"]), [loop.name], node.buffer.depth)
        latest = loop.recent[-1] if loop.recent else None
        yield _one(GaugeMetricFamily("lineshaft_score", "Newest score, 1 at the alarm limit", labels=["loop"]),
                   [loop.name], latest[1] if latest else 0.0)
        states = Counter(alarm.state for alarm in node.alarms.all())
        yield _each("lineshaft_alarms", "Alarms in each state of ISA-18.2", "state",
                    {state.value: states[state] for state in AlarmState})
        now = node.health().state
        yield _each("lineshaft_health", "1 for the state that holds", "state",
                    {state.value: int(state is now) for state in Health})
        yield _each("lineshaft_source", "1 for who decides", "source",
                    {source.value: int(source is loop.source) for source in Source})

    def _latency(self) -> Metric:
        loop = self._node.loop
        edges = loop.latency.cumulative()
        buckets = [(repr(edge / 1e9), below) for edge, below in edges]
        family = HistogramMetricFamily("lineshaft_latency_seconds", "From a tick's start to its decision",
                                       labels=["loop"])
        family.add_metric([loop.name], [*buckets, ("+Inf", edges[-1][1] if edges else 0)],
                          loop.latency.total_ns / 1e9)
        return family

    def _info(self) -> Metric:
        loop = self._node.loop
        last_good, shadow = loop.fallback.last_good, loop.shadow
        family = InfoMetricFamily("lineshaft_bundle", "Digests of the bundles in this node", labels=["loop"])
        family.add_metric([loop.name], {
            "digest": loop.bundle.digest, "version": str(loop.bundle.manifest.version),
            "last_good": last_good.digest if last_good else "", "shadow": shadow.seat.digest if shadow else ""})
        return family


def answers(loop: Loop) -> Iterator[Metric]:
    """The newest decision's values and their ends, ``MOST_ANSWERS`` of them; nothing where it has none."""
    latest = loop.latest
    if latest is None or not latest.answers:
        return
    for name, text, numbers in (("", "Newest value", latest.values), ("_low", "Low end of its interval", latest.low),
                                ("_high", "High end of its interval", latest.high)):
        family = GaugeMetricFamily(f"lineshaft_answer{name}", text, labels=["loop", "answer", "ahead", "unit"])
        for one, number in list(zip(latest.answers, numbers, strict=False))[:MOST_ANSWERS]:
            if math.isfinite(number):
                family.add_metric([loop.name, one.name, str(one.ahead), one.unit], number)
        yield family
    yield _one(GaugeMetricFamily("lineshaft_answers", "How many values a decision has; the first 64 are told",
                                 labels=["loop"]), [loop.name], len(latest.answers))
    yield _one(GaugeMetricFamily("lineshaft_answer_known", "1 while the model says that it knows", labels=["loop"]),
               [loop.name], int(latest.known))


def counters(node: Counting) -> tuple[tuple[str, str, int], ...]:
    """Everything that is counted from the node's start: (name, what it says, count)."""
    loop = node.loop
    return (("ticks", "Decisions made", loop.ticks),
            ("deadline_misses", "Decisions later than the deadline", loop.misses),
            ("missed_slots", "Slots of the time grid without a tick", node.grid.missed),
            ("engine_failures", "Steps that raised or gave no finite score", loop.fallback.failures),
            ("fallback_switches", "Times the bundle was left for a fallback", loop.fallback.switches),
            ("swaps", "Bundles that took over", loop.swaps),
            ("samples_late", "Samples older than the one held", loop.table.late),
            ("samples_foreign", "Samples of tags that the bundle does not read", loop.table.foreign),
            ("samples_ahead", "Samples refused: their source clock is ahead", loop.table.ahead),
            ("samples_overrun", "Samples given up while waiting for their tick", loop.table.overrun),
            ("buffer_dropped", "Decisions given up unacknowledged, oldest first", node.buffer.dropped))


def exposition(node: Measured) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(NodeCollector(node))
    return generate_latest(registry)


def _one(family: _Family, labels: list[str], value: float) -> _Family:
    family.add_metric(labels, value)
    return family


def _each(name: str, text: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
