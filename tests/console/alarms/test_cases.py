"""The past alarms that help: those that blamed the same, and about which somebody said something."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineshaft.app.backtest import Episode
from lineshaft.app.console.alarms.cases import AFTER_NS, Records, nearest, similarity
from lineshaft.core.alarm import AlarmState
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause
from lineshaft.core.feedback import Feedback, Note, Verdict
from lineshaft.node.alarms import SYSTEM, Transition

CAUSES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.001, 1.0), max_size=6).map(
    lambda shares: tuple(Cause(tag, share) for tag, share in shares.items()))
LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOTHING = Records((), (), ())


def episode(at: int, **shares: float) -> Episode:
    causes = tuple(Cause(tag, share) for tag, share in shares.items())
    return Episode(at * SECOND, (at + 5) * SECOND, 0, 1.5, causes, 0.99, False, 6)


def acted(at: int, event: str = "acknowledged", by: str = "ana") -> Transition:
    return Transition(at * SECOND, "cell", event, AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED, by)


@LAW
@given(CAUSES, CAUSES)
def test_similarity_is_a_share_and_the_same_both_ways(one: tuple[Cause, ...], other: tuple[Cause, ...]) -> None:
    assert 0.0 <= similarity(one, other) <= 1.0
    assert similarity(one, other) == similarity(other, one)


@LAW
@given(CAUSES, st.floats(0.01, 1.0))
def test_only_proportions_count(causes: tuple[Cause, ...], factor: float) -> None:
    scaled = [replace(cause, share=cause.share * factor) for cause in causes]
    assert similarity(causes, scaled) == pytest.approx(1.0 if causes else 0.0)


@LAW
@given(CAUSES, CAUSES)
def test_no_tag_in_common_is_no_similarity(one: tuple[Cause, ...], other: tuple[Cause, ...]) -> None:
    foreign = [replace(cause, tag=f"x{cause.tag}") for cause in other]
    assert similarity(one, foreign) == 0.0


def test_only_what_began_before_is_a_past_case() -> None:
    target = episode(100, flow=0.8)
    known = [episode(10, flow=0.5), target, episode(200, flow=0.8)]
    assert [case.occurrence for case in nearest(target, known, NOTHING)] == known[:1]


def test_what_blames_other_tags_is_no_case() -> None:
    assert nearest(episode(100, flow=0.8), [episode(10, level=0.8), episode(20, flow=0.1, level=0.9)], NOTHING) == []


def test_of_those_about_as_similar_the_one_that_somebody_noted_something_about_comes_first() -> None:
    target = episode(100, flow=0.8, level=0.1)
    silent, told = episode(50, flow=0.8, level=0.1), episode(10, flow=0.8, level=0.12)
    far = episode(60, flow=0.5, level=0.4)
    records = Records((), [Note("cell", told.start, "changed the filter")], ())
    assert [case.occurrence for case in nearest(target, [told, silent, far], records)] == [told, silent, far]


def test_the_newest_verdict_is_the_one_that_stands() -> None:
    one = episode(10, flow=1.0)
    wrong = Feedback("cell", one.start, one.end, Verdict.BAD, alarm=True, given=1)
    right, missed = replace(wrong, verdict=Verdict.GOOD, given=2), replace(wrong, alarm=False, given=3)
    assert Records([right, wrong, missed], (), ()).of(one).verdict == right


def test_acts_of_people_belong_to_the_alarm_until_the_next_one_comes() -> None:
    one = episode(10, flow=1.0)
    journal = [acted(9), acted(10, "raised", SYSTEM), acted(12), acted(17, "shelved"), acted(25)]
    found = Records((), (), journal).of(one, until=20 * SECOND).acts
    assert [line.time // SECOND for line in found] == [12, 17]


def test_an_act_long_after_the_end_belongs_to_no_alarm() -> None:
    one = episode(10, flow=1.0)
    assert Records((), (), [acted(15 + AFTER_NS // SECOND + 1)]).of(one).acts == ()


def test_no_more_cases_than_asked_for() -> None:
    assert len(nearest(episode(100, a=1.0), [episode(at, a=1.0) for at in range(20)], NOTHING, most=3)) == 3
