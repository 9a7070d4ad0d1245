"""``dataset changes`` names when a plant changed and which tags moved."""

from __future__ import annotations

import numpy as np
import pytest

from lineshaft.app.changepoints import change_points
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag

TAGS = (Tag("flow"), Tag("level"), Tag("mode"))


def test_a_step_of_one_tag_is_dated_and_the_tag_is_named(rng: np.random.Generator) -> None:
    values = np.column_stack([rng.normal(size=600), rng.normal(size=600), np.full(600, 3.0)])
    values[400:, 1] += 5.0
    found = change_points(Dataset.of(values, TAGS), 3.0)
    assert len(found) == 1 and abs(found[0].time / 1e9 - 400) <= 4
    assert found[0].tags[0][0] == "level" and found[0].tags[0][1] > 3


def test_the_wandering_of_a_slow_signal_is_hardly_a_change(rng: np.random.Generator) -> None:
    slow = np.zeros((3000, 3))
    for tick in range(1, 3000):
        slow[tick] = 0.95 * slow[tick - 1] + rng.normal(size=3)
    assert len(change_points(Dataset.of(slow, TAGS), 3.0)) <= 2


def test_a_plant_at_rest_is_refused_with_a_sentence() -> None:
    with pytest.raises(UsageError, match="no tag moves"):
        change_points(Dataset.of(np.ones((100, 3)), TAGS), 3.0)
