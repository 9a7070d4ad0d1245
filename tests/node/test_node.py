"""The node as a whole: when it ticks, what its health says, and what survives."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from lineshaft.core import quality as status
from lineshaft.core.alarm import Alarm, AlarmState
from lineshaft.core.clock import SECOND, ManualClock, SystemClock
from lineshaft.core.decision import Decision
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.health import Health
from lineshaft.core.sample import Samples
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.buffer import BufferLimits
from lineshaft.node.health import HealthReport
from lineshaft.node.seat import Loaded

Build = Callable[..., Loaded]
Row = Callable[..., Samples]
TAGS = ("cell/flow", "cell/level", "cell/pressure")
MS = SECOND // 1000


def seconds(node: Node, clock: ManualClock, row: Row, count: int, *values: float) -> None:
    for _ in range(count):
        clock.advance(SECOND)
        node.feed(row(*(values or (10.0, 20.0, 5.0))))
        node.poll()


def test_a_slot_ticks_as_soon_as_every_tag_has_reported_in_it(node: Node, clock: ManualClock, row: Row) -> None:
    clock.advance(SECOND // 2)
    node.feed(row(1.0, 2.0, tags=TAGS[:2]))
    node.feed(row(1.0, 2.0, tags=TAGS[:2]))
    assert node.loop.ticks == 0
    node.feed(row(3.0, tags=TAGS[2:]))
    assert node.loop.ticks == 1
    node.feed(row(1.0, 2.0, 3.0))
    assert node.loop.ticks == 1, "one decision a slot"


def test_a_slot_that_stays_incomplete_ticks_at_its_end_and_grace(node: Node, clock: ManualClock, row: Row) -> None:
    seconds(node, clock, row, 2)
    node.feed(row(1.0, 2.0, tags=TAGS[:2]))
    before = node.loop.ticks
    clock.advance(SECOND + 49 * MS)
    assert node.poll() == MS
    clock.advance(MS)
    node.poll()
    assert node.loop.ticks == before + 1


def test_a_slot_does_not_wait_for_a_tag_that_is_masked_already(node: Node, clock: ManualClock, row: Row) -> None:
    seconds(node, clock, row, 2)
    for _ in range(10):
        clock.advance(SECOND)
        node.feed(row(1.0, 2.0, tags=TAGS[:2]))
        node.poll()
    ticks = node.loop.ticks
    clock.advance(SECOND)
    node.feed(row(1.0, 2.0, tags=TAGS[:2]))
    assert node.loop.ticks == ticks + 1


def test_tags_faster_than_the_loop_are_taken_as_of_the_slots_end(load: Build, clock: ManualClock, row: Row,
                                                                 tmp_path: Path) -> None:
    node = Node(load(tag_period_ns=SECOND // 4), tmp_path, clock=clock, settings=NodeSettings(control_port=None))
    node.start()
    for quarter in range(1, 5):
        clock.advance(SECOND // 4)
        node.feed(row(float(quarter), 0.0, 0.0))
    assert node.loop.ticks == 0 or node.loop.table.x[0] == 0.0
    clock.advance(50 * MS)
    node.poll()
    assert node.loop.table.x[0] == 4.0
    node.close()


def test_a_source_whose_jitter_crosses_slots_keeps_its_low_latency(node: Node, clock: ManualClock,
                                                                   row: Row) -> None:
    behind: list[int] = []
    start = clock.now()
    for second in range(1, 40):
        stamp = start + second * SECOND + (MS if (second // 5) % 2 else -MS)
        while clock.now() < stamp:
            clock.advance(min(10 * MS, stamp - clock.now()))
            node.poll()
        node.feed(row(1.0, 2.0, float(second), time=stamp))
        behind.append(second - int(node.loop.table.x[2]))
    assert sum(behind) <= 39 // 5, "but for one tick at each slip, a value is decided on when it arrives"


def test_slots_lost_in_a_stall_are_counted(node: Node, clock: ManualClock, row: Row) -> None:
    seconds(node, clock, row, 3)
    ticks = node.loop.ticks
    clock.advance(10 * SECOND)
    node.poll()
    assert node.loop.ticks == ticks + 1
    assert node.grid.missed == 8


def test_health_starts_idle_then_starting_then_active(load: Build, clock: ManualClock, row: Row,
                                                      tmp_path: Path) -> None:
    node = Node(load(), tmp_path, clock=clock, settings=NodeSettings(control_port=None))
    assert node.health().state is Health.IDLE
    node.start()
    assert node.health().state is Health.STARTING
    seconds(node, clock, row, 2)
    assert node.health() == HealthReport(Health.ACTIVE)
    node.stop("the shift is over")
    assert node.health() == HealthReport(Health.STOPPED, ("the shift is over",))
    node.close()


def test_when_the_input_stops_health_is_degraded_within_two_periods_names_the_tags_and_recovers(
        node: Node, clock: ManualClock, row: Row) -> None:
    seconds(node, clock, row, 5)
    assert node.health().state is Health.ACTIVE
    clock.advance(2 * SECOND)
    node.poll()
    report = node.health()
    assert report.state is Health.DEGRADED
    assert report.tags == TAGS and "no value has arrived for 2 s" in report.reasons[0]
    seconds(node, clock, row, 2)
    assert node.health().state is Health.ACTIVE


def test_word_of_a_lost_link_is_no_input_that_health_could_take_for_moving(node: Node, clock: ManualClock,
                                                                           row: Row) -> None:
    seconds(node, clock, row, 5)
    clock.advance(SECOND * 16 // 10)
    assert node.health().state is Health.DEGRADED
    node.feed(row(*[float("nan")] * 3, quality=status.BAD_NO_COMMUNICATION))
    assert node.health().state is Health.DEGRADED, "between the word and the next tick too"
    clock.advance(SECOND)
    node.poll()
    assert set(node.health().tags) == set(TAGS)


def test_one_lost_tag_is_named_with_its_reason_and_recovers(node: Node, clock: ManualClock, row: Row) -> None:
    seconds(node, clock, row, 3)
    clock.advance(SECOND)
    node.feed(row(1.0, 2.0, tags=TAGS[:2]))
    node.feed(row(np.nan, tags=TAGS[2:], quality=status.BAD_NO_COMMUNICATION))
    clock.advance(50 * MS)
    node.poll()
    assert node.health() == HealthReport(Health.DEGRADED, ("cell/pressure: BadNoCommunication",), TAGS[2:])
    seconds(node, clock, row, 2)
    assert node.health().state is Health.ACTIVE


def test_a_clock_that_was_set_is_said_and_the_loop_goes_on(load: Build, tmp_path: Path) -> None:
    class SetClock(ManualClock):
        shift = 0

        def now(self) -> int:
            return super().now() + self.shift

    clock = SetClock(1_700_000_000 * SECOND)
    node = Node(load(), tmp_path, clock=clock, settings=NodeSettings(control_port=None))
    node.start()

    def go() -> None:
        clock.advance(SECOND)
        node.feed(Samples.row(TAGS, clock.now(), np.ones(3)))
        node.poll()

    for shift in (0, 0, -3600 * SECOND, -3600 * SECOND, -3600 * SECOND):
        clock.shift = shift
        go()
    report = node.health()
    assert report.reasons == ("the node's clock was set back by 1 h",) and not report.tags
    assert node.loop.ticks >= 4 and node.grid.missed == 0
    node.close()


def test_the_alarm_of_a_decision_is_raised_acknowledged_and_survives_a_restart(
        load: Build, clock: ManualClock, row: Row, tmp_path: Path) -> None:
    raised = threading.Event()
    node = Node(load(), tmp_path, clock=clock, settings=NodeSettings(control_port=None))
    node.on_alarm.append(lambda alarm: raised.set() if alarm.active else None)
    node.start()
    seconds(node, clock, row, 4, 100.0, 50.0, 0.0)
    assert raised.wait(60)
    alarm, = node.alarm_list()
    assert alarm.state is AlarmState.UNACKNOWLEDGED and alarm.causes[0] == "cell/flow"
    assert node.act_on_alarm("cell", "acknowledge", by="ana").state is AlarmState.ACKNOWLEDGED
    node.close()
    again = Node(load(), tmp_path, clock=clock, settings=NodeSettings(control_port=None))
    returned = threading.Event()
    again.on_alarm.append(lambda alarm: returned.set() if not alarm.active else None)
    assert again.alarm_list()[0].state is AlarmState.ACKNOWLEDGED
    again.start()
    seconds(again, clock, row, 2, 0.0, 0.0, 0.0)
    assert returned.wait(60), "the first decision after a restart settles the condition"
    assert [line.event for line in again.journal()] == ["raised", "acknowledged", "returned"]
    again.close()


def test_every_decision_reaches_publishers_and_the_outbox(node: Node, clock: ManualClock, row: Row) -> None:
    heard: list[Decision] = []
    node.on_decision.append(heard.append)
    seconds(node, clock, row, 5)
    assert node.buffer.flush()
    assert [entry.decision for entry in node.outbox()] == heard
    assert node.acknowledge_outbox(5) == 5 and node.outbox() == []


def test_a_publisher_that_fails_is_said_and_does_not_stop_the_loop(node: Node, clock: ManualClock,
                                                                   row: Row) -> None:
    def broken(_: Decision) -> None:
        raise OSError("port in use")

    node.on_decision.append(broken)
    seconds(node, clock, row, 3)
    assert node.loop.ticks >= 3
    assert node.health().reasons == ("a publisher of decisions failed: OSError: port in use",)


def test_a_disk_that_refuses_degrades_health_and_the_loop_keeps_deciding(
        load: Build, clock: ManualClock, row: Row, tmp_path: Path) -> None:
    settings = NodeSettings(control_port=None, buffer=BufferLimits(interval_s=0.01))
    node = Node(load(), tmp_path, clock=clock, settings=settings)
    node.start()
    node.buffer._db.execute("PRAGMA max_page_count=1")
    for _ in range(200):
        seconds(node, clock, row, 20)
        if not node.buffer.flush():
            break
    report = node.health()
    assert report.state is Health.DEGRADED and "disk buffer cannot write" in report.reasons[0]
    ticks = node.loop.ticks
    seconds(node, clock, row, 3)
    assert node.loop.ticks == ticks + 3
    node.buffer._db.execute("PRAGMA max_page_count=100000")
    assert node.buffer.flush() or node.buffer.flush()
    node.close()


def test_health_changes_are_told(load: Build, clock: ManualClock, row: Row, tmp_path: Path) -> None:
    node = Node(load(), tmp_path, clock=clock, settings=NodeSettings(control_port=None))
    active, degraded = threading.Event(), threading.Event()
    events = {Health.ACTIVE: active, Health.DEGRADED: degraded}
    node.on_health.append(lambda report: events.get(report.state, threading.Event()).set())
    node.start()
    seconds(node, clock, row, 3)
    assert active.wait(60)
    clock.advance(3 * SECOND)
    assert degraded.wait(60)
    node.close()


class Live:
    """A stream of rows in real time."""

    def __init__(self, period_s: float, rows: int, fail: Exception | None = None) -> None:
        self.period_s, self.rows, self.fail = period_s, rows, fail

    async def __aiter__(self) -> AsyncIterator[Samples]:
        for _ in range(self.rows):
            yield Samples.row(TAGS, SystemClock().now(), np.ones(3))
            await asyncio.sleep(self.period_s)
        if self.fail:
            raise self.fail


async def test_running_on_a_live_stream_ticks_on_time_and_stops_at_its_end(load: Build, tmp_path: Path) -> None:
    node = Node(load(period_ns=20 * MS), tmp_path, settings=NodeSettings(control_port=None))
    await node.run(aiter(Live(0.02, 20)))
    assert node.loop.ticks + node.grid.missed >= 18
    assert node.health() == HealthReport(Health.STOPPED, ("the input ended",))


async def test_stopping_from_another_thread_ends_the_run(load: Build, tmp_path: Path) -> None:
    node = Node(load(period_ns=20 * MS), tmp_path, settings=NodeSettings(control_port=None))
    node.on_decision.append(lambda _: threading.Thread(target=node.stop, args=("enough",)).start())
    await asyncio.wait_for(node.run(aiter(Live(0.02, 10_000))), 60)
    assert node.health().reasons == ("enough",)


async def test_a_connectors_error_passes_through_and_files_are_closed(load: Build, tmp_path: Path) -> None:
    node = Node(load(period_ns=20 * MS), tmp_path, settings=NodeSettings(control_port=None))
    with pytest.raises(EnvironmentFailed, match="the server refused"):
        await node.run(aiter(Live(0.0, 1, EnvironmentFailed("the server refused"))))
    with pytest.raises(Refused, match="started already"):
        node.start()


def test_alarm_types_are_the_cores(node: Node) -> None:
    alarm, = node.alarm_list()
    assert alarm == Alarm("cell", AlarmState.NORMAL, False, 0, 0)
