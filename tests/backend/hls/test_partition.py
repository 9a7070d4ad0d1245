"""A step graph cut around its network computes what the whole did; needs no hls4ml."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.backend.hls.networks import (
    CHANNELS,
    autoencoder,
    clipped_window,
    convolutional,
    decided,
    dense,
    every_layer,
    tangle,
)

from lineshaft.backend._hls.engine import PartitionedEngine
from lineshaft.backend._hls.graph import StepView
from lineshaft.backend._hls.partition import Partition, partition
from lineshaft.backend._hls.region import network, obstacles
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.step import Array, Engine
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.check import problems, signature
from lineshaft.graph.reference import ReferenceEngine

Matrix = NDArray[np.float64]
ACTIVATIONS = ("tanh", "sigmoid", "relu", "relu6")


def cut(graph: bytes) -> Partition:
    view = StepView(graph)
    region = network(view)
    assert region is not None
    return partition(view, region)


def in_float(graph: bytes, assets: int = 1) -> PartitionedEngine:
    """The parts one after another, the core in floating point."""
    parts = cut(graph)
    core = BoundEngine(parts.core, signature(parts.core), assets=assets)

    def run(x: Array) -> list[Array]:
        core.x[...] = x
        core.step()
        return [core.out[parts.layout.prefix + p.name].reshape(assets, p.size) for p in parts.layout.results]

    return PartitionedEngine(parts.before, run, parts.after, parts.layout, signature(graph), assets=assets)


def assert_alike(graph: bytes, ticks: int = 25, assets: int = 1) -> None:
    whole, parts = ReferenceEngine(graph, assets), in_float(graph, assets)
    random = np.random.default_rng(5)
    for _ in range(ticks):
        x, quality = random.normal(scale=4.0, size=whole.x.shape), random.random(whole.x.shape) < 0.8
        for engine in (whole, parts):
            feed(engine, x, quality)
        for name, value in whole.out.items():
            assert np.allclose(parts.out[name], value, rtol=1e-5, atol=1e-5), name
        for name, value in whole.state().items():
            assert np.allclose(parts.state()[name], value, rtol=1e-5, atol=1e-5), name


def feed(engine: Engine, x: Matrix, quality: NDArray[np.bool_]) -> None:
    engine.x[...], engine.quality[...] = x, quality
    engine.step()


def kinds_of(graph: bytes) -> list[str]:
    region = network(StepView(graph))
    return [] if region is None else [node.op_type for node in region.nodes]


@settings(max_examples=20, deadline=None)
@given(widths=st.lists(st.integers(1, 6), min_size=1, max_size=3), data=st.data(), seed=st.integers(0, 99))
def test_the_parts_of_a_dense_network_compute_what_the_whole_did(widths: list[int], data: st.DataObject, seed: int
                                                                 ) -> None:
    kinds = data.draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=len(widths), max_size=len(widths)))
    assert_alike(autoencoder(widths, kinds, seed), ticks=8)


@settings(max_examples=20, deadline=None)
@given(filters=st.integers(1, 4), kernel=st.integers(1, 3), kind=st.sampled_from(ACTIVATIONS),
       pool=st.sampled_from(["", "MaxPool", "AveragePool"]), pad=st.integers(0, 1), stride=st.integers(1, 2))
def test_the_parts_of_a_convolutional_network_compute_what_the_whole_did(
        filters: int, kernel: int, kind: str, pool: str, pad: int, stride: int) -> None:
    assert_alike(convolutional(filters, kernel, kind, pool, pad, stride), ticks=8)


def test_the_parts_of_a_network_with_every_kind_of_layer_compute_what_the_whole_did() -> None:
    assert kinds_of(every_layer()).count("Conv") == 3
    assert_alike(every_layer())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_parts_of_any_tangle_compute_what_the_whole_did(seed: int) -> None:
    graph = tangle(seed)
    assume(kinds_of(graph))
    assert_alike(graph, ticks=5)


def test_several_assets_share_a_call() -> None:
    assert_alike(autoencoder([5], ["tanh"]), assets=3)


def test_each_part_is_a_step_graph_that_any_backend_can_take() -> None:
    parts = cut(convolutional(2, 2, "relu", "MaxPool"))
    assert [problems(part) for part in (parts.before, parts.core, parts.after)] == [(), (), ()]


def test_the_core_is_the_network_alone_without_state() -> None:
    graph = autoencoder([4], ["tanh"])
    assert kinds_of(graph) == ["MatMul", "Add", "Tanh", "MatMul", "Add"]
    assert signature(cut(graph).core).states == ()


def test_each_state_belongs_to_the_part_that_computes_it() -> None:
    parts = cut(autoencoder([4], ["tanh"]))
    assert {s.name for s in signature(parts.before).states} == {"held", "window", "age"}
    assert {s.name for s in signature(parts.after).states} == {"mean", "on"}


def test_the_larger_of_two_networks_is_taken() -> None:
    g, random = StepBuilder(CHANNELS), np.random.default_rng(0)
    small = dense(g, dense(g, g.clip(g.x, -1.0, 1.0), 2, random, "relu"), 1, random)
    large = dense(g, dense(g, g.clip(g.x, -2.0, 2.0), 9, random, "tanh"), 1, random)
    graph = g.model({"small": small, "large": large})
    assert "Tanh" in kinds_of(graph)
    assert_alike(graph)


def test_a_result_that_several_read_crosses_once_for_all() -> None:
    g, random = StepBuilder(CHANNELS), np.random.default_rng(0)
    code = dense(g, g.clip(g.x, -1.0, 1.0), 2, random, "tanh")
    graph = g.model({"code": code, "back": dense(g, code, CHANNELS, random), "length": g.sum(g.square(code))})
    assert len(cut(graph).layout.results) == 2
    assert_alike(graph)


def test_a_state_from_after_the_network_may_feed_it() -> None:
    g, random = StepBuilder(CHANNELS), np.random.default_rng(0)
    fed = g.concat([g.x, g.state("memory", (2,))])
    memory = dense(g, fed, 2, random, "tanh")
    g.keep("memory", memory)
    graph = g.model({"memory_now": memory, "sum": g.sum(memory)})
    assert_alike(graph)


def test_the_network_may_hang_on_a_state_that_it_makes_itself() -> None:
    g, random = StepBuilder(CHANNELS), np.random.default_rng(0)
    made = dense(g, g.state("memory", (2,)), 2, random, "tanh")
    g.keep("memory", g.add(made, g.slice(g.x, 0, 2)))
    graph = g.model({"made": made})
    assert kinds_of(graph) == ["MatMul", "Add", "Tanh"]
    assert_alike(graph)


def test_a_state_that_is_read_late_and_made_early_crosses_with_its_old_value() -> None:
    g, random = StepBuilder(CHANNELS), np.random.default_rng(0)
    before = g.state("before", (CHANNELS,))
    g.keep("before", g.x)
    made = dense(g, g.subtract(g.x, before), CHANNELS, random, "relu")
    graph = g.model({"gap": g.subtract(dense(g, made, CHANNELS, random), before)})
    assert_alike(graph)


def test_an_output_may_be_read_again_and_need_no_identity_before_it() -> None:
    import onnx

    model = onnx.load_from_string(autoencoder([4], ["tanh"]))
    tanh = next(n for n in model.graph.node if n.op_type == "Tanh")
    name = tanh.output[0]
    model.graph.output.insert(0, onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["A", 4]))
    graph = model.SerializeToString(deterministic=True)
    assert problems(graph) == ()
    assert_alike(graph)


def test_names_of_the_graph_do_not_collide_with_those_of_the_cut() -> None:
    g, random = StepBuilder(CHANNELS), np.random.default_rng(0)
    old = g.state("cut_x", (CHANNELS,))
    g.keep("cut_x", g.x)
    graph = g.model({"cut_c0": dense(g, dense(g, g.subtract(g.x, old), 2, random, "relu"), 1, random)})
    assert_alike(graph)


def linear(g: StepBuilder) -> Wire:
    return dense(g, g.reshape(g.mean(clipped_window(g), axis=0), (CHANNELS,)), CHANNELS, np.random.default_rng(0))


def test_linear_maps_without_an_activation_are_no_network() -> None:
    g = StepBuilder(CHANNELS)
    made = linear(g)
    assert kinds_of(decided(g, made, dense(g, made, CHANNELS, np.random.default_rng(1)))) == []


@pytest.mark.parametrize(("options", "reason"), [
    ({"group": 3}, "it is grouped"), ({"dilations": (2,)}, "it is dilated")])
def test_what_no_core_holds_is_named_with_its_reason(options: dict[str, object], reason: str) -> None:
    g = StepBuilder(CHANNELS)
    window = g.transpose(clipped_window(g), (1, 0))
    weights = np.ones((3, CHANNELS // int(str(options.get("group", 1))), 2))
    made = g.relu(g.conv(window, weights, **options))  # type: ignore[arg-type]
    graph = g.model({"made": made})
    assert network(StepView(graph)) is None
    assert [text for text in obstacles(StepView(graph)) if text.startswith("Conv") and text.endswith(reason)]
