"""Splits that never overlap and windows that never cross a run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.dataset import by_asset, by_time, windows, within_runs
from lineshaft.dataset.split import CALIBRATE, FIT, PURGED, TEST

lengths = st.lists(st.integers(1, 30), min_size=1, max_size=6)


def dataset(run_lengths: list[int]) -> Dataset:
    rows = sum(run_lengths)
    run = np.repeat(np.arange(len(run_lengths), dtype=np.int32), run_lengths)
    return Dataset.of(np.arange(2.0 * rows).reshape(rows, 2), (Tag("a"), Tag("b")), period_ns=10, run=run)


@given(lengths, st.integers(1, 8))
def test_windows_are_all_stretches_of_one_run_and_nothing_else(run_lengths: list[int], width: int) -> None:
    data = dataset(run_lengths)
    found = windows(data, width)
    expected = [i for i in range(len(data) - width + 1) if len(set(data.run[i:i + width].tolist())) == 1]
    assert found.starts.tolist() == expected
    for start in expected:
        np.testing.assert_equal(found.values[start], data.values[start:start + width])
    assert sum(len(values) for values, _ in found) == len(expected)


@given(st.integers(20, 60), st.integers(1, 6), st.integers(1, 10))
def test_windows_do_not_reach_over_rows_that_were_taken_out(rows: int, width: int, hole: int) -> None:
    data = dataset([rows])
    kept = data.rows(np.r_[0:5, 5 + hole:rows])
    found = windows(kept, width)
    for start in found.starts.tolist():
        assert kept.times[start + width - 1] - kept.times[start] == 10 * (width - 1)


def test_windows_share_memory_with_the_dataset() -> None:
    data = dataset([20])
    assert np.shares_memory(windows(data, 4).values, data.values)


@pytest.mark.parametrize("cut", [by_time, within_runs])
@given(rows=st.integers(60, 200), purge=st.integers(0, 8), width=st.integers(1, 8))
def test_parts_follow_each_other_in_time_with_the_gap_between(cut: type, rows: int, purge: int,
                                                              width: int) -> None:
    data = dataset([rows])
    fit, calibrate, test = cut(data, (0.5, 0.25, 0.25), purge=purge).of(data)
    assert calibrate.times[0] - fit.times[-1] == 10 * (purge + 1)
    assert test.times[0] - calibrate.times[-1] == 10 * (purge + 1)
    assert len(fit) + len(calibrate) + len(test) + 2 * purge == rows


@given(st.lists(st.integers(20, 40), min_size=1, max_size=4), st.integers(0, 3))
def test_within_runs_every_run_is_fitted_before_it_is_tested(run_lengths: list[int], purge: int) -> None:
    data = dataset(run_lengths)
    part = within_runs(data, (0.5, 0.2, 0.3), purge=purge).part
    for run in range(len(run_lengths)):
        mine = part[data.run == run]
        assert set(mine.tolist()) >= {FIT, CALIBRATE, TEST}
        assert (np.diff(mine[mine != PURGED]) >= 0).all()


@given(st.lists(st.integers(1, 9), min_size=3, max_size=12))
def test_by_asset_no_asset_is_in_two_parts(run_lengths: list[int]) -> None:
    data = dataset(run_lengths)
    names = [f"pump{i // 2}" for i in range(len(run_lengths))] if len(run_lengths) >= 6 else None
    part = by_asset(data, asset_of_run=names).part
    of_asset: dict[str, set[int]] = {}
    for run, number in zip(data.run.tolist(), part.tolist(), strict=True):
        of_asset.setdefault(names[run] if names else str(run), set()).add(number)
    assert all(len(parts) == 1 for parts in of_asset.values())
    assert set().union(*of_asset.values()) == {FIT, CALIBRATE, TEST}


def test_a_split_that_leaves_a_part_empty_is_refused() -> None:
    with pytest.raises(UsageError, match="leave none to calibrate"):
        by_time(dataset([20]), purge=10)


def test_too_few_assets_are_refused() -> None:
    with pytest.raises(UsageError, match="2 assets can't fill 3 parts"):
        by_asset(dataset([5, 5]))


def test_shares_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(UsageError, match="not three that sum to 1"):
        by_time(dataset([20]), (0.5, 0.5, 0.5))


def test_a_split_is_the_same_every_time() -> None:
    data = dataset([50])
    assert by_time(data).part.tolist() == by_time(data).part.tolist()
