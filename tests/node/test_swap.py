"""Another bundle takes over between two ticks, or nothing changes and a sentence says why."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.decision import Source
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.sample import Samples
from lineshaft.node.agent import Node
from lineshaft.node.loop import Candidate, Loop
from lineshaft.node.seat import Loaded, Seat
from lineshaft.node.swap import PacedEngine, catch_up, exchange, prepare

Build = Callable[..., Loaded]
Row = Callable[..., Samples]


def tick(node: Node, clock: ManualClock, row: Row, *values: float, count: int = 1) -> None:
    for _ in range(count):
        clock.advance(SECOND)
        node.feed(row(*(values or (10.0, 20.0, 5.0))))


def bring(node: Node, clock: ManualClock, row: Row, act: Callable[[], str]) -> list[str]:
    """Run the action on a thread while the loop goes on; its answer."""
    answer: list[str] = []
    thread = threading.Thread(target=lambda: answer.append(act()))
    thread.start()
    while thread.is_alive():
        tick(node, clock, row)
        thread.join(0.001)
    return answer


def test_a_swap_carries_on_from_the_same_inputs(node: Node, load: Build, clock: ManualClock, row: Row) -> None:
    tick(node, clock, row, count=10)
    answer = bring(node, clock, row, lambda: node.swap(lambda: load(version=2, gain=2.0)))
    assert answer == [f"sha256:{2:064x}"]
    tick(node, clock, row)
    words = node.decisions()
    assert {round(word.score, 3) for word in words[4:]} == {1.4, 2.8}, "no cold window in between"
    assert words[-1].bundle == answer[0] and node.loop.swaps == 1
    assert [b.time - a.time for a, b in itertools.pairwise(words)] == [SECOND] * (len(words) - 1)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"refuse": "tick 7 differs"}, "tick 7 differs"),
    ({"loop": "other"}, "loop is 'other'"),
    ({"period_ns": 2 * SECOND}, "period is"),
    ({"tags": ("cell/flow", "cell/new")}, "reads 1 tags that this node does not: cell/new"),
    ({"version": 1}, "version 1 is older than 5"),
])
def test_a_refused_bundle_changes_nothing_and_says_why(load: Build, clock: ManualClock, change: dict[str, Any],
                                                       sentence: str) -> None:
    loop = Loop(load(version=5), clock=clock)
    before = loop.bundle
    with pytest.raises(Refused, match=sentence):
        prepare(loop, lambda: load(**{"version": 6, **change}))
    assert loop.bundle is before and loop.fallback.last_good is None


def test_a_bundle_with_fewer_tags_in_another_order_fits(node: Node, load: Build, clock: ManualClock,
                                                        row: Row) -> None:
    tick(node, clock, row, count=4)
    bring(node, clock, row, lambda: node.swap(lambda: load(version=2, tags=("cell/pressure", "cell/flow"))))
    tick(node, clock, row)
    engine: Any = node.loop.bundle.engine
    assert engine.x.tolist() == [[5.0, 10.0]]


def test_the_rule_limits_change_with_the_bundle(node: Node, load: Build, clock: ManualClock, row: Row) -> None:
    tick(node, clock, row, count=2)
    newer = load(version=2, limits={"cell/flow": (0.0, 8.0)})
    bring(node, clock, row, lambda: node.swap(lambda: newer))
    newer.engine.fail = ValueError("no")  # type: ignore[attr-defined]
    node.loop.fallback.last_good = None
    tick(node, clock, row)
    word = node.decisions()[-1]
    assert word.source is Source.RULES and [cause.tag for cause in word.causes] == ["cell/flow"]


def test_when_no_tick_comes_the_offer_is_taken_back(load: Build, clock: ManualClock, row: Row) -> None:
    loop = Loop(load(), clock=clock)
    candidate = prepare(loop, lambda: load(version=2))
    with pytest.raises(EnvironmentFailed, match="no tick came"):
        exchange(loop, candidate, timeout_s=0.01)
    loop.tick(clock.now())
    assert loop.swaps == 0


def test_an_engine_that_fails_on_the_live_inputs_is_refused(load: Build, clock: ManualClock) -> None:
    loop = Loop(load(), clock=clock)
    loop.tick(clock.now())
    bad = load(version=2)
    seat = Seat(bad, loop.table.tags)
    bad.engine.fail = ValueError("shape")  # type: ignore[attr-defined]
    candidate = Candidate(seat, position=0)
    loop.offer(candidate)
    loop.tick(clock.now())
    assert candidate.taken.is_set() and "shape" in candidate.failed
    assert loop.bundle is not seat


def test_rolling_back_puts_the_bundle_before_in_place_again(node: Node, load: Build, clock: ManualClock,
                                                            row: Row) -> None:
    tick(node, clock, row, count=4)
    with pytest.raises(Refused, match="no earlier bundle"):
        node.rollback()
    bring(node, clock, row, lambda: node.swap(lambda: load(version=2, gain=2.0)))
    assert bring(node, clock, row, node.rollback) == [f"sha256:{1:064x}"]
    tick(node, clock, row)
    assert node.decisions()[-1].score == pytest.approx(1.4)


def test_a_shadow_decides_beside_and_takes_over_when_promoted(node: Node, load: Build, clock: ManualClock,
                                                              row: Row) -> None:
    tick(node, clock, row, 5.0, 5.0, 5.0, count=6)
    with pytest.raises(Refused, match="no shadow"):
        node.promote()
    bring(node, clock, row, lambda: node.start_shadow(lambda: load(version=2, gain=3.0)))
    tick(node, clock, row, 5.0, 5.0, 5.0, count=6)
    assert node.decisions()[-1].score == pytest.approx(0.6), "nothing acts on the shadow"
    shadow = node.loop.shadow
    assert shadow is not None
    figures = shadow.comparison()
    assert shadow.records[-1][1] == pytest.approx(1.8) and figures.agree < 1.0 and figures.alarms > 0
    bring(node, clock, row, node.promote)
    tick(node, clock, row, 5.0, 5.0, 5.0, count=5)
    assert node.decisions()[-1].score == pytest.approx(1.8)
    assert node.loop.shadow is None


def test_a_shadow_that_fails_ends_and_the_loop_goes_on(node: Node, load: Build, clock: ManualClock,
                                                       row: Row) -> None:
    tick(node, clock, row)
    other = load(version=2)
    bring(node, clock, row, lambda: node.start_shadow(lambda: other))
    other.engine.fail = float("nan")  # type: ignore[attr-defined]
    before = node.loop.ticks
    tick(node, clock, row, count=3)
    assert node.loop.ticks == before + 3
    with pytest.raises(Refused, match="the shadow failed"):
        node.promote()


def test_preparation_leaves_most_of_the_time_to_the_loop(load: Build) -> None:
    rests: list[float] = []
    engine = load().engine
    paced = PacedEngine(engine, rest=50, sleep=rests.append)
    paced.step()
    assert len(rests) == 1 and rests[0] > 0
    assert paced.out is engine.out


def test_a_loop_too_fast_to_follow_warms_the_candidate_itself(load: Build, clock: ManualClock, row: Row) -> None:
    loop = Loop(load(), clock=clock)

    def tick() -> None:
        clock.advance(SECOND)
        loop.feed(row(10.0, 20.0, 5.0), clock.now())
        loop.tick(clock.now())

    tick()
    newer = load(version=2, gain=2.0)
    seat = Seat(newer, loop.table.tags)
    step = newer.engine.step

    def while_the_loop_goes_round_its_whole_history() -> None:
        step()
        for _ in range(loop.history.length):
            tick()

    seat._step = while_the_loop_goes_round_its_whole_history
    candidate = Candidate(seat, catch_up(seat, loop.history))
    seat._step = step
    loop.offer(candidate)
    for _ in range(loop.history.length):
        tick()
    assert candidate.taken.is_set() and not candidate.failed
    assert loop.bundle is seat and loop.recent[-1][1] == pytest.approx(2.8)
