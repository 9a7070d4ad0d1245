"""Bounds, fixed-point types, options and the estimate: what is decided before anything is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backend.hls.networks import CHANNELS, CLIP, LENGTH, autoencoder, dense, every_layer, tangle

from lineshaft.backend import target
from lineshaft.backend._hls.bounds import bounds
from lineshaft.backend._hls.design import design
from lineshaft.backend._hls.estimate import Work, estimate
from lineshaft.backend._hls.fixed import Fixed, holding
from lineshaft.backend._hls.graph import StepView
from lineshaft.backend._hls.options import Options, options
from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.reference import ReferenceEngine

FPGA = target("fpga")
WIDE = Options(dsp=10**6, bram=10**6)


def watched(graph: bytes) -> bytes:
    """The same graph with every float tensor among its outputs."""
    import onnx

    view = StepView(graph)
    states = len(view.states)
    shown = [name for node in view.nodes for name in node.output if name not in view.outputs
             and view.shape(name) is not None and view.element(name) == onnx.TensorProto.FLOAT]
    outputs = view.model.graph.output
    kept = [onnx.ValueInfoProto.FromString(o.SerializeToString()) for o in outputs]
    del outputs[:]
    outputs.extend([*kept[:len(kept) - states],
                    *(onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["A", *(view.shape(n) or ())])
                      for n in shown), *kept[len(kept) - states:]])
    return bytes(view.model.SerializeToString())


@settings(max_examples=15, deadline=None)
@given(made=st.sampled_from([tangle, every_layer]), seed=st.integers(0, 999))
def test_no_tensor_ever_leaves_its_bounds(made: Callable[[int], bytes], seed: int) -> None:
    graph = made(seed)
    known, engine = bounds(StepView(graph)), ReferenceEngine(watched(graph))
    random = np.random.default_rng(seed)
    for _ in range(10):
        engine.x[...] = random.normal(size=engine.x.shape) * 10.0 ** random.integers(0, 8)
        engine.quality[...] = random.random(engine.x.shape) < 0.8
        engine.step()
        for name, value in engine.out.items():
            slack = 1e-5 * (1 + np.abs(value))
            assert (value >= known[name].low - slack).all(), name
            assert (value <= known[name].high + slack).all(), name


def test_a_clipped_value_keeps_its_bounds_through_a_window_and_a_held_value() -> None:
    known = bounds(StepView(autoencoder([4], ["tanh"])))
    assert known["window_o"].farthest == CLIP
    assert known["level"].farthest == pytest.approx(CLIP)
    assert known["age_o"].farthest == LENGTH


def test_what_grows_from_tick_to_tick_has_no_bounds() -> None:
    g = StepBuilder(1)
    total = g.add(g.state("total", (1,)), g.clip(g.x, 0.0, 1.0))
    g.keep("total", total)
    known = bounds(StepView(g.model({"out": total})))["out"]
    assert known.low.item() == 0.0
    assert known.high.item() == np.inf


@given(farthest=st.floats(1e-6, 1e6), width=st.integers(8, 32))
def test_a_type_holds_the_value_it_was_made_for_and_wastes_no_bit(farthest: float, width: int) -> None:
    made = holding(farthest, width)
    assert 2.0 ** (made.integer - 2) <= farthest < 2.0 ** (made.integer - 1)
    assert made.integer + made.places == width


def test_what_only_a_look_up_table_reads_is_as_fine_as_the_table_is_wide() -> None:
    made = design(autoencoder([4], ["tanh"]), WIDE).core
    before = next(layer["name"] for layer in made.layers if layer["class_name"] == "Dense")
    assert made.settings[before]["Precision"]["result"] == str(Fixed(24, 4))


def test_multipliers_are_shared_by_the_reuse_factor_and_zero_weights_need_none() -> None:
    once, often = (estimate([Work(n_in=8, weights=100, reuse=r), Work(look_ups=10)], WIDE) for r in (1, 10))
    assert (once.multipliers, often.multipliers) == (100, 10)
    assert often.cycles - once.cycles == 9
    assert (once.interval, often.interval) == (1, 10)
    g = StepBuilder(CHANNELS)
    hidden = g.relu(g.project(g.clip(g.x, -1.0, 1.0), np.eye(CHANNELS)))
    assert design(g.model({"out": hidden}), WIDE).estimate.multipliers == CHANNELS


def test_a_layer_of_many_weights_keeps_them_in_memory_at_a_reuse_that_hls4ml_takes() -> None:
    g, random = StepBuilder(80), np.random.default_rng(0)
    made = design(g.model({"out": dense(g, g.clip(g.x, -1.0, 1.0), 80, random, "relu")}), replace(WIDE, reuse=32))
    settings = made.core.settings[made.core.layers[1]["name"]]
    assert (settings["Strategy"], settings["ReuseFactor"]) == ("Resource", 40)
    assert made.estimate.multipliers == 80 * 80 // 40
    assert made.estimate.bram == 80 * 80 / 40 * 18 / 36 / 2


def test_an_fpga_that_is_too_small_is_refused_with_the_reuse_that_would_do() -> None:
    graph = autoencoder([8], ["tanh"])
    with pytest.raises(Refused, match=r"48 DSP slices and xc7z020clg400-1 has 10: raise options.hls.reuse to 5"):
        design(graph, replace(WIDE, dsp=10))
    assert design(graph, replace(WIDE, dsp=10, reuse=5)).estimate.dsp <= 10
    with pytest.raises(Refused, match=r"stored weights need about 8 blocks of memory and xc7z020clg400-1 has 3"):
        design(graph, replace(WIDE, bram=3))


def test_an_input_without_bounds_is_refused_until_a_range_is_declared() -> None:
    g = StepBuilder(CHANNELS)
    graph = g.model({"out": dense(g, g.x, 2, np.random.default_rng(0), "tanh")})
    with pytest.raises(Refused, match=r"neural part, x, has no bounds; clip it in the graph, or set options.hls.range"):
        design(graph, WIDE)
    assert design(graph, replace(WIDE, range=100.0)).saturates == 100.0


@pytest.mark.parametrize(("given", "reason"), [
    ({"reuse": "twice"}, "options.hls.reuse: 'twice' is no number"),
    ({"reuse": "0"}, r"options.hls.reuse: 0 is not between 1 and 1000000"),
    ({"resue": "2"}, "options.hls.resue: 'resue' is no option of the hls backend; use one of: part, clock")])
def test_an_option_that_is_wrong_is_named_with_its_place(given: dict[str, str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        options(replace(FPGA, options={"hls": given}))


def test_the_target_s_options_describe_its_part() -> None:
    assert options(FPGA).dsp == 220
