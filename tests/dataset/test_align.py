"""As-of alignment: equal to a naive reference, blind to the future, honest about quality and age."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import BAD_SENSOR_FAILURE, GOOD, UNCERTAIN
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.dataset.align import align, grid

TAGS = (Tag("a"), Tag("b"))
Row = tuple[int, float, int]

rows = st.lists(st.tuples(
    st.integers(-20, 120),
    st.one_of(st.floats(-5, 5, width=16), st.just(float("nan")), st.just(float("inf"))),
    st.sampled_from([GOOD, UNCERTAIN, BAD_SENSOR_FAILURE]),
), max_size=25)
limits = st.one_of(st.none(), st.integers(1, 60))


def series(tag: str, found: list[Row]) -> Series:
    return Series(tag, np.array([row[0] for row in found], np.int64),
                  np.array([row[1] for row in found], np.float64),
                  np.array([row[2] for row in found], np.uint32))


def naive(found: list[Row], time: int, stale: int | None) -> tuple[float, bool, int | None]:
    """Walk every sample in order of arrival; among equal times the later one wins."""
    newest: Row | None = None
    for row in found:
        if row[0] <= time and (newest is None or row[0] >= newest[0]):
            newest = row
    if newest is None:
        return float("nan"), False, None
    good = newest[2] < BAD_SENSOR_FAILURE and bool(np.isfinite(newest[1]))
    return newest[1], good and (stale is None or time - newest[0] <= stale), newest[0]


def aligned(a: list[Row], b: list[Row], stale: int | None = None, gap: int | None = None) -> Dataset:
    return align({"a": series("a", a), "b": series("b", b)}, TAGS, grid(0, 100, 10), period_ns=10,
                 stale_ns=stale, gap_ns=gap)


@given(rows, rows, limits)
def test_every_cell_is_what_walking_all_samples_gives(a: list[Row], b: list[Row], stale: int | None) -> None:
    data = aligned(a, b, stale)
    for i, time in enumerate(range(0, 100, 10)):
        for column, found in enumerate((a, b)):
            value, good, _ = naive(found, time, stale)
            np.testing.assert_equal(data.values[i, column], value)
            assert data.good[i, column] == good


@given(rows, rows, rows, limits, limits, st.integers(0, 99))
def test_no_future_sample_changes_a_past_row(a: list[Row], b: list[Row], extra: list[Row],
                                             stale: int | None, gap: int | None, now: int) -> None:
    later = [row for row in extra if row[0] > now]
    kept = [row for row in b if row[0] <= now]
    before, after = aligned(a, b, stale, gap), aligned(a, kept + later, stale, gap)
    past, past_again = before.times <= now, after.times <= now
    for column in ("times", "values", "good", "run"):
        np.testing.assert_equal(getattr(before, column)[past], getattr(after, column)[past_again])


@given(rows, rows, st.integers(1, 60))
def test_rows_after_a_silence_of_all_tags_start_a_new_run(a: list[Row], b: list[Row], gap: int) -> None:
    data = aligned(a, b, gap=gap)
    expected: list[tuple[int, int]] = []
    run, silent = -1, True
    for time in range(0, 100, 10):
        seen = [found for found in (naive(a, time, None)[2], naive(b, time, None)[2]) if found is not None]
        heard = bool(seen) and time - max(seen) <= gap
        run += heard and silent
        silent = not heard
        if heard:
            expected.append((time, run))
    assert list(zip(data.times.tolist(), data.run.tolist(), strict=True)) == expected


@given(rows)
def test_order_of_arrival_of_different_times_does_not_matter(found: list[Row]) -> None:
    unique = list({row[0]: row for row in found}.values())
    first, second = aligned(unique, []), aligned(unique[::-1], [])
    assert first.digest == second.digest


def test_a_bad_value_is_masked_but_kept() -> None:
    data = aligned([(0, 7.0, BAD_SENSOR_FAILURE)], [(0, 1.0, UNCERTAIN)])
    assert data.values[0].tolist() == [7.0, 1.0]
    assert data.good[0].tolist() == [False, True]


def test_a_stale_value_is_masked_but_kept() -> None:
    data = aligned([(0, 7.0, GOOD)], [], stale=20)
    assert data.good[:, 0].tolist() == [True] * 3 + [False] * 7
    assert set(data.values[:, 0].tolist()) == {7.0}


def test_of_two_samples_at_one_time_the_last_to_arrive_counts() -> None:
    assert aligned([(5, 1.0, GOOD), (5, 2.0, GOOD)], []).values[1, 0] == 2.0


def test_a_tag_without_series_is_missing_throughout() -> None:
    data = align({}, TAGS, grid(0, 30, 10), period_ns=10)
    assert not data.good.any()
    assert np.isnan(data.values).all()


def test_a_period_of_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="not positive"):
        grid(0, 10, 0)


def test_all_silent_gives_an_empty_dataset() -> None:
    empty: NDArray[np.int64] = aligned([], [], gap=10).times
    assert len(empty) == 0
