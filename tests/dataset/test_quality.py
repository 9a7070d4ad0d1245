"""Each fault put into clean data is found, named and counted; clean data is left in peace."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lineshaft.core.clock import SECOND
from lineshaft.core.quality import BAD_SENSOR_FAILURE
from lineshaft.core.tag import Tag
from lineshaft.dataset import Recording
from lineshaft.dataset.quality import (
    Finding,
    Kind,
    QualityReport,
    Unusable,
    assess,
    assess_recordings,
    overall,
    sentence,
)
from lineshaft.dataset.quality.values import median_of_five

ROWS = 2_000
TIMES = np.arange(ROWS, dtype=np.int64) * SECOND
HOUR = 3_600 * SECOND


def clean() -> NDArray[np.float64]:
    noise = np.random.default_rng(7).normal(size=ROWS)
    return 20 + np.sin(np.arange(ROWS) / 50) + 0.1 * noise


def quality_of(values: NDArray[np.float64], times: NDArray[np.int64] = TIMES, tag: Tag | None = None,
               quality: NDArray[np.uint32] | None = None) -> QualityReport:
    codes = None if quality is None else quality[:, None]
    return assess_recordings([tag or Tag("a", unit="Cel")], [Recording(times, values[:, None], codes)])


def found(report: QualityReport, kind: Kind) -> Finding:
    [one] = [one for one in report.all_findings if one.kind is kind]
    return one


def kinds(report: QualityReport) -> set[Kind]:
    return {one.kind for one in report.all_findings}


def test_clean_data_has_no_findings_and_its_noise_is_measured() -> None:
    report = quality_of(clean())
    assert report.all_findings == ()
    assert report.tags[0].noise == pytest.approx(0.1, rel=0.1)
    assert overall(report) == "All 1 tags can be used (2,000 samples a tag over 33.3 min)."


def test_missing_values_are_counted_with_their_stretches() -> None:
    values = clean()
    values[100:160] = np.nan
    one = found(quality_of(values), Kind.MISSING)
    assert (one.count, one.share) == (60, 0.03)
    assert one.spans == ((100 * SECOND, 159 * SECOND),)
    assert sentence(one, "Cel") == "a: 60 values are missing (3 %)."


def test_what_the_source_marked_bad_is_not_called_missing() -> None:
    codes = np.zeros(ROWS, np.uint32)
    codes[:50] = BAD_SENSOR_FAILURE
    report = quality_of(clean(), quality=codes)
    assert kinds(report) == {Kind.BAD}
    assert found(report, Kind.BAD).count == 50


def test_a_stuck_instrument_is_frozen() -> None:
    values = clean()
    values[500:800] = values[500]
    one = found(quality_of(values), Kind.FROZEN)
    assert one.spans == ((500 * SECOND, 799 * SECOND),)
    assert "stands still 1 time, for up to 4.98 min" in sentence(one, "Cel")


def test_a_coarse_instrument_that_repeats_by_nature_is_not_frozen() -> None:
    slow = np.round(clean() + 3 * np.sin(np.arange(ROWS) / 300), 1)
    assert Kind.FROZEN not in kinds(quality_of(slow))


def test_a_machine_that_is_off_is_at_rest_rather_than_frozen() -> None:
    values = clean()
    values[500:800] = 0.0
    report = quality_of(values)
    assert Kind.AT_REST in kinds(report)
    assert Kind.FROZEN not in kinds(report)


def test_a_switch_is_neither_frozen_nor_spiking() -> None:
    switch = (np.arange(ROWS) // 250 % 2).astype(np.float64)
    assert kinds(quality_of(switch)) <= {Kind.AT_REST}


def test_a_constant_tag_is_said_apart_and_left_out() -> None:
    report = quality_of(np.full(ROWS, 3.0))
    assert kinds(report) == {Kind.CONSTANT}
    assert report.tags[0].unusable is Unusable.CONSTANT
    assert sentence(found(report, Kind.CONSTANT), "Cel") == "a: always 3 Cel."


@pytest.mark.parametrize(("share", "reason"), [
    (1.0, Unusable.DEAD), (0.6, Unusable.MOSTLY_MISSING), (0.3, Unusable.NO),
])
def test_a_tag_is_left_out_with_its_reason(share: float, reason: Unusable) -> None:
    values = clean()
    values[:round(share * ROWS)] = np.nan
    report = quality_of(values)
    assert report.tags[0].unusable is reason
    assert report.usable == (() if reason else ("a",))


def test_a_tag_that_stands_still_most_of_the_time_is_left_out() -> None:
    values = clean()
    values[:1_400] = values[0]
    assert quality_of(values).tags[0].unusable is Unusable.MOSTLY_FROZEN


def test_values_outside_the_instrument_range_are_found() -> None:
    values = clean()
    values[300:310] = 30.0
    one = found(quality_of(values, tag=Tag("a", unit="Cel", low=0.0, high=25.0)), Kind.OUT_OF_RANGE)
    assert one.count == 10
    assert "outside its range 0 to 25 Cel" in sentence(one, "Cel")


def test_single_spikes_are_found_and_a_step_is_none() -> None:
    values = clean()
    values[[200, 700, 1_500]] += 5.0
    values[1_000:] += 5.0
    one = found(quality_of(values), Kind.SPIKE)
    assert [start // SECOND for start, _ in one.spans] == [200, 700, 1_500]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_the_median_network_equals_the_median(values: list[float]) -> None:
    x = np.array(values)
    padded = np.pad(x, 2, mode="edge")
    expected = [float(np.median(padded[i:i + 5])) for i in range(len(x))]
    assert median_of_five(x).tolist() == expected


def test_duplicate_times_are_counted() -> None:
    times = TIMES.copy()
    times[10] = times[9]
    one = found(quality_of(clean(), times), Kind.DUPLICATE)
    assert (one.count, one.tag) == (1, "")


def test_rows_out_of_order_are_counted() -> None:
    order = np.arange(ROWS)
    order[[20, 21]] = order[[21, 20]]
    assert found(quality_of(clean(), TIMES[order]), Kind.UNSORTED).count == 1


def test_the_end_of_summer_time_is_recognised() -> None:
    long = np.arange(0, 3 * HOUR, 10 * SECOND, dtype=np.int64)
    local = np.where(long < 2 * HOUR, long, long - HOUR)
    values = np.random.default_rng(1).normal(size=len(local))
    one = found(quality_of(values, local), Kind.CLOCK_JUMP)
    assert one.count == 1
    assert "summer time ends" in sentence(one)


def test_a_gap_is_found_with_its_length() -> None:
    times = TIMES.copy()
    times[1_000:] += HOUR
    one = found(quality_of(clean(), times), Kind.GAP)
    assert one.count == 1
    assert "the longest 1 h" in sentence(one)


def test_a_steady_climb_is_hinted_at() -> None:
    one = found(quality_of(clean() + np.linspace(0, 8, ROWS)), Kind.DRIFT)
    assert one.figures["to"] - one.figures["from"] == pytest.approx(8, rel=0.2)


def test_an_instrument_with_few_levels_is_called_coarse() -> None:
    one = found(quality_of(np.round(clean() * 4) / 4), Kind.COARSE)
    assert one.figures["step"] == 0.25


def test_the_border_between_two_recordings_is_no_fault() -> None:
    first, second = clean()[:1_000], clean()[1_000:] + 50
    runs = [Recording(TIMES[:1_000], part[:, None]) for part in (first, second)]
    assert assess_recordings([Tag("a")], runs).all_findings == ()


def test_a_tag_without_any_sample_is_dead() -> None:
    report = assess([Tag("a")], [{}])
    assert report.tags[0].unusable is Unusable.DEAD
    assert report.rows == 0


def test_the_report_goes_through_json_with_its_sentences() -> None:
    values = clean()
    values[:1_500] = np.nan
    dead = np.full(ROWS, np.nan)
    report = assess_recordings([Tag("a"), Tag("b")], [Recording(TIMES, np.column_stack([values, dead]))])
    data = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert data["tags"][0]["findings"][0]["sentence"] == "a: 1,500 values are missing (75 %)."
    assert data["tags"][1]["low"] is None


kinds_of_value = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0]))


@given(st.lists(st.tuples(st.integers(-(10**18), 10**18), kinds_of_value), max_size=60))
def test_no_data_however_odd_breaks_it_and_shares_stay_shares(rows: list[tuple[int, float]]) -> None:
    times = np.array([time for time, _ in rows], np.int64)
    values = np.array([value for _, value in rows], np.float64)
    report = quality_of(values, times)
    for one in report.all_findings:
        assert 0 <= one.share <= 1
        assert sentence(one, "bar").endswith(".")
    json.dumps(report.as_dict(), allow_nan=False)
