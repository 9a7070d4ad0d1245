"""Quantisation keeps what it promises: errors within half a step, states as they were, only allowed operators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.check import problems, signature
from lineshaft.graph.fidelity import Run, gap, say
from lineshaft.graph.quantise.dynamic import dynamic
from lineshaft.graph.quantise.float16 import float16
from lineshaft.graph.quantise.observe import Seen, ranges
from lineshaft.graph.quantise.range import Scale, channel_scales, chosen
from lineshaft.graph.quantise.sensitivity import bearable, sensitivities
from lineshaft.graph.quantise.static import Plan, candidates, quantised, wanted
from lineshaft.graph.quantise.storage import bytes_, half, unpacked
from lineshaft.graph.view import View, view

VALUES = arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e3, 1e3, width=32))


@given(VALUES)
def test_a_value_in_range_is_off_by_at_most_half_a_step_and_zero_by_nothing(values: np.ndarray) -> None:
    scale = Scale.of(float(values.min()), float(values.max()))
    assert np.abs(scale.through(values) - values).max() <= scale.scale * 0.5001 + 1e-6 * np.abs(values).max()
    assert scale.through(np.zeros(1, np.float32))[0] == 0.0


@given(arrays(np.float32, (3, 5), elements=st.floats(-10, 10, width=32)), st.sampled_from([7, 8]))
def test_a_weight_is_off_by_at_most_half_a_step_of_its_own_channel(weights: np.ndarray, bits: int) -> None:
    whole, scales = channel_scales(weights, 0, bits)
    assert np.abs(whole).max() <= 2 ** (bits - 1) - 1
    assert (np.abs(whole * scales[:, None] - weights) <= 0.5001 * scales[:, None] + 1e-9).all()


def test_the_range_of_least_squared_error_gives_an_outlier_up() -> None:
    random = np.random.default_rng(0)
    sample = np.append(random.normal(size=100_000), [90.0]).astype(np.float32)
    seen = Seen(float(sample.min()), float(sample.max()), sample)
    all_of_it, least = chosen(seen, "minmax"), chosen(seen, "mse")
    assert least.high < 0.9 * all_of_it.high
    assert np.mean((least.through(sample) - sample)**2) < np.mean((all_of_it.through(sample) - sample)**2)


def static(seen: View, runs: list[Run]) -> View:
    nodes = candidates(seen)
    return quantised(seen, nodes, ranges(seen.bytes(), wanted(seen, nodes), runs, execute))


WAYS: list[tuple[Callable[[View, list[Run]], View | str], float]] = [
    (lambda v, _: half(v), 5e-3), (lambda v, _: bytes_(v), 0.1), (lambda v, _: float16(v), 2e-2),
    (lambda v, _: dynamic(v), 0.1), (static, 0.15)]


@pytest.mark.parametrize(("way", "bound"), WAYS, ids=["half", "bytes", "float16", "dynamic", "static"])
def test_a_narrower_graph_is_a_step_graph_with_the_same_signature_near_the_first(
        way: Callable[[View, list[Run]], View | str], bound: float, graph: bytes, seen: View, runs: list[Run]) -> None:
    made = way(seen, runs)
    assert isinstance(made, View)
    raw = made.bytes()
    assert problems(raw) == ()
    assert signature(raw) == signature(graph)
    before, after = say(graph, runs, execute), say(raw, runs, execute)
    for old, new in zip(before, after, strict=True):
        assert np.abs(new["score"] - old["score"]).max() <= bound * np.abs(old["score"]).max()
    assert gap(before, after, runs).flips < 0.1
    if way is not WAYS[3][0]:
        assert len(raw) < 0.8 * len(graph)


def test_what_keeps_state_or_smooths_the_score_stays_in_float(seen: View, runs: list[Run]) -> None:
    made = static(seen, runs)
    narrow = {n.outputs[0] for n in made.nodes if n.kind == "DequantizeLinear"}
    for node in made.nodes:
        if node.kind in ("Concat", "Slice", "Sub", "Mul", "Greater", "ReduceSum"):
            assert not narrow.intersection(node.inputs)


def test_a_channel_that_is_all_bias_keeps_its_bias(runs: list[Run]) -> None:
    from lineshaft.graph.builder import StepBuilder

    g = StepBuilder(4)
    weights = np.random.default_rng(0).normal(size=(32, 4, 3))
    weights[5] = 0.0
    bias = np.zeros(32)
    bias[5] = 7.0
    a = g.conv(g.transpose(g.window("w", g.x, 3), (1, 0)), weights, bias)
    graph = g.model({"score": g.slice(g.reshape(a, (32,)), 5, 6)})
    said = say(static(view(graph), runs).bytes(), runs[:1], execute)[0]["score"]
    assert np.allclose(said, 7.0, atol=0.2)


def test_weights_stored_in_fewer_bits_unpack_to_what_the_graph_computes_with(seen: View, runs: list[Run]) -> None:
    for way in (half, bytes_):
        narrow = way(seen)
        assert isinstance(narrow, View)
        raw = unpacked(narrow.bytes())
        assert not any(n.kind == "Cast" and n.inputs[0] in view(raw).constants for n in view(raw).nodes)
        assert gap(say(narrow.bytes(), runs, execute), say(raw, runs, execute), runs).flips == 0.0
    assert unpacked(seen.bytes()) == seen.bytes()


def test_the_nodes_that_hurt_most_stay_in_float(seen: View, runs: list[Run]) -> None:
    nodes = candidates(seen)
    found = ranges(seen.bytes(), wanted(seen, nodes), runs, execute)
    errors = sensitivities(seen, nodes, found, runs, execute, Plan())
    worst = max(errors, key=lambda node: errors[node])
    assert set(errors) == set(nodes)
    assert bearable(errors, np.inf) == nodes
    kept = bearable(errors, 0.999 * float(np.sqrt(sum(e**2 for e in errors.values()))))
    assert worst not in kept
    assert len(kept) == len(nodes) - 1
    assert bearable(errors, 0.0) == ()


def test_a_graph_without_large_products_says_why_it_stays() -> None:
    from lineshaft.graph.builder import StepBuilder

    g = StepBuilder(2)
    small = view(g.model({"score": g.ewma("level", g.sum(g.x), 0.1)}))
    for way in (half, bytes_, float16, dynamic):
        reason = way(small)
        assert isinstance(reason, str)
        assert reason
