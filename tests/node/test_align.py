"""The latest-value table: as-of, staleness, quality, and clocks that are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.core import quality as status
from lineshaft.core.sample import Sample, Samples
from lineshaft.node.align import LatestValues

TAGS = ("a", "b", "c")
SAMPLE = st.builds(Sample, st.sampled_from(("a", "b", "c", "stranger")), st.integers(0, 60),
                   st.floats(allow_nan=True, allow_infinity=True),
                   st.sampled_from((status.GOOD, status.UNCERTAIN, status.BAD, status.BAD_SENSOR_FAILURE)))


def table(stale_ns: int = 10) -> LatestValues:
    return LatestValues(TAGS, stale_ns, ahead_ns=100)


def give(to: LatestValues, *samples: Sample, horizon: int = 1000, now: int = 1000) -> None:
    to.feed(Samples.of(samples), horizon=horizon, now=now)


def reasons(of: LatestValues) -> dict[str, str]:
    return {masked.tag: masked.reason for masked in of.masked}


def test_a_tag_that_never_came_is_masked_and_named() -> None:
    t = table()
    give(t, Sample("a", 1, 5.0))
    t.align(2)
    assert t.x.tolist() == [5.0, 0.0, 0.0]
    assert t.quality.tolist() == [1.0, 0.0, 0.0]
    assert reasons(t) == {"b": "never seen", "c": "never seen"}


def test_a_value_turns_stale_by_its_source_time() -> None:
    t = table(stale_ns=10)
    give(t, *(Sample(tag, 5, 1.0) for tag in TAGS))
    t.align(15)
    assert not t.masked
    t.align(16)
    assert set(reasons(t)) == set(TAGS)
    assert "stale" in reasons(t)["a"]
    give(t, *(Sample(tag, 16, 2.0) for tag in TAGS))
    t.align(17)
    assert not t.masked and t.x.tolist() == [2.0, 2.0, 2.0]


def test_a_bad_code_masks_with_its_name_and_an_uncertain_one_does_not() -> None:
    t = table()
    give(t, Sample("a", 1, 5.0, status.BAD_SENSOR_FAILURE), Sample("b", 1, 6.0, status.UNCERTAIN),
         Sample("c", 1, 7.0))
    t.align(2)
    assert t.x.tolist() == [0.0, 6.0, 7.0]
    assert reasons(t) == {"a": "BadSensorFailure"}


def test_the_reason_follows_when_a_masked_tag_turns_bad_for_another_reason() -> None:
    t = table()
    give(t, *(Sample(tag, 1, 1.0, status.BAD_NO_COMMUNICATION) for tag in TAGS))
    t.align(2)
    give(t, *(Sample(tag, 3, 1.0, status.BAD_SENSOR_FAILURE) for tag in TAGS))
    t.align(4)
    assert reasons(t)["a"] == "BadSensorFailure"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_value_that_is_no_float32_is_masked_even_when_its_quality_is_good(value: float) -> None:
    t = table()
    give(t, *(Sample(tag, 1, 1.0) for tag in TAGS))
    t.align(1)
    give(t, Sample("a", 2, value), Sample("b", 2, 1.0), Sample("c", 2, 1.0))
    t.align(2)
    assert t.x.tolist() == [0.0, 1.0, 1.0]
    assert list(reasons(t)) == ["a"]


def test_an_older_sample_never_replaces_a_newer_one() -> None:
    t = table()
    give(t, Sample("a", 9, 9.0), Sample("a", 7, 7.0))
    give(t, Sample("a", 8, 8.0))
    t.align(10)
    assert t.x[0] == 9.0 and t.late == 1


def test_a_correction_at_the_same_source_time_replaces() -> None:
    t = table()
    give(t, Sample("a", 9, 9.0))
    give(t, Sample("a", 9, 9.5))
    t.align(10)
    assert t.x[0] == 9.5


def test_a_sample_later_than_the_tick_waits_for_its_own() -> None:
    t = table()
    give(t, Sample("a", 5, 5.0), Sample("a", 12, 12.0), horizon=10, now=10)
    t.align(10)
    assert t.x[0] == 5.0 and t.waiting
    t.align(12)
    assert t.x[0] == 12.0 and not t.waiting


def test_a_source_clock_far_ahead_is_said_and_not_believed() -> None:
    t = table()
    give(t, Sample("a", 10**12, 1.0), horizon=10, now=10)
    t.align(10)
    assert t.ahead == 1 and reasons(t)["a"] == "source clock 16.7 min ahead"
    give(t, Sample("a", 11, 2.0), horizon=20, now=11)
    t.align(12)
    assert "a" not in reasons(t)


def test_a_reconnected_source_may_report_its_unchanged_value_again() -> None:
    t = table(stale_ns=100)
    give(t, Sample("a", 5, 5.0))
    give(t, Sample("a", 20, float("nan"), status.BAD_NO_COMMUNICATION))
    t.align(21)
    assert reasons(t)["a"] == "BadNoCommunication"
    give(t, Sample("a", 5, 5.0))
    t.align(22)
    assert t.x[0] == 5.0 and "a" not in reasons(t)


def test_after_the_nodes_clock_was_set_back_new_samples_count_again() -> None:
    t = table(stale_ns=50)
    give(t, *(Sample(tag, 5000, 1.0) for tag in TAGS), horizon=5000, now=5000)
    t.align(5000)
    t.clock_stepped_back(1000, coming=1010)
    give(t, *(Sample(tag, 1001, 2.0) for tag in TAGS), horizon=1010, now=1001)
    t.align(1010)
    assert t.x.tolist() == [2.0, 2.0, 2.0] and not t.masked


def test_a_source_that_runs_ahead_for_ever_does_not_fill_the_memory() -> None:
    t = table()
    for i in range(1000):
        give(t, Sample("a", 50 + i % 40, 1.0), horizon=10, now=10)
    assert t.overrun == 1000 - 256


def test_samples_of_other_tags_are_counted_and_left_out() -> None:
    t = table()
    give(t, Sample("stranger", 1, 1.0))
    t.align(1)
    assert t.foreign == 1 and len(t.masked) == 3


@given(st.lists(st.lists(SAMPLE, max_size=8), max_size=8))
def test_a_tick_sees_what_a_replay_of_history_would_see(batches: list[list[Sample]]) -> None:
    """Law: for each tag the newest sample at or before the tick (by source time, then arrival) decides."""
    t = LatestValues(TAGS, 10, ahead_ns=100)
    seen: list[Sample] = []
    for number, batch in enumerate(batches):
        tick = 8 * (number + 1)
        t.feed(Samples.of(batch), horizon=tick, now=tick)
        seen += batch
        t.align(tick)
        for column, tag in enumerate(TAGS):
            due = [s for s in seen if s.tag == tag and s.time <= tick]
            newest = max(due, key=lambda s: s.time) if due else None
            newest = next((s for s in reversed(due) if newest and s.time == newest.time), None)
            usable = (newest is not None and tick - newest.time <= 10 and newest.quality < status.BAD
                      and abs(newest.value) <= float(np.finfo(np.float32).max))
            assert t.quality[column] == usable
            assert t.x[column] == (np.float32(newest.value) if usable and newest else 0)
            assert (tag in reasons(t)) == (not usable)
