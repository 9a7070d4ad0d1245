"""Ranges of tensors: what runs show and what constants tell, in the model and out of it again."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems
from lineshaft.graph.fidelity import Run
from lineshaft.graph.loops.points import DIGITS, METADATA, Format, Mark, channel, of_model
from lineshaft.graph.quantise.marks import marked


def run(x: Array) -> Run:
    return Run(x, np.ones_like(x), np.zeros(len(x), np.int8))


def marks(made: bytes, usual: Array, odd: Array | None = None) -> dict[str, Mark]:
    return of_model(onnx.load_from_string(marked(made, [run(usual)], [] if odd is None else [run(odd)], execute)))


def test_the_largest_value_may_come_from_any_run_and_the_usual_one_from_operation_only() -> None:
    g = StepBuilder(1)
    made = g.model({"y": g.multiply(g.x, 2.0)})
    usual = np.random.default_rng(0).normal(size=(200, 1)).astype(np.float32)
    found = marks(made, usual, np.full((3, 1), 500.0, np.float32))["y"]
    assert found.top == 1000.0
    assert 0.5 < found.usual < 2.5


def test_a_counter_reaches_what_it_is_compared_with_and_counts_whole_numbers() -> None:
    g = StepBuilder(1)
    made = g.model({"late": g.number(g.at_least(g.ticks("seen", 5000), 4000.0))})
    found = marks(made, np.zeros((20, 1), np.float32))["seen_o"]
    assert found.top >= 5000.0
    assert found.usual == 2.0**DIGITS
    assert Format.of(found).narrow


def test_each_channel_has_a_range_of_its_own() -> None:
    g = StepBuilder(2)
    made = g.model({"y": g.sum(g.x)})
    x = (np.random.default_rng(1).normal(size=(300, 2)) * (0.1, 50.0) + (5000.0, 0.0)).astype(np.float32)
    found = marks(made, x)
    assert 5000.0 < found[channel(0)].top < 5200.0
    assert found[channel(0)].usual == pytest.approx(0.1, rel=0.2)
    assert found[channel(1)].top > 1000 * found[channel(1)].usual


def test_a_marked_graph_is_the_same_graph_and_is_marked_the_same_each_time() -> None:
    g = StepBuilder(2)
    made = g.model({"y": g.ewma("level", g.x, 0.5)})
    x = np.random.default_rng(2).normal(size=(50, 2)).astype(np.float32)
    once = marked(made, [run(x)], [], execute)
    assert once == marked(made, [run(x)], [], execute)
    assert not problems(once)
    assert onnx.load_from_string(once).graph == onnx.load_from_string(made).graph


def test_damaged_ranges_are_refused_in_one_sentence() -> None:
    model = onnx.ModelProto()
    onnx.helper.set_model_props(model, {METADATA: '{"y": 3}'})
    with pytest.raises(Refused, match="no ranges of its tensors"):
        of_model(model)
