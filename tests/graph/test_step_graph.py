"""A step graph: stepping, replay and the reference are one function."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems, signature
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay


def smoothed_window_score(channels: int, length: int) -> bytes:
    g = StepBuilder(channels)
    used = g.multiply(g.x, g.quality)
    mean = g.reshape(g.mean(g.window("window", used, length), axis=0), (channels,))
    score = g.sum(g.square(g.ewma("smooth", mean, 0.3)))
    return g.model({"score": score, "alarm": g.number(g.greater(score, 0.5))})


def stepped(graph: bytes, x: Array, quality: Array) -> dict[str, Array]:
    engine = backend("onnxruntime").load(graph, signature(graph), target("pc"), assets=x.shape[1])
    rows: dict[str, list[Array]] = {"score": [], "alarm": []}
    for values, usable in zip(x, quality, strict=True):
        engine.x[...], engine.quality[...] = values, usable
        engine.step()
        for name, seen in rows.items():
            seen.append(engine.out[name].copy())
    return {name: np.stack(seen) for name, seen in rows.items()}


@settings(max_examples=20, deadline=None)
@given(channels=st.integers(1, 6), length=st.integers(1, 5), ticks=st.integers(1, 30), assets=st.integers(1, 4),
       seed=st.integers(0, 2**32 - 1))
def test_replay_in_a_scan_equals_stepping_bit_for_bit(channels: int, length: int, ticks: int, assets: int,
                                                      seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(ticks, assets, channels)).astype(np.float32)
    quality = (random.random(x.shape) < 0.8).astype(np.float32)
    graph = smoothed_window_score(channels, length)
    replayed = Replay(graph, execute)(x, quality)
    for name, value in stepped(graph, x, quality).items():
        assert np.array_equal(value, replayed[name])


def test_the_reference_agrees_with_the_backend(rng: np.random.Generator) -> None:
    x = rng.normal(size=(50, 3)).astype(np.float32)
    graph = smoothed_window_score(3, 4)
    expected = golden(graph, x, np.ones_like(x))
    assert np.allclose(stepped(graph, x[:, None], np.ones_like(x)[:, None])["score"][:, 0],
                       expected.outputs["score"], rtol=1e-5, atol=1e-6)


def test_each_asset_of_a_batch_is_computed_as_if_alone(rng: np.random.Generator) -> None:
    x = rng.normal(size=(20, 5, 3)).astype(np.float32)
    graph = smoothed_window_score(3, 4)
    together = stepped(graph, x, np.ones_like(x))["score"]
    for asset in range(5):
        alone = stepped(graph, x[:, asset:asset + 1], np.ones_like(x[:, :1]))["score"]
        assert np.allclose(together[:, asset], alone[:, 0], rtol=1e-6)


def test_state_saved_and_restored_continues_where_it_was(rng: np.random.Generator) -> None:
    graph = smoothed_window_score(2, 3)
    first, second = (backend("onnxruntime").load(graph, signature(graph), target("pc")) for _ in range(2))
    for values in rng.normal(size=(7, 2)).astype(np.float32):
        first.x[0] = values
        first.step()
    second.restore(first.state())
    for engine in (first, second):
        engine.x[0] = (1.0, -1.0)
        engine.step()
    assert np.array_equal(first.out["score"], second.out["score"])
    first.reset()
    assert not any(value.any() for value in first.state().values())


def test_equal_builds_give_equal_bytes() -> None:
    assert smoothed_window_score(3, 4) == smoothed_window_score(3, 4)


@pytest.mark.parametrize(("operator", "reason"), [("Einsum", "operators outside the allowed set: Einsum")])
def test_a_foreign_operator_is_refused_by_name(operator: str, reason: str) -> None:
    model = onnx.load_from_string(smoothed_window_score(2, 2))
    model.graph.node.append(helper.make_node(operator, ["x", "x"], ["unused"], equation="ij,ij->i"))
    assert reason in problems(model.SerializeToString())


def test_bytes_that_are_no_model_are_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError, match="not a valid ONNX model"):
        signature(b"not a model")


def test_a_state_without_its_next_value_is_named() -> None:
    g = StepBuilder(1)
    g.state("level", (1,))
    with pytest.raises(ValueError, match="level"):
        g.model({"score": g.x})
