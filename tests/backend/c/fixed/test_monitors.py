"""Whole monitors in integers: certified on golden sequences, and right on what their ranges were not taken from."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.backend.c.fixed.made import PC
from tests.model.plant import dataset, steady

from lineshaft.app.lowering import lower
from lineshaft.app.precision import in_precision
from lineshaft.backend import backend, target
from lineshaft.backend._c import archive
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.golden import Golden
from lineshaft.core.manifest import Tolerance
from lineshaft.core.step import Array, Engine
from lineshaft.graph.check import signature
from lineshaft.model.golden import golden_inputs
from lineshaft.model.train import train_monitor

M0 = target("cortex-m0")
ROWS, TAGS = 420, 5
BOARD = pytest.mark.skipif(not (shutil.which("arm-none-eabi-gcc") and shutil.which("qemu-system-arm")),
                           reason="needs arm-none-eabi-gcc and qemu-system-arm")


@cache
def monitor(name: str) -> tuple[bytes, tuple[Golden, ...]]:
    """A trained graph with its golden sequences."""
    data, rows = dataset(steady(ROWS, TAGS)), np.ones(ROWS, np.bool_)
    made = train_monitor(data, rows, execute, learner=name)
    inputs = golden_inputs(data, rows, made.settings)
    return made.graph, tuple(Golden(one.x, one.quality, said(made.graph, one.x, one.quality), one.name)
                             for one in inputs)


def said(graph: bytes, x: Array, quality: Array) -> dict[str, Array]:
    """What ONNX Runtime says; that it agrees with the reference is tested elsewhere."""
    judge = backend("onnxruntime")
    engine = judge.load(judge.compile(graph, target("pc")), signature(graph), target("pc"))
    rows: dict[str, list[Array]] = {port.name: [] for port in engine.signature.outputs}
    for row, usable in zip(x, quality, strict=True):
        engine.x[0], engine.quality[0] = row, usable
        engine.step()
        for port, seen in rows.items():
            seen.append(engine.out[port][0].copy())
    return {port: np.stack(seen) for port, seen in rows.items()}


@cache
def ranged(name: str) -> bytes:
    return in_precision(*monitor(name), PC)


@cache
def compiled(name: str) -> bytes:
    return backend("c").compile(ranged(name), PC)


def engine_of(name: str) -> Engine:
    return backend("c").load(compiled(name), signature(ranged(name)), PC)


def fresh() -> tuple[Array, Array]:
    """Another draw of the plant: lost values, a slow drift of one tag, a jump of another and back."""
    random = np.random.default_rng(11)
    x, quality = steady(400, TAGS, seed=9).astype(np.float32), np.ones((400, TAGS), np.float32)
    x[150:, 2] += np.linspace(0, 12, 250, dtype=np.float32)
    x[250:300, 4] -= 40.0
    lost = random.random(x.shape) < 0.03
    x[lost], quality[lost] = 0.0, 0.0
    return x, quality


@pytest.mark.parametrize("name", ["pca", "autoencoder", "neighbours", "cva"])
def test_a_monitor_keeps_far_within_the_declared_bound_without_a_flip(name: str) -> None:
    replayed = replay_golden(engine_of(name), monitor(name)[1], Tolerance(M0.parity / 5, 0))
    assert replayed.ticks > 500


@pytest.mark.parametrize("name", ["pca", "neighbours"])
def test_it_says_the_same_on_data_that_its_ranges_were_not_taken_from(name: str) -> None:
    x, quality = fresh()
    expected = said(monitor(name)[0], x, quality)
    assert 20 < (expected["alarm"] > 0.5).sum() < 380
    replay_golden(engine_of(name), [Golden(x, quality, expected)], Tolerance(M0.parity, M0.flips))


@BOARD
def test_a_monitor_is_certified_for_a_processor_without_floating_point() -> None:
    graph, sequences = monitor("pca")
    (attempt,) = lower(graph, sequences, M0)
    assert attempt.lowering is not None, attempt.reason
    certificate = attempt.lowering.certificate
    assert (certificate.precision, certificate.flips) == ("fixed", 0)
    assert certificate.parity < M0.parity / 5
    assert "QEMU" in certificate.emulator
    assert 0 < certificate.flash_bytes < 12 * 1024
    assert 0 < certificate.ram_bytes < 4 * 1024


@BOARD
def test_the_object_calls_no_routine_of_floating_point(tmp_path: Path) -> None:
    files = archive.unpack(backend("c").compile(ranged("cva"), M0))
    (tmp_path / "step.o").write_bytes(files["step.o"])
    undefined = subprocess.run(["arm-none-eabi-nm", "-u", "step.o"], cwd=tmp_path, capture_output=True, text=True,
                               check=True).stdout.split()[1::2]
    assert "__aeabi_lmul" in undefined
    assert set(undefined) <= {"__aeabi_lmul", "__aeabi_ldivmod", "__aeabi_uldivmod", "__aeabi_idiv", "__aeabi_llsl",
                              "__aeabi_llsr", "__aeabi_lasr", "__aeabi_lcmp", "__aeabi_ulcmp", "__gnu_thumb1_case_uqi",
                              "memset", "memcpy", "memmove"}


@BOARD
def test_an_emulated_board_gives_the_very_same_integers() -> None:
    c, made = backend("c"), ranged("pca")
    board, here = c.load(c.compile(made, M0), signature(made), M0), engine_of("pca")
    x, quality = fresh()
    for row, usable in zip(x[:60], quality[:60], strict=True):
        for each in (board, here):
            each.x[0], each.quality[0] = row, usable
            each.step()
        for name, expected in here.out.items():
            assert np.array_equal(board.out[name], expected), name
    for name, kept in here.state().items():
        assert np.array_equal(board.state()[name], kept), name


def test_short_weights_take_less_flash_and_stay_within_the_bound() -> None:
    made = ranged("autoencoder")
    short = replace(PC, options={"c": {"weights": "16"}})
    c = backend("c")
    artifact = c.compile(made, short)
    constants = [archive.layout(archive.unpack(a))["constant_bytes"] for a in (artifact, compiled("autoencoder"))]
    assert constants[0] < 0.75 * constants[1]
    replay_golden(c.load(artifact, signature(made), short), monitor("autoencoder")[1], Tolerance(M0.parity, 0))
