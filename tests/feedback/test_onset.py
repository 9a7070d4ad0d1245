"""When a drift began, against onsets that were put there."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lineshaft.feedback.onset import Change, onset, rate_onset
from lineshaft.feedback.sensors import sensor_drift

Floats = NDArray[np.float64]
FEW = settings(max_examples=25, deadline=None)


def remembering(rng: np.random.Generator, count: int, share: float, columns: int = 1) -> Floats:
    """Noise of variance 1 in which each sample keeps ``share`` of the one before (AR(1))."""
    from scipy.signal import lfilter

    noise = rng.normal(size=(count + 100, columns)) * math.sqrt(1 - share**2)
    return np.asarray(lfilter([1.0], [1.0, -share], noise, axis=0)[100:])


@FEW
@given(st.integers(0, 10_000), st.integers(200, 1700), st.sampled_from([0.0, 0.5, 0.9]))
def test_a_step_is_found_near_where_it_was_put(seed: int, place: int, share: float) -> None:
    series = remembering(np.random.default_rng(seed), 4000, share)[:, 0]
    moved = series[2000:] + 2.0 * (np.arange(2000) >= place)
    found = onset(series[:2000], moved)
    assert found is not None and found.change in (Change.LEVEL, Change.TREND)
    assert abs(found.begin - place) <= 200
    assert found.low <= found.begin <= found.high


def test_the_interval_holds_the_true_begin_most_of_the_time(rng: np.random.Generator) -> None:
    held = []
    for _ in range(100):
        series = remembering(rng, 3000, 0.5)[:, 0]
        found = onset(series[:1500], series[1500:] + 1.0 * (np.arange(1500) >= 700))
        assert found is not None
        held.append(found.low - 6 <= 700 <= found.high + 6)  # a block is six rows
    assert np.mean(held) >= 0.88


def test_a_ramp_is_dated_to_its_begin_and_not_to_its_middle(rng: np.random.Generator) -> None:
    errors = []
    for _ in range(30):
        series = remembering(rng, 4000, 0.5)[:, 0]
        ramp = np.maximum(np.arange(2000) - 800, 0) / 400
        found = onset(series[:2000], series[2000:] + ramp)
        assert found is not None and found.change is Change.TREND
        errors.append(abs(found.begin - 800))
    assert np.median(errors) < 60


def test_a_wider_spread_is_found(rng: np.random.Generator) -> None:
    series = rng.normal(size=4000)
    found = onset(series[:2000], series[2000:] * np.where(np.arange(2000) >= 1200, 1.6, 1.0))
    assert found is not None and found.change is Change.SPREAD and abs(found.begin - 1200) < 60


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_what_did_not_change_is_seldom_called_changed(rng: np.random.Generator, share: float) -> None:
    false = [onset(series[:2000], series[2000:]) is not None
             for series in (remembering(rng, 4000, share)[:, 0] for _ in range(200))]
    assert np.mean(false) <= 0.025  # 1 % is stated


def test_what_began_before_the_window_begins_at_its_first_row(rng: np.random.Generator) -> None:
    series = rng.normal(size=2000)
    found = onset(series[:1000], series[1000:] + 1.0)
    assert found is not None and found.low == 0 and found.begin < 20


def test_a_tag_that_never_moved_changes_when_it_first_does() -> None:
    found = onset(np.full(50, 3.0), np.where(np.arange(50) >= 20, 4.0, 3.0))
    assert found is not None and found.begin == 20
    assert onset(np.full(50, 3.0), np.full(50, 3.0)) is None


def test_too_few_values_say_nothing() -> None:
    assert onset(np.arange(5.0), np.arange(100.0)) is None
    assert rate_onset(np.array([True] * 5)) is None


def test_errors_that_become_frequent_are_dated(rng: np.random.Generator) -> None:
    wrong = rng.random(120) < np.where(np.arange(120) >= 70, 0.6, 0.05)
    found = rate_onset(wrong)
    assert found is not None and abs(found.begin - 70) <= 8 and found.size > 0.3
    assert np.mean([rate_onset(rng.random(60) < 0.3, seed=i) is not None for i in range(60)]) <= 0.05


def related(rng: np.random.Generator, rows: int) -> Floats:
    """Five tags of two slow causes."""
    causes = remembering(rng, rows, 0.9, 2)
    return causes @ rng.normal(size=(2, 5)) + 0.3 * rng.normal(size=(rows, 5))


@FEW
@given(st.integers(0, 1000), st.integers(0, 4), st.integers(300, 1400))
def test_the_drifting_sensor_is_named_and_dated_and_no_other(seed: int, column: int, place: int) -> None:
    values = related(np.random.default_rng(seed), 4000)
    window = values[2000:].copy()
    window[place:, column] += 2.0
    found = sensor_drift(values[:2000], window)
    assert [one.column for one in found][:1] == [column] and len(found) <= 2
    assert abs(found[0].onset.begin - place) <= 60


def test_a_process_that_moves_all_its_tags_together_is_no_sensor_drift(rng: np.random.Generator) -> None:
    causes, mixing = remembering(rng, 4000, 0.9, 2), rng.normal(size=(2, 5))
    causes[2800:, 0] += 3.0
    values = causes @ mixing + 0.3 * rng.normal(size=(4000, 5))
    assert not sensor_drift(values[:2000], values[2000:])
    assert any(onset(values[:2000, c], values[2000:, c]) is not None for c in range(5))


def test_one_tag_alone_has_none_to_be_judged_by() -> None:
    assert not sensor_drift(np.zeros((100, 1)), np.ones((100, 1)))


@pytest.mark.parametrize("column", ["TIT", "TEY", "CDP"])
def test_a_drifting_sensor_of_a_gas_turbine_is_dated_in_the_next_year(shared_data: Path, column: str) -> None:
    files = [shared_data / "gas_turbine" / f"gt_{year}.csv" for year in (2011, 2012)]
    if not all(path.is_file() for path in files):
        pytest.skip("the gas turbine set is absent")
    names = files[0].read_text("utf-8").splitlines()[0].split(",")[:9]
    old, new = (np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(9)) for path in files)
    assert not sensor_drift(old, new)
    place = names.index(column)
    new[4000:, place] += 0.5 * old[:, place].std()
    [found] = sensor_drift(old, new)
    assert found.column == place and abs(found.onset.begin - 4000) <= 24
