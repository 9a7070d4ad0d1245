"""Small graphs in integers: what the reference says within the digits that there are, or a reason for the no."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from tests.backend.c.fixed.made import PC, engine_of, ranged, small
from tests.backend.c.small import CHANNELS, GRAPHS, graph
from tests.backend.c.test_operators import inputs

from lineshaft.backend import backend
from lineshaft.bundle.replay import distance
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array, Engine
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.reference import ReferenceEngine

WITHOUT_RULE = {"Cos": "cos", "Erf": "erf", "Sin": "sin", "Pow 3.0": "pow", "Pow -1.0": "pow", "Pow 1.7": "pow",
                "QuantizeLinear to int8": "int8 numbers", "QuantizeLinear to uint8": "uint8 numbers",
                "QuantizeLinear by channel": "int8 numbers",
                "DynamicQuantizeLinear and MatMulInteger": "int8 numbers"}
# A logarithm near zero is as exact as its argument is; e^40 and numbers that are none have no place in 32 bits.
COARSE = {"Log": 1e-3}
NO_NUMBERS = {"Exp", "Log of anything", "Sqrt of anything", "Pow 0.5", "forest with missing values"}
CHOSEN = [name for place, name in enumerate(sorted(set(GRAPHS) - set(WITHOUT_RULE) - NO_NUMBERS)) if place % 6 == 0] + [
    "Conv along a line", "Conv streaming", "forest", "forest of all kinds", "Softmax", "Gather of rows of a table",
    "TopK of equals", "MatMul of two computed", "ReduceMean along 0", "newest first, long", "swapped states", "Sqrt",
    "Log", "Round", "Cast to int and back", "Sigmoid"]


def assert_near(engine: Engine, reference: Engine, x: Array, tolerance: float) -> None:
    for tick, row in enumerate(x):
        for each in (engine, reference):
            each.x[0], each.quality[0] = row, float(tick % 5 > 0)
            each.step()
        for name, expected in reference.out.items():
            assert distance(engine.out[name], expected).max() <= tolerance, (name, tick)
    kept = reference.state()
    for name, found in engine.state().items():
        assert distance(found, kept[name]).max() <= tolerance, name


@pytest.mark.parametrize("name", sorted(set(CHOSEN)))
def test_a_graph_in_integers_says_what_the_reference_says(name: str) -> None:
    made = small(name)
    assert_near(engine_of(made), ReferenceEngine(made), inputs()[:40], COARSE.get(name, 1e-4))


@pytest.mark.parametrize("name", sorted(WITHOUT_RULE))
def test_what_has_no_rule_is_refused_by_name(name: str) -> None:
    support = backend("c").supports(small(name), PC)
    assert f"precision fixed has no rule for {WITHOUT_RULE[name]}" in support.reasons


def test_a_graph_that_nobody_observed_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(Refused, match="carries no ranges"):
        backend("c").compile(graph("ewma"), PC)


@pytest.mark.parametrize("name", ["forest", "Softmax", "Log"])
def test_the_generated_code_has_no_floating_point_and_is_the_same_each_time(name: str) -> None:
    made = small(name)
    artifact = backend("c").compile(made, PC)
    assert artifact == backend("c").compile(made, PC)
    with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
        text = archive.read("step.c").decode() + archive.read("step.h").decode()
    assert not re.search(r"\b(float|double)\b|\d\.\d", text)


def built(make: Callable[[StepBuilder], Wire], x: Array) -> bytes:
    g = StepBuilder(x.shape[1])
    return ranged(g.model({"y": make(g)}), x)


def test_a_small_movement_of_a_large_value_keeps_its_digits_beside_a_large_movement() -> None:
    random = np.random.default_rng(3)
    levels, sizes = np.array([5000.0, 0.0, -2e5], np.float32), np.array([0.1, 1e-3, 4e3], np.float32)
    x = (levels + sizes * random.normal(size=(200, 3))).astype(np.float32)
    made = built(lambda g: g.clip(g.divide(g.subtract(g.x, levels), sizes), -1000.0, 1000.0), x)
    assert_near(engine_of(made), ReferenceEngine(made), x[:50], 2e-4)


def test_what_exceeds_the_ranges_saturates_and_comes_back() -> None:
    x = np.random.default_rng(4).normal(size=(100, 2)).astype(np.float32)
    made = built(lambda g: g.clip(g.square(g.multiply(g.x, 3.0)), -50.0, 50.0), x)
    engine = engine_of(made)
    wild = np.array([[3e9, -3e9], [1e30, -1e38], x[0]], np.float32)
    for row in wild:
        engine.x[0] = row
        engine.step()
        expected = np.minimum(9.0 * row.astype(np.float64) ** 2, 50.0)
        assert distance(engine.out["y"][0], expected.astype(np.float32)).max() < 1e-4


def test_a_counter_goes_on_beyond_what_calibration_saw() -> None:
    def make(g: StepBuilder) -> Wire:
        seen = g.ticks("seen", 2000)
        return g.number(g.at_least(seen, 1500.0))

    x = np.zeros((30, 1), np.float32)
    engine = engine_of(built(make, x))
    said = []
    for _ in range(1600):
        engine.step()
        said.append(float(engine.out["y"][0, 0]))
    assert said == [0.0] * 1499 + [1.0] * 101


def test_no_number_is_what_the_graph_masks() -> None:
    def make(g: StepBuilder) -> Wire:
        return g.number(g.less(g.absolute(g.x), 1e30))

    x = np.random.default_rng(5).normal(size=(50, 4)).astype(np.float32)
    engine = engine_of(built(make, x))
    engine.x[0] = (np.nan, np.inf, -2e30, 9e29)
    engine.step()
    assert engine.out["y"][0].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_assets_keep_apart_and_a_state_can_be_taken_over() -> None:
    made = small("long window")
    together, alone = engine_of(made, assets=2), engine_of(made)
    for row in inputs()[:30]:
        together.x[:] = row, -row
        alone.x[0] = -row
        together.step()
        alone.step()
    assert np.array_equal(together.out["y"][1], alone.out["y"][0])
    fresh = engine_of(made)
    fresh.restore(alone.state())
    for engine in (alone, fresh):
        engine.x[0] = inputs()[30]
        engine.step()
    assert np.array_equal(fresh.out["y"], alone.out["y"])
    fresh.reset()
    assert all((value == 0).all() for value in fresh.state().values())
    assert fresh.x.shape == (1, CHANNELS)
