"""The health index that needs no failure: it falls with wear, never rises, and starts at 1."""

from __future__ import annotations

import numpy as np
import pytest
from tests.model.fleet import fleet

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.health import learn_health, monotonicity
from lineshaft.model.pipeline import run_spans, step_inputs


def test_health_falls_from_one_towards_nothing_and_never_rises() -> None:
    graph = learn_health(fleet().dataset, execute, start=20).graph(("health",))
    others = fleet(8, seed=3).dataset
    x, quality = step_inputs(others)
    for start, stop in run_spans(others.run):
        health = Replay(graph, execute)(x[start:stop], quality[start:stop])["health"][:, 0].astype(np.float64)
        assert (health[:20] == 1).all() and (np.diff(health) <= 1e-6).all()
        assert health[-1] < 0.4 and health[: len(health) // 2].min() > 0.5 and monotonicity(health) == 1.0


def test_the_healths_graph_says_the_same_by_the_reference() -> None:
    graph = learn_health(fleet(8).dataset, execute, start=20).graph(("health",))
    x, quality = step_inputs(fleet(1, seed=4).dataset.rows(slice(0, 60)))
    np.testing.assert_allclose(Replay(graph, execute)(x, quality)["health"],
                               golden(graph, x, quality, "some").outputs["health"], atol=1e-4)


def test_runs_that_are_too_short_are_refused() -> None:
    with pytest.raises(UsageError, match="healthy start"):
        learn_health(fleet(2).dataset.rows(slice(0, 25)), execute, start=30)
