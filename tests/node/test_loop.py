"""One tick after the other: decisions, causes, deadlines and the declared order of fallbacks."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.decision import Source
from lineshaft.core.errors import Refused
from lineshaft.core.sample import Samples
from lineshaft.core.step import Port, StepSignature
from lineshaft.node.fallback import FallbackPolicy
from lineshaft.node.loop import Candidate, Loop, LoopSettings
from lineshaft.node.record import Record
from lineshaft.node.seat import Loaded, Seat

Build = Callable[..., Loaded]
Row = Callable[..., Samples]
SETTINGS = LoopSettings(fallback=FallbackPolicy(misses=3, good=4))
LIMITS = {"cell/flow": (0.0, 100.0), "cell/level": (None, 60.0)}


class Rig:
    """A loop, its engine, and its time."""

    def __init__(self, loaded: Loaded, clock: ManualClock, row: Row) -> None:
        self.records: list[Record] = []
        self.loop = Loop(loaded, clock=clock, settings=SETTINGS, emit=self.records.append)
        self.engine: Any = loaded.engine
        self.clock, self.row = clock, row

    def tick(self, *values: float, count: int = 1) -> Source:
        for _ in range(count):
            self.clock.advance(SECOND)
            now = self.clock.now()
            self.loop.feed(self.row(*(values or (10.0, 20.0, 5.0))), now)
            self.loop.tick(now)
        return self.loop.source


@pytest.fixture
def rig(load: Build, clock: ManualClock, row: Row) -> Rig:
    return Rig(load(limits=LIMITS), clock, row)


def test_a_decision_says_when_what_how_sure_and_whose(rig: Rig) -> None:
    rig.tick(10.0, 20.0, 30.0)
    word = rig.loop.latest
    assert word is not None
    assert (word.loop, word.time, word.alarm, word.source) == ("cell", rig.clock.now(), False, Source.BUNDLE)
    assert word.score == pytest.approx(0.6)
    assert word.confidence == pytest.approx(0.99)
    assert word.bundle.endswith("1") and not word.masked


def test_causes_are_shares_in_order_from_half_the_limit_on(rig: Rig) -> None:
    rig.tick(1.0, 1.0, 1.0)
    assert rig.records[-1][8] == ()
    rig.tick(60.0, 30.0, 10.0)
    causes: dict[str, float] = dict(rig.records[-1][8])
    assert list(causes) == ["cell/flow", "cell/level", "cell/pressure"]
    assert sum(causes.values()) == pytest.approx(1.0)


def test_a_masked_tag_is_named_in_the_decision(rig: Rig) -> None:
    rig.tick()
    rig.clock.advance(SECOND)
    rig.loop.feed(rig.row(1.0, 2.0, 3.0, quality=0x808C0000), rig.clock.now())
    rig.loop.tick(rig.clock.now())
    word = rig.loop.latest
    assert word is not None and word.masked == ("cell/flow", "cell/level", "cell/pressure")
    assert rig.engine.quality.tolist() == [[0.0, 0.0, 0.0]]


def test_the_alarm_hook_sees_changes_only(load: Build, clock: ManualClock, row: Row) -> None:
    changes: list[bool] = []
    loop = Loop(load(), clock=clock, on_alarm=lambda record: changes.append(record[2]))
    for value in (0.0, 0.0, 200.0, 200.0, 0.0, 0.0, 0.0, 0.0, 0.0):
        clock.advance(SECOND)
        loop.feed(row(value, 0.0, 0.0), clock.now())
        loop.tick(clock.now())
    assert changes == [False, True, False]


@pytest.mark.parametrize("failure", [ValueError("shape"), float("nan"), float("inf")])
def test_a_failing_bundle_is_answered_by_the_rules_in_the_very_tick(rig: Rig, failure: Exception | float) -> None:
    rig.tick()
    rig.engine.fail = failure
    assert rig.tick(150.0, 20.0, 5.0) is Source.RULES
    word = rig.loop.latest
    assert word is not None and word.alarm and word.score == pytest.approx(2.0)
    assert [cause.tag for cause in word.causes] == ["cell/flow"]
    assert word.bundle == ""
    assert "failed" in rig.loop.fallback.reason


def test_the_last_good_bundle_comes_before_the_rules(rig: Rig, load: Build) -> None:
    rig.tick(count=2)
    newer = load(version=2, gain=2.0, limits=LIMITS)
    rig.loop.offer(Candidate(Seat(newer, rig.loop.table.tags), 0))
    rig.tick(count=6)
    assert rig.records[-1][9].endswith("2")
    newer.engine.fail = RuntimeError("device lost")  # type: ignore[attr-defined]
    assert rig.tick() is Source.LAST_GOOD
    assert rig.records[-1][9].endswith("1")
    assert rig.records[-1][1] == pytest.approx(4 * 35 / 100), "it was kept warm, so its window is full"
    rig.engine.fail = RuntimeError("device lost too")
    assert rig.tick() is Source.RULES
    assert "device lost" in rig.loop.fallback.reason and "too" in rig.loop.fallback.reason


def test_without_limits_a_failing_bundle_leaves_the_safe_state_which_is_an_alarm(
        load: Build, clock: ManualClock, row: Row) -> None:
    rig = Rig(load(), clock, row)
    rig.engine.fail = ValueError("no")
    assert rig.tick() is Source.SAFE
    assert rig.records[-1][1:4] == (1.0, True, 0.0)


def test_rules_need_a_usable_value(rig: Rig) -> None:
    rig.engine.fail = ValueError("no")
    rig.loop.tick(rig.clock.now())
    assert rig.loop.source is Source.SAFE


def test_late_decisions_are_counted_and_three_in_a_row_switch_over(rig: Rig) -> None:
    rig.engine.cost_ns = SECOND // 5
    assert rig.tick(count=2) is Source.BUNDLE
    rig.engine.cost_ns = 0
    rig.tick()
    rig.engine.cost_ns = SECOND // 5
    rig.tick(count=3)
    assert rig.loop.misses == 5
    assert rig.tick() is Source.RULES
    assert rig.loop.fallback.reason == "3 decisions in a row were later than the deadline"


def test_the_bundle_returns_after_good_ticks_beside(rig: Rig) -> None:
    rig.tick()
    rig.engine.fail = float("nan")
    rig.tick(count=3)
    rig.engine.fail = None
    assert rig.tick(count=4) is Source.BUNDLE
    rig.tick()
    assert rig.records[-1][6] == 0
    assert rig.records[-1][1] == pytest.approx(4 * 35 / 100), "its window is full again"
    assert rig.loop.fallback.reason == ""


def test_a_bundle_that_stays_late_does_not_return(rig: Rig) -> None:
    rig.engine.cost_ns = SECOND // 5
    assert rig.tick(count=20) is Source.RULES


def test_one_sided_limits_score_from_one_outside(rig: Rig) -> None:
    rig.engine.fail = ValueError("no")
    rig.tick(50.0, 59.0, 0.0)
    assert rig.records[-1][1:3] == (0.0, False)
    rig.tick(50.0, 60.0, 0.0)
    assert rig.records[-1][1:3] == (1.0, True)


def test_a_graph_without_score_and_alarm_is_refused(load: Build) -> None:
    loaded = load()
    loaded.engine.signature = StepSignature(3, (Port("energy", (1,)),), ())
    with pytest.raises(Refused, match="are no decision"):
        Seat(loaded, [tag.path for tag in loaded.manifest.tags])


def test_ticks_leave_no_memory_behind(load: Build, clock: ManualClock, row: Row) -> None:
    loop = Loop(load(), clock=clock, settings=LoopSettings(recent=10))

    def tick(count: int) -> None:
        for _ in range(count):
            clock.advance(SECOND)
            loop.feed(row(1.0, 2.0, 3.0), clock.now())
            loop.tick(clock.now())

    tick(50)
    tracemalloc.start()
    tick(10)
    before = tracemalloc.get_traced_memory()[0]
    tick(500)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 5_000
