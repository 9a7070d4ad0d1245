"""What is reported of rewrites, what is dropped, and that whole pipelines come through."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contract.test_learners import ROWS, normal_data

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.graph import rewrite
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.graph.view import view
from lineshaft.model.golden import golden_inputs
from lineshaft.model.learner import learners
from lineshaft.model.train import train_monitor


@pytest.mark.parametrize("name", sorted(learners()))
def test_a_whole_monitor_keeps_its_verdicts_on_every_golden_sequence(name: str) -> None:
    data, normal = normal_data(), np.ones(ROWS, np.bool_)
    monitor = train_monitor(data, normal, execute, learner=name)
    after, changes = rewrite.apply(monitor.graph)
    written, rewritten = Replay(monitor.graph, execute), Replay(after, execute)
    for sequence in golden_inputs(data, normal, monitor.settings):
        before, now = (through(sequence.x, sequence.quality) for through in (written, rewritten))
        assert np.array_equal(before["alarm"], now["alarm"]), sequence.name
        for output, value in before.items():
            assert np.max(np.abs(now[output] - value) / (1.0 + np.abs(value))) <= 1e-5, (sequence.name, output)
    assert rewrite.size(after).arithmetic < rewrite.size(monitor.graph).arithmetic
    assert all(change.kept or change.reason for change in changes)


def averaged(length: int = 20) -> bytes:
    g = StepBuilder(3)
    return g.model({"y": g.reshape(g.mean(g.window("w", g.x, length), axis=0), (3,))})


def test_a_change_says_what_became_of_size_and_arithmetic() -> None:
    graph = averaged()
    after, changes = rewrite.apply(graph)
    statistics = next(c for c in changes if c.rewrite == "statistics")
    assert (statistics.before.arithmetic, statistics.before.state_values) == (60, 60)
    assert (statistics.after.arithmetic, statistics.after.state_values) == (18, 57)
    assert next(c for c in changes if c.rewrite == "flattened").reason
    assert rewrite.size(after).bytes == len(after)


def test_what_does_not_pay_is_dropped_with_both_measures() -> None:
    """Where each operator costs a call, a mean over 20 ticks is cheaper than five additions with their delays."""
    graph = averaged()
    after, changes = rewrite.paying(graph, measure=rewrite.interpreted)
    statistics = next(c for c in changes if c.rewrite == "statistics")
    assert not statistics.kept and statistics.reason == "it does not pay"
    assert statistics.measured["cost"][0] <= statistics.measured["cost"][1]
    assert view(after).states == view(graph).states
    assert next(c for c in rewrite.paying(graph, measure=rewrite.compiled)[1] if c.rewrite == "statistics").kept


def test_weights_that_float32_cannot_hold_are_not_made() -> None:
    g = StepBuilder(1)
    graph = g.model({"y": g.multiply(g.project(g.x, [[1e30]]), [1e30])})
    assert not rewrite.apply(graph, [rewrite.named("scalers")])[1][0].kept


def test_a_rewrite_of_equal_cost_is_kept_only_if_it_is_smaller() -> None:
    kept = {c.rewrite: c.kept for c in rewrite.paying(averaged(), measure=lambda graph: 1.0)[1]}
    assert not kept["statistics"]  # more bytes
    g = StepBuilder(2)
    graph = g.model({"y": g.multiply(g.project(g.x, np.eye(2)), [2.0, 3.0])})
    assert {c.rewrite: c.kept for c in rewrite.paying(graph, measure=lambda graph: 1.0)[1]}["scalers"]


def test_an_unknown_rewrite_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no rewrites is called 'magic'.*streaming"):
        rewrite.named("magic")


def test_a_chain_of_thousands_of_operators_is_no_trouble() -> None:
    g = StepBuilder(2)
    wire = g.x
    for i in range(3000):
        wire = g.tanh(wire) if i % 2 else g.add(wire, 0.0)
    after, _ = rewrite.apply(g.model({"y": wire}))
    assert rewrite.size(after).nodes == 1500
