"""Whole monitors and a forest: no verdict flips between the text, executed, and the independent reference."""

from __future__ import annotations

import numpy as np
import pytest
from tests.backend.c.small import trees
from tests.model.plant import dataset, steady

from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.manifest import Tolerance
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden
from lineshaft.model.golden import golden_inputs
from lineshaft.model.train import train_monitor

pytest.importorskip("lark", reason="the interpreter needs the extra plc")
ST, PLC = backend("st"), target("plc")
ROWS = 700


@pytest.mark.parametrize("learner", ["zscore", "pca"])
def test_a_monitor_flips_no_verdict_of_its_golden_set(learner: str) -> None:
    data, normal = dataset(steady(ROWS, 4)), np.ones(ROWS, np.bool_)
    monitor = train_monitor(data, normal, execute, learner=learner)
    sequences = [golden(monitor.graph, one.x[-80:], one.quality[-80:])
                 for one in golden_inputs(data, normal, monitor.settings)]
    engine = ST.load(ST.compile(monitor.graph, PLC), signature(monitor.graph), PLC)
    replayed = replay_golden(engine, sequences, Tolerance(PLC.parity, PLC.flips))
    assert replayed.ticks > 300
    assert any((one.outputs["alarm"] > 0.5).any() for one in sequences)


def test_a_forest_over_a_window_flips_no_verdict() -> None:
    g = StepBuilder(6)
    features = g.tanh(g.reshape(g.mean(g.window("recent", g.x, 8), axis=0), (6,)))
    score = g.forest(features, 1, **trees(6, 40, 1, "BRANCH_LEQ"))
    made = g.model({"score": score, "alarm": g.number(g.greater(score, 1.0))})
    x = np.random.default_rng(5).normal(size=(200, 6)).astype(np.float32) * 3
    sequence = golden(made, x, np.ones_like(x))
    assert 0.05 < sequence.outputs["alarm"].mean() < 0.95
    engine = ST.load(ST.compile(made, PLC), signature(made), PLC, assets=2)
    assert replay_golden(engine, [sequence], Tolerance(1e-4, 0)).flips == 0
