"""Conformal quantiles: the laws they keep."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.model.conformal import halves, looks, upper_quantile

FEW = settings(max_examples=30, deadline=None)


def test_a_new_row_stays_within_as_often_as_stated_over_many_draws(rng: np.random.Generator) -> None:
    held = [float(rng.normal() <= upper_quantile(rng.normal(size=(49, 1)), np.zeros(49, np.int64), 0.8)[0])
            for _ in range(4000)]
    assert abs(np.mean(held) - 0.8) < 4 * (0.16 / 4000) ** 0.5


def test_a_row_of_a_new_group_stays_within_at_least_as_often_as_stated(rng: np.random.Generator) -> None:
    group = np.repeat(np.arange(25), 10)
    held = []
    for _ in range(2000):
        level = rng.normal(size=26)
        errors = level[group] + 0.1 * rng.normal(size=250)
        held.append(float(level[25] + 0.1 * rng.normal() <= upper_quantile(errors[:, None], group, 0.9)[0]))
    assert 0.9 - 4 * (0.09 / 2000) ** 0.5 < np.mean(held) < 0.96


def test_a_big_group_weighs_as_a_small_one() -> None:
    errors = np.concatenate([np.full(1000, 5.0), np.arange(19.0) / 19])[:, None]
    group = np.concatenate([np.zeros(1000, np.int64), np.arange(1, 20)])
    assert upper_quantile(errors, group, 0.9)[0] < 5.0


@FEW
@given(st.lists(st.floats(0, 10, width=32), min_size=1, max_size=60), st.floats(0.5, 0.95), st.floats(0.0, 0.04))
def test_more_coverage_never_needs_less(values: list[float], coverage: float, more: float) -> None:
    errors, group = np.array(values)[:, None], np.zeros(len(values), np.int64)
    assert upper_quantile(errors, group, coverage)[0] <= upper_quantile(errors, group, coverage + more)[0]


@FEW
@given(st.integers(1, 300), st.integers(1, 80))
def test_halves_never_share_a_group_unless_there_are_too_few(rows: int, groups: int) -> None:
    group = np.sort(np.random.default_rng(rows).integers(0, groups, rows))
    first, second = halves(group)
    assert (first | second).all()
    if looks(group) < 40:
        assert first.all() and second.all()
    elif len(np.unique(group)) > 1:
        assert not set(group[first]) & set(group[second])
    else:
        assert not (first & second).any() and abs(int(first.sum()) - int(second.sum())) <= rows // 10
