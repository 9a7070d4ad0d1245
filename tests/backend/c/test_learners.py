"""Whole monitors: what every learner emits, in generated C, against the independent reference."""

from __future__ import annotations

import numpy as np
import pytest
from tests.backend.c.test_operators import engine_of
from tests.model.plant import dataset, steady

from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.manifest import Tolerance
from lineshaft.graph.reference import golden
from lineshaft.model.golden import golden_inputs
from lineshaft.model.learner import learners
from lineshaft.model.train import train_monitor

ROWS = 700


@pytest.mark.parametrize("name", sorted(learners()))
def test_a_monitor_says_what_the_reference_says(name: str) -> None:
    data = dataset(steady(ROWS, 5))
    monitor = train_monitor(data, np.ones(ROWS, np.bool_), execute, learner=name)
    inputs = golden_inputs(data, np.ones(ROWS, np.bool_), monitor.settings)
    sequences = [golden(monitor.graph, one.x, one.quality) for one in inputs]
    replayed = replay_golden(engine_of(monitor.graph), sequences, Tolerance(1e-4, 0))
    assert replayed.ticks > 100
