"""The backend as a whole: a monitor's network as C++ of fixed point, compiled and certified on this machine."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.backend.hls.networks import CHANNELS, autoencoder, every_layer
from tests.model.plant import dataset, steady

from lineshaft.backend import backend, target
from lineshaft.backend._hls.archive import Artifact, pack, unpack
from lineshaft.backend._hls.build import missing, project
from lineshaft.backend._hls.design import design
from lineshaft.backend._hls.emulation import Emulation
from lineshaft.backend._hls.options import options
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array, Engine, StepSignature
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden
from lineshaft.model.golden import golden_inputs
from lineshaft.model.train import Monitor, train_monitor

FPGA, HLS = target("fpga"), backend("hls")
built = pytest.mark.skipif(bool(missing()), reason="; ".join(missing()) or "hls4ml and g++ are there")


@pytest.fixture(scope="session")
def monitor() -> Monitor:
    values = steady(900, 5)
    return train_monitor(dataset(values), np.ones(len(values), np.bool_), execute, learner="autoencoder")


@pytest.fixture(scope="session")
def artifact(monitor: Monitor) -> bytes:
    """One build for all tests: it takes hls4ml and g++ some seconds."""
    return HLS.compile(monitor.graph, FPGA)


def loaded(artifact: bytes, graph: bytes, assets: int = 1) -> Engine:
    return HLS.load(artifact, signature(graph), FPGA, assets=assets)


def feed(engine: Engine, x: Array, quality: Array) -> None:
    engine.x[0], engine.quality[0] = x, quality
    engine.step()


def run(engine: Engine, ticks: int, seed: int = 0) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    random, found = np.random.default_rng(seed), []
    for _ in range(ticks):
        engine.x[...] = random.normal(scale=100.0, size=engine.x.shape)
        engine.quality[...] = random.random(engine.x.shape) < 0.9
        engine.step()
        found.append(engine.out["score"].copy())
    return found


@built
def test_a_monitor_keeps_its_declared_bound_on_the_golden_set_and_flips_no_verdict(monitor: Monitor, artifact: bytes
                                                                                   ) -> None:
    engine, gaps, alarms = loaded(artifact, monitor.graph), [], 0
    for inputs in golden_inputs(dataset(steady(900, 5)), np.ones(900, np.bool_), monitor.settings):
        expected = golden(monitor.graph, inputs.x, inputs.quality).outputs
        engine.reset()
        for tick in range(len(inputs.x)):
            feed(engine, inputs.x[tick], inputs.quality[tick])
            gaps += [np.abs(engine.out[n][0] - v[tick]) / (1 + np.abs(v[tick])) for n, v in expected.items()]
            assert engine.out["alarm"][0, 0] == expected["alarm"][tick, 0], f"{inputs.name}, tick {tick}"
        alarms += int(expected["alarm"].sum())
    assert alarms > 0
    assert 0 < max(gap.max() for gap in gaps) <= FPGA.parity


@built
def test_the_facts_say_what_is_emulated_and_that_the_resources_are_estimated(artifact: bytes) -> None:
    facts = HLS.facts(artifact, FPGA)
    assert facts.compiler.startswith("hls4ml ")
    assert "bit-accurate C++ of ap_fixed" in facts.emulator
    assert "not synthesis" in facts.notes["estimate"]
    assert facts.notes["dsp"].endswith("of 220")


@built
def test_the_artifact_holds_the_project_for_vitis_and_nothing_of_the_machine_that_made_it(artifact: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
        names = set(archive.namelist())
        everything = b"".join(archive.read(name) for name in names)
    assert {"project/build_prj.tcl", "project/project.tcl", "project/firmware/core.cpp", "core.json", "before.onnx",
            "core.onnx", "after.onnx", "emulation.so"} <= names
    assert b"lineshaft-hls-" not in everything


@built
def test_the_same_graph_gives_the_same_project(monitor: Monitor, artifact: bytes) -> None:
    chosen = options(FPGA)
    with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
        first = {n.removeprefix("project/"): archive.read(n) for n in archive.namelist() if n.startswith("project/")}
    assert project(design(monitor.graph, chosen).core, chosen) == {
        path: content for path, content in first.items() if not path.startswith("tb_data/")}


@built
def test_the_test_bench_for_vitis_holds_inputs_and_what_the_emulation_says_to_them(monitor: Monitor, artifact: bytes
                                                                                   ) -> None:
    with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
        x, expected = (np.loadtxt(io.BytesIO(archive.read(f"project/tb_data/{name}.dat")), np.float32)
                       for name in ("tb_input_features", "tb_output_predictions"))
    parts = unpack(artifact)
    assert np.array_equal(np.hstack(Emulation(parts, len(x))(x)), expected)
    assert np.abs(x).max() > 100.0
    assert np.ptp(expected, axis=0).min() > 0.0


@built
def test_restoring_a_state_continues_and_a_reset_begins_anew(monitor: Monitor, artifact: bytes) -> None:
    one, other = loaded(artifact, monitor.graph), loaded(artifact, monitor.graph)
    first = run(one, 30)
    other.restore(one.state())
    assert all(np.array_equal(a, b) for a, b in zip(run(one, 5, seed=1), run(other, 5, seed=1), strict=True))
    one.reset()
    assert not any(value.any() for value in one.state().values())
    assert all(np.array_equal(a, b) for a, b in zip(run(one, 30), first, strict=True))


@built
def test_a_batch_of_assets_equals_single_ones(monitor: Monitor, artifact: bytes) -> None:
    together, alone = loaded(artifact, monitor.graph, 3), [loaded(artifact, monitor.graph) for _ in range(3)]
    random = np.random.default_rng(3)
    for _ in range(25):
        together.x[...] = random.normal(scale=100.0, size=together.x.shape)
        together.step()
        for asset, engine in enumerate(alone):
            engine.x[0] = together.x[asset]
            engine.step()
            assert np.allclose(engine.out["score"][0], together.out["score"][asset], rtol=1e-6, atol=1e-7)


@built
def test_a_wild_value_saturates_instead_of_wrapping_round(monitor: Monitor, artifact: bytes) -> None:
    engine = loaded(artifact, monitor.graph)
    for value in (1e29, -1e29):
        engine.reset()
        for _ in range(40):
            engine.x[...] = value
            engine.step()
        assert np.isfinite(engine.out["score"]).all()
        assert engine.out["alarm"][0, 0] == 1.0


@built
def test_loading_needs_neither_onnx_nor_the_graph_package_nor_hls4ml(monitor: Monitor, artifact: bytes, tmp_path: Path
                                                                     ) -> None:
    (tmp_path / "artifact").write_bytes(artifact)
    program = (
        "import pathlib, sys\n"
        "from lineshaft.backend import backend, target\n"
        "from lineshaft.core.step import Port, StepSignature\n"
        f"sig = {signature(monitor.graph)!r}\n"
        "engine = backend('hls').load(pathlib.Path(sys.argv[1]).read_bytes(), sig, target('fpga'))\n"
        "engine.step()\n"
        "print(sorted(m for m in sys.modules if m.startswith(('onnx.', 'hls4ml', 'lineshaft.graph'))))\n")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "artifact")], capture_output=True, text=True,
                          check=True)
    assert done.stdout.strip() == "[]"


@built
def test_an_artifact_of_another_machine_is_refused_with_what_to_do(monitor: Monitor, artifact: bytes) -> None:
    parts = unpack(artifact)
    foreign = Artifact(replace(parts.description, machine="Linux riscv64"), parts.before, parts.core, parts.after,
                       parts.library)
    with pytest.raises(Refused, match=r"compiled for Linux riscv64 and this is .*; compile the graph on this machine"):
        loaded(pack(foreign, {}), monitor.graph)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_bytes_that_are_no_artifact_are_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="this is no artifact of the hls backend"):
        HLS.load(content, StepSignature(1, (), ()), FPGA)


@built
def test_every_kind_of_layer_computes_in_fixed_point_what_the_graph_says() -> None:
    graph = every_layer()
    engine = loaded(HLS.compile(graph, FPGA), graph, assets=2)
    random = np.random.default_rng(2)
    x = random.normal(scale=2.0, size=(60, CHANNELS)).astype(np.float32)
    expected = golden(graph, x, np.ones_like(x)).outputs["residual"]
    for tick in range(len(x)):
        engine.x[...], engine.quality[...] = x[tick], 1.0
        engine.step()
        assert np.abs(engine.out["residual"] - expected[tick]).max() < 0.01


def test_a_graph_without_a_network_or_a_target_in_floating_point_is_refused_with_the_reason() -> None:
    g = StepBuilder(2)
    reasons = HLS.supports(g.model({"mean": g.ewma("level", g.x, 0.5)}), FPGA).reasons
    assert any("no neural part (weights followed by an activation)" in r for r in reasons) or missing()
    assert "precision float32 is not offered, only fixed" in HLS.supports(
        autoencoder([4], ["tanh"]), replace(FPGA, precision="float32")).reasons
    with pytest.raises(Refused, match="not a valid ONNX model"):
        HLS.compile(b"no graph", FPGA)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.backend._hls.build.COMPILER", "no-such-compiler")
    assert "no-such-compiler is not installed" in HLS.supports(autoencoder([4], ["tanh"]), FPGA).reasons
