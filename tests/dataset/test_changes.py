"""Change points lie where the plant changed, and nowhere where it did not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.core.errors import UsageError
from lineshaft.dataset.changes import changes


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(20, 80), min_size=1, max_size=5), st.integers(0, 10_000))
def test_planted_steps_are_found_within_two_rows(lengths: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    level = np.repeat(np.arange(len(lengths)) % 2 * 6.0, lengths)
    values = level[:, None] * [1.0, -1.0] + random.normal(size=(sum(lengths), 2))
    wanted = np.cumsum(lengths)[:-1]
    found = changes(values)
    assert len(found) == len(wanted) and all(abs(a - b) <= 2 for a, b in zip(found, wanted, strict=True))


def test_a_change_of_spread_alone_is_one(rng: np.random.Generator) -> None:
    values = rng.normal(size=(300, 1)) * np.repeat([1.0, 4.0], 150)[:, None]
    assert len(changes(values)) == 1 and abs(changes(values)[0] - 150) <= 5


def test_noise_has_no_change(rng: np.random.Generator) -> None:
    assert [changes(rng.normal(size=(400, 3))) for _ in range(5)] == [()] * 5


def test_missing_values_and_a_dead_tag_do_not_matter(rng: np.random.Generator) -> None:
    values = np.column_stack([np.repeat([0.0, 5.0], 100) + rng.normal(size=200), np.full(200, 7.0)])
    values[::9, 0] = np.nan
    assert len(changes(values)) == 1


def test_it_takes_the_cheapest_of_all_cuts(rng: np.random.Generator) -> None:
    """Against every way to cut 24 rows, by dynamic programming without pruning."""
    from lineshaft.dataset.changes import _Cost

    values = rng.normal(size=(24, 1)) + np.repeat([0.0, 3.0, -2.0], 8)[:, None]
    cost, penalty, least = _Cost(values), 3.0 * np.log(24), 5
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (-penalty, ())}
    for stop in range(least, 25):
        best[stop] = min((best[a][0] + float(cost(np.array([a]), stop)[0]) + penalty, (*best[a][1], a))
                         for a in best if a == 0 or a <= stop - least)
    assert changes(values) == tuple(row for row in best[24][1] if row)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="no change point"):
        changes(np.zeros((6, 1)))
