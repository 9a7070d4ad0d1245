"""Down-sampling keeps every extreme, breaks where nothing is known, and ticks are round."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.app.report.axis import DAY, Scale, round_values, score_scale, time_ticks
from lineshaft.app.report.svg import HEIGHT, Grid, blocks, marked, trace
from lineshaft.core.clock import SECOND

UNIT = Scale(0.0, 1.0)


def spread(count: int, columns: int, pieces: list[int] | None = None) -> Grid:
    numbers = np.array(pieces if pieces is not None else [0] * count, np.int64)
    return Grid.over(np.linspace(0, 1, count), numbers, columns)


def heights(path: str) -> list[float]:
    return [float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=400), st.integers(2, 50))
def test_the_least_and_the_most_are_always_drawn(values: list[float], columns: int) -> None:
    drawn = heights(trace(spread(len(values), columns), np.array(values), UNIT))
    assert min(drawn) == pytest.approx(HEIGHT * (1 - max(values)), abs=0.21)
    assert max(drawn) == pytest.approx(HEIGHT * (1 - min(values)), abs=0.21)


@given(st.integers(1, 5_000), st.integers(2, 60))
def test_a_path_never_has_more_than_two_points_a_column(count: int, columns: int) -> None:
    values = np.random.default_rng(count).random(count)
    assert len(heights(trace(spread(count, columns), values, UNIT))) <= 2 * columns + 2


def test_a_spike_of_one_sample_in_a_million_is_seen() -> None:
    values = np.zeros(1_000_000)
    values[123_456] = 1.0
    assert min(heights(trace(spread(len(values), 1_000), values, UNIT))) == 0


def test_no_line_crosses_a_missing_value_or_the_end_of_a_piece() -> None:
    values = np.array([0.1, 0.2, np.nan, 0.3, 0.4, 0.5])
    assert trace(spread(6, 1_000), values, UNIT).count("M") == 2
    assert trace(spread(6, 1_000, [0, 0, 0, 0, 1, 1]), values, UNIT).count("M") == 3


def test_a_value_alone_is_a_dot() -> None:
    assert trace(spread(3, 1_000), np.array([np.nan, 0.5, np.nan]), UNIT) == "M500 50h0"


def test_nothing_known_draws_nothing() -> None:
    assert trace(spread(3, 1_000), np.full(3, np.nan), UNIT) == ""


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(2, 40))
def test_every_marked_sample_lies_in_a_marked_stretch(mask: list[bool], columns: int) -> None:
    grid = spread(len(mask), columns)
    stretches = marked(grid, np.array(mask))
    for place, hit in zip((grid.x / columns).tolist(), mask, strict=True):
        assert not hit or any(a - 1e-9 <= place <= b + 1e-9 for a, b in stretches)
    assert bool(stretches) == any(mask)


def test_blocks_merge_where_they_overlap_and_are_never_too_thin_to_see() -> None:
    assert blocks([(0.1, 0.3), (0.2, 0.4), (0.9, 0.9)]) == "M100 0h300v100h-300zM900 0h2v100h-2z"
    assert blocks([(-2.0, -1.0), (1.5, 2.0)]) == ""


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_lie_inside_and_are_few(low: float, span: float) -> None:
    values = round_values(low, low + span)
    assert len(values) <= 7
    near = 1e-6 * span + 8 * np.spacing(abs(low))
    assert all(low - near <= value <= low + span + near for value in values)


@given(st.integers(0, 4_000_000_000), st.integers(1, 3_000_000_000))
def test_time_ticks_lie_inside_and_are_few(start: int, span: int) -> None:
    ticks = time_ticks(start * SECOND, (start + span) * SECOND)
    assert len(ticks) <= 9
    assert all(0 <= tick.at <= 1 for tick in ticks)


def test_midnight_is_named_by_its_date() -> None:
    labels = [tick.label for tick in time_ticks(18 * 3_600 * SECOND, 2 * DAY)]
    assert labels == ["18:00", "2 Jan 1970", "06:00", "12:00", "18:00", "3 Jan 1970"]


@pytest.mark.parametrize(("top", "bend"), [(2.0, "linear"), (20.0, "sqrt"), (2_000.0, "log")])
def test_a_score_that_runs_away_bends_its_scale_and_keeps_the_limit_in_sight(top: float, bend: str) -> None:
    scale = score_scale(np.array([0.5, top, np.nan]), 1.0)
    assert scale.bend == bend
    assert 0.1 < float(scale(np.array([1.0]))[0]) < 0.9
    assert all(0 <= tick.at <= 1 for tick in scale.ticks(str))
