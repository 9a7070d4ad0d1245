"""Execution providers of ONNX Runtime: named by the target, refused where absent, state kept on their device."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from lineshaft.backend import backend, target
from lineshaft.backend._device import DeviceEngine
from lineshaft.backend._providers import CPU, started
from lineshaft.core.step import Engine
from lineshaft.core.target import Target
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.graph.reference import ReferenceEngine

PC = target("pc")
SUBJECT = backend("onnxruntime")
TICKS = 120


def monitor(channels: int = 5) -> bytes:
    """A window straight over ``x``, so that ``quality`` is an input which nothing reads."""
    g = StepBuilder(channels)
    level = g.reshape(g.mean(g.window("window", g.x, 8), axis=0), (channels,))
    loadings = np.random.default_rng(4).normal(size=(channels, 2))
    residual = g.subtract(level, g.project(g.project(level, loadings), loadings.T))
    return g.model({"score": g.ewma("smooth", g.sum(g.square(residual)), 0.2), "level": level})


def on(providers: str, **options: str) -> Target:
    return replace(PC, options={"onnxruntime": {"providers": providers, **options}})


def gap(engine: Engine, graph: bytes) -> float:
    """Largest gap to the reference over ``TICKS`` ticks."""
    reference, random, widest = ReferenceEngine(graph, engine.assets), np.random.default_rng(9), 0.0
    for _ in range(TICKS):
        engine.x[...] = reference.x[...] = random.normal(size=engine.x.shape).astype(np.float32)
        engine.step()
        reference.step()
        for name, expected in reference.out.items():
            widest = max(widest, float(np.max(np.abs(engine.out[name] - expected) / (1 + np.abs(expected)))))
    return widest


def test_a_provider_that_this_onnxruntime_lacks_is_named_with_those_it_has() -> None:
    found = SUBJECT.supports(monitor(), on("RainExecutionProvider,CPUExecutionProvider"))
    assert [reason for reason in found.reasons if "no RainExecutionProvider (it has" in reason and CPU in reason]


def test_a_provider_whose_memory_is_not_known_is_refused() -> None:
    if "AzureExecutionProvider" not in ort.get_available_providers():
        pytest.skip("this onnxruntime has no provider that keeps its tensors in a place unknown to us")
    assert "where it keeps its tensors" in SUBJECT.supports(monitor(), on("AzureExecutionProvider")).reasons[0]


def test_an_empty_list_of_providers_is_refused() -> None:
    assert "is empty" in SUBJECT.supports(monitor(), on(" , ")).reasons[0]


def test_a_captured_graph_is_refused_since_state_alternates_between_two_addresses() -> None:
    support = SUBJECT.supports(monitor(), on(CPU, **{f"{CPU}.enable_cuda_graph": "1"}))
    assert "enable_cuda_graph" in support.reasons[0]


def test_a_certificate_learns_which_providers_ran() -> None:
    assert SUBJECT.facts(monitor(), on(CPU)).notes["providers"] == CPU


@pytest.mark.parametrize("assets", [1, 3])
def test_state_kept_on_a_device_steps_as_the_reference_does(assets: int) -> None:
    """The device is the CPU's own memory here: the same calls that copy to a GPU, without one."""
    graph, place = monitor(), on(CPU)
    engine = DeviceEngine(started(graph, place, assets), signature(graph), assets, ("cpu", 0))
    assert gap(engine, graph) < 1e-5
    kept = engine.state()
    before = {name: value.copy() for name, value in kept.items()}
    engine.step()
    expected = engine.out["score"].copy()
    assert all(np.array_equal(kept[name], before[name]) for name in kept)
    engine.restore(kept)
    engine.step()
    assert np.array_equal(engine.out["score"], expected)
    engine.reset()
    assert not any(value.any() for value in engine.state().values())
    assert gap(engine, graph) < 1e-5


@pytest.mark.parametrize("provider", ["OpenVINOExecutionProvider", "DnnlExecutionProvider", "XnnpackExecutionProvider"])
def test_a_provider_of_this_processor_steps_as_the_reference_does(provider: str) -> None:
    if provider not in ort.get_available_providers():
        pytest.skip(f"this onnxruntime has no {provider}")
    graph, where = monitor(), on(f"{provider},{CPU}")
    assert gap(SUBJECT.load(SUBJECT.compile(graph, where), signature(graph), where, assets=2), graph) < 1e-4


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["gpu-server", "jetson"])
def test_a_gpu_steps_as_the_reference_does_within_its_targets_bound(name: str) -> None:
    where = target(name)
    missing = SUBJECT.supports(monitor(), where).reasons
    if missing:
        pytest.skip("; ".join(missing))
    graph = monitor()
    engine = SUBJECT.load(SUBJECT.compile(graph, where), signature(graph), where, assets=16)
    assert isinstance(engine, DeviceEngine)
    assert gap(engine, graph) <= where.parity


def test_inputs_that_nothing_reads_are_not_in_the_graph_that_a_provider_gets() -> None:
    """OpenVINO's provider shifts its inputs by those (onnxruntime-openvino 1.24.1)."""
    made = onnx.load_from_string(SUBJECT.compile(monitor(), on(f"{CPU},{CPU}")))
    assert [value.name for value in made.graph.input] == ["x", "window", "smooth"]
