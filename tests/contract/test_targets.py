"""What every target file must hold, for each one found in the folder."""

from __future__ import annotations

import pytest

from lineshaft.backend import backends, target, targets


@pytest.mark.parametrize("name", targets())
def test_a_target_says_what_a_graph_may_cost_there_and_names_backends_that_exist(name: str) -> None:
    found = target(name)
    assert found.description
    assert found.deadline_ns > 0
    assert found.memory_bytes > 0
    assert found.threads >= 1
    assert found.backends
    assert set(found.backends) <= set(backends())
