"""Figures of EEMUA 191 and ISA-18.2, against their definitions said plainly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.app.backtest import Episode
from lineshaft.app.console.alarms import rates
from lineshaft.app.console.alarms.rates import DAY, HOUR, MINUTE, TEN_MINUTES
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause

GAPS = st.lists(st.integers(0, 400), max_size=60)


def onsets(gaps: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.cumsum(np.array(gaps, np.int64)) * SECOND


def within(times: Sequence[int], start: int, width: int) -> int:
    return sum(start <= time < start + width for time in times)


def episode(start: int, end: int, *tags: str, peak: float = 1.5) -> Episode:
    return Episode(start, end, 0, peak, tuple(Cause(tag, 0.5) for tag in tags), 0.99, False, 1)


@settings(deadline=None)
@given(GAPS)
def test_every_ten_minutes_with_more_than_ten_alarms_lie_in_a_flood_and_no_others_begin_one(gaps: list[int]) -> None:
    times = onsets(gaps).tolist()
    found = rates.floods(onsets(gaps))
    for time in times:
        if within(times, time, TEN_MINUTES) > 10:
            assert any(flood.start <= time < flood.end for flood in found)
    for flood in found:
        assert within(times, flood.start, TEN_MINUTES) > 10


@settings(deadline=None)
@given(GAPS)
def test_a_flood_lasts_until_fewer_than_five_came_in_ten_minutes(gaps: list[int]) -> None:
    times = onsets(gaps).tolist()
    for flood in rates.floods(onsets(gaps)):
        inside = [time for time in times if flood.start <= time < flood.end]
        assert len(inside) == flood.alarms
        assert within(times, flood.end - TEN_MINUTES + 1, TEN_MINUTES) < 5
        for before, after in pairwise(inside[10:]):  # from the eleventh on there were five at every moment
            assert within(times, after - TEN_MINUTES, TEN_MINUTES) >= 5, before


@settings(deadline=None)
@given(GAPS)
def test_floods_come_one_after_the_other(gaps: list[int]) -> None:
    found = rates.floods(onsets(gaps))
    assert all(one.end <= other.start for one, other in pairwise(found))


@settings(deadline=None)
@given(GAPS)
def test_what_chatters_came_three_times_within_a_minute(gaps: list[int]) -> None:
    times = onsets(gaps).tolist()
    found = rates.chattering(onsets(gaps))
    for place in range(len(times) - 2):
        three = times[place], times[place + 2]
        inside = any(burst.start <= three[0] and three[1] <= burst.end for burst in found)
        assert inside or three[1] - three[0] > MINUTE
    assert all(burst.alarms == sum(burst.start <= time <= burst.end for time in times) >= 3 for burst in found)
    assert all(one.end < other.start for one, other in pairwise(found))


@settings(deadline=None)
@given(GAPS, st.integers(1, 2000))
def test_most_within_a_time_is_the_greatest_count_from_any_alarm_on(gaps: list[int], width: int) -> None:
    times = onsets(gaps).tolist()
    most = max((within(times, time, width * SECOND) for time in times), default=0)
    assert rates.most_within(onsets(gaps), width * SECOND) == most


@settings(deadline=None)
@given(GAPS, st.integers(0, 4000), st.integers(0, 9000), st.integers(1, 3000))
def test_bars_hold_every_alarm_of_the_time_once(gaps: list[int], start: int, length: int, step: int) -> None:
    counts = rates.per_step(onsets(gaps), start, start + length * SECOND, step * SECOND)
    assert sum(counts) == within(onsets(gaps).tolist(), start, length * SECOND)
    assert len(counts) == -(-length // step)


def test_the_tag_that_came_first_most_often_leads() -> None:
    found = rates.top([episode(0, 9, "flow", "level"), episode(20, 29, "level"), episode(40, 44, "level"),
                       episode(60, 61)], 1)
    assert [(one.tag, one.alarms, one.stood_ns) for one in found] == [("level", 2, 15), ("flow", 1, 10), ("", 1, 2)]


def test_no_more_than_ten_lead() -> None:
    assert len(rates.top([episode(at, at, f"tag{at}") for at in range(30)], 1)) == 10


def test_an_alarm_from_before_counts_as_standing_but_not_as_new() -> None:
    old, new = episode(0, 30 * HOUR, "flow"), episode(31 * HOUR, 32 * HOUR, "flow")
    found = rates.figures([old, new], 24 * HOUR, 48 * HOUR, 24 * HOUR, SECOND)
    assert found.alarms == 1 and found.stale == (old,)
    assert found.stood_ns == 7 * HOUR + 2 * SECOND
    assert found.counts[7] == 1 and sum(found.counts) == 1 and found.step == HOUR


def test_many_days_are_shown_by_the_day() -> None:
    found = rates.figures([], 0, 30 * DAY, 0, SECOND)
    assert found.step == DAY and len(found.counts) == 30


@pytest.mark.parametrize(("watched", "known"), [(0, 0), (HOUR // 2, 3), (HOUR, 5)])
def test_what_was_not_watched_long_enough_has_no_mean(watched: int, known: int) -> None:
    found = rates.figures([episode(5, 9, "flow")], 0, 24 * HOUR, watched, SECOND)
    assert sum(one.value is not None for one in found.benchmarks) == known


def test_the_mean_is_over_the_time_that_was_watched() -> None:
    came = [episode(hour * HOUR, hour * HOUR + 1, "flow") for hour in range(6)]
    found = rates.figures(came, 0, 24 * HOUR, 3 * HOUR, SECOND)
    assert {one.name: one.value for one in found.benchmarks}["per_hour"] == 2.0
