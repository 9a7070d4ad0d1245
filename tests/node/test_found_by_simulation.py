"""What the simulated worlds of ``tests/faults/simulation`` found, each as the shortest story that shows it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lineshaft.core.background import Threads
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.decision import Source
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.health import Health
from lineshaft.core.sample import Sample, Samples
from lineshaft.node.agent import Node, NodeSettings
from lineshaft.node.align import LatestValues
from lineshaft.node.buffer import DiskBuffer
from lineshaft.node.disk import Disk, open_disk
from lineshaft.node.fallback import FallbackPolicy
from lineshaft.node.grid import TickGrid
from lineshaft.node.loop import Candidate, Loop, LoopSettings
from lineshaft.node.seat import Loaded, Seat
from lineshaft.node.swap import prepare

Build = Callable[..., Loaded]
Row = Callable[..., Samples]


def tick(loop: Loop, clock: ManualClock, row: Row, *values: float, count: int = 1) -> None:
    for _ in range(count):
        clock.advance(SECOND)
        loop.feed(row(*(values or (10.0, 20.0, 5.0))), clock.now())
        loop.tick(clock.now())


def with_last_good(load: Build, clock: ManualClock, row: Row, good: int = 2) -> tuple[Loop, Any, Any]:
    """A loop on its second bundle; the engines of both, the newer first."""
    loop = Loop(load(), clock=clock, settings=LoopSettings(fallback=FallbackPolicy(misses=1, good=good)))
    old = loop.bundle.engine
    newer = load(version=2)
    loop.offer(Candidate(Seat(newer, loop.table.tags)))
    loop.fallback.exchange(Seat(newer, loop.table.tags))
    loop._candidate, loop._busy = None, True
    return loop, newer.engine, old


def test_an_engine_that_raised_in_mid_step_begins_again_from_zero_state(load: Build, clock: ManualClock,
                                                                         row: Row) -> None:
    loop, engine, _ = with_last_good(load, clock, row, good=1)
    tick(loop, clock, row, count=4)
    engine.fail = RuntimeError("gone")
    tick(loop, clock, row)
    engine.fail = None
    tick(loop, clock, row, count=2)
    assert loop.source is Source.BUNDLE
    assert loop.recent[-1][1] == pytest.approx(0.7), "two ticks since its failure, none of those before"


def test_a_bundle_that_is_left_for_being_late_is_stepped_once_in_that_tick(load: Build, clock: ManualClock,
                                                                           row: Row) -> None:
    loop, engine, _ = with_last_good(load, clock, row)
    engine.cost_ns = SECOND
    tick(loop, clock, row)
    assert engine.steps == 1 and loop.source is not Source.BUNDLE


def test_rolling_back_while_the_last_good_bundle_stands_in_steps_it_once_a_tick(load: Build, clock: ManualClock,
                                                                               row: Row) -> None:
    loop, engine, old = with_last_good(load, clock, row)
    engine.fail = RuntimeError("gone")
    tick(loop, clock, row, count=2)
    seat = loop.fallback.last_good
    assert seat is not None and loop.source is Source.LAST_GOOD
    loop.offer(Candidate(seat))
    tick(loop, clock, row)
    before = old.steps
    tick(loop, clock, row, count=3)
    assert loop.bundle is seat and loop.fallback.last_good is None
    assert old.steps == before + 3


def test_an_alarm_that_is_no_number_is_a_failure_and_not_a_quiet_plant(load: Build, clock: ManualClock,
                                                                       row: Row) -> None:
    loop = Loop(load(), clock=clock)
    engine: Any = loop.bundle.engine
    step = engine.step

    def no_number() -> None:
        step()
        engine.out["alarm"][:] = np.nan

    loop.bundle._step = no_number
    tick(loop, clock, row)
    assert loop.source is Source.SAFE and loop.recent[-1][2]


def test_what_fails_between_an_offer_and_its_tick_does_not_take_over(load: Build, clock: ManualClock,
                                                                     row: Row) -> None:
    loop, _, old = with_last_good(load, clock, row)
    seat = loop.fallback.last_good
    assert seat is not None
    candidate = Candidate(seat)
    loop.offer(candidate)
    old.fail = RuntimeError("gone")
    tick(loop, clock, row)
    assert candidate.taken.is_set() and "failed before" in candidate.failed
    assert loop.bundle is not seat


def test_an_engine_that_raises_in_its_preparation_is_a_refusal_with_the_reason(load: Build, clock: ManualClock) -> None:
    newer = load(version=2)
    newer.engine.fail = RuntimeError("the library gave up")  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="RuntimeError: the library gave up"):
        prepare(Loop(load(), clock=clock), lambda: newer)


def test_a_bundle_with_a_shorter_limit_of_age_masks_by_its_own_limit() -> None:
    table = LatestValues(("a",), 50)
    table.feed(Samples.row(("a",), 10, np.array([1.0])), horizon=10, now=10)
    table.align(10)
    table.stale_after(5)
    table.align(12)
    assert table.quality.tolist() == [1.0]
    table.feed(Samples.row(("a",), 11, np.array([2.0])), horizon=20, now=12)
    table.align(17)
    assert table.quality.tolist() == [0.0] and table.masked[0].reason.endswith("limit 5 ns")


def test_a_value_later_than_the_tick_of_a_clock_set_back_waits_for_its_own() -> None:
    table = LatestValues(("a",), 100)
    table.feed(Samples.row(("a",), 90, np.array([9.0])), horizon=90, now=90)
    table.clock_stepped_back(40, coming=50)
    table.align(50)
    assert table.quality.tolist() == [0.0] and "ahead" in table.masked[0].reason
    table.feed(Samples.row(("a",), 55, np.array([5.0])), horizon=60, now=55)
    table.align(60)
    assert table.x.tolist() == [5.0], "what lies ahead does not shut out what comes now"
    table.align(90)
    assert table.x.tolist() == [9.0]


def test_samples_that_wait_survive_a_clock_set_back() -> None:
    table = LatestValues(("a",), 100)
    table.feed(Samples.of([Sample("a", 70, 7.0)]), horizon=50, now=45)
    table.clock_stepped_back(35, coming=40)
    table.align(70)
    assert table.x.tolist() == [7.0]


def test_input_that_stops_when_the_clock_is_set_back_is_said_within_two_periods(load: Build, clock: ManualClock,
                                                                                row: Row, tmp_path: Path) -> None:
    node = Node(load(), tmp_path, clock=clock, settings=NodeSettings(control_port=None))
    node.start()
    for _ in range(3):
        clock.advance(SECOND)
        node.feed(row(1.0, 2.0, 3.0))
    node.clock = Shifted(clock, -4 * SECOND)
    node.poll()
    clock.advance(2 * SECOND)
    node.poll()
    report = node.health()
    node.close()
    assert report.state is Health.DEGRADED and any("no value has arrived" in reason for reason in report.reasons)


class Shifted:
    """A clock whose reading of the wall was set."""

    def __init__(self, clock: ManualClock, by: int) -> None:
        self._clock, self._by = clock, by

    def now(self) -> int:
        return self._clock.now() + self._by

    def monotonic(self) -> int:
        return self._clock.monotonic()


def test_a_jump_of_the_clock_is_told_for_a_minute_also_when_it_was_set_back_since() -> None:
    grid = TickGrid(SECOND, now=100 * SECOND, monotonic=0)
    grid.stepped(4000 * SECOND, SECOND)
    grid.stepped(102 * SECOND, 2 * SECOND)
    assert [jump.at for jump in grid.jumps] == [102 * SECOND, 102 * SECOND], "none lies an hour ahead"


def test_a_disk_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    class Unreadable:
        def __init__(self, disk: Disk) -> None:
            self._disk, self.broken = disk, False

        def __getattr__(self, name: str) -> Any:
            if self.broken and name == "execute":
                raise sqlite3.OperationalError("disk I/O error")
            return getattr(self._disk, name)

    made: list[Unreadable] = []

    def opened(path: Path) -> Any:
        made.append(Unreadable(open_disk(path)))
        return made[0]

    buffer = DiskBuffer(tmp_path, loop="cell", opened=opened)
    made[0].broken = True
    for read in (buffer.pending, buffer.journal, buffer.alarms, lambda: buffer.acknowledge(1)):
        with pytest.raises(EnvironmentFailed, match=r"cannot read \(disk I/O error\)"):
            read()
    made[0].broken = False
    buffer.close()


def test_a_number_of_a_disk_that_was_replaced_acknowledges_nothing_on_the_new_one(tmp_path: Path) -> None:
    old = DiskBuffer(tmp_path / "old", loop="cell")
    new = DiskBuffer(tmp_path / "new", loop="cell")
    for buffer in (old, new):
        buffer.put((1, 0.5, False, 0.9, 1, False, 0, (), (), "sha256:1", None))
        assert buffer.flush()
    fetched, = old.pending()
    with pytest.raises(Refused, match="another outbox"):
        new.acknowledge(fetched.sequence, fetched.outbox)
    assert len(new.pending()) == 1 and old.acknowledge(fetched.sequence, fetched.outbox) == 1
    for buffer in (old, new):
        buffer.close()


def test_a_job_takes_a_last_turn_when_it_is_stopped_and_none_after() -> None:
    turns: list[int] = []
    came = threading.Event()

    def turn() -> None:
        turns.append(1)
        came.set()

    job = Threads().every(3600.0, turn, "a job")
    job.wake()
    assert came.wait(60)
    job.stop()
    count = len(turns)
    job.stop()
    assert count >= 2 and len(turns) == count
