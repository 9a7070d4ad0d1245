"""What every backend keeps to."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lineshaft.backend import backend, backends, choose, target
from lineshaft.core.errors import Refused
from lineshaft.core.step import Backend, Engine
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature

PC = target("pc")


def small_graph() -> bytes:
    """A window, a mean and a masked value that is held: state of three shapes."""
    g = StepBuilder(3)
    held = g.where(g.greater(g.quality, 0.5), g.x, g.state("held", (3,)))
    g.keep("held", held)
    level = g.reshape(g.mean(g.window("window", held, 4), axis=0), (3,))
    return g.model({"level": level, "score": g.ewma("smooth", g.sum(level), 0.5)})


@pytest.fixture(params=backends())
def subject(request: pytest.FixtureRequest) -> Backend:
    found = backend(request.param)
    reasons = found.supports(small_graph(), PC).reasons
    absent = [reason for reason in reasons if "is not installed" in reason or "precision" in reason]
    if absent:  # whoever takes no float32 has tests of its own
        pytest.skip(f"{found.name}: {', '.join(absent)}")
    return found


@cache
def compiled(name: str) -> bytes:
    """The small graph; compiling takes seconds on some backends."""
    return backend(name).compile(small_graph(), PC)


def loaded(subject: Backend, assets: int = 1) -> Engine:
    return subject.load(compiled(subject.name), signature(small_graph()), PC, assets=assets)


def run(engine: Engine, ticks: int, seed: int = 0) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    random, found = np.random.default_rng(seed), []
    for _ in range(ticks):
        engine.x[...] = random.normal(size=engine.x.shape)
        engine.quality[...] = random.random(engine.x.shape) < 0.8
        engine.step()
        found.append(engine.out["score"].copy())
    return found


def test_it_takes_a_step_graph_and_gives_reasons_for_what_it_does_not_take(subject: Backend) -> None:
    assert subject.supports(small_graph(), PC)
    for graph, where in ((b"no graph", PC), (small_graph(), replace(PC, precision="int3"))):
        support = subject.supports(graph, where)
        assert not support
        assert all(reason.strip() for reason in support.reasons)
        with pytest.raises(Refused):
            subject.compile(graph, where)


def test_no_backend_for_a_graph_names_each_with_its_reason() -> None:
    with pytest.raises(Refused, match=r"onnxruntime: .*precision int3"):
        choose(small_graph(), replace(PC, precision="int3"))


def test_restoring_a_state_continues_and_a_reset_begins_anew(subject: Backend) -> None:
    one, other = loaded(subject), loaded(subject)
    first = run(one, 5)
    other.restore(one.state())
    assert all(np.array_equal(a, b) for a, b in zip(run(one, 5, seed=1), run(other, 5, seed=1), strict=True))
    one.reset()
    assert not any(value.any() for value in one.state().values())
    assert all(np.array_equal(a, b) for a, b in zip(run(one, 5), first, strict=True))


def test_a_state_handed_out_is_a_copy(subject: Backend) -> None:
    engine = loaded(subject)
    run(engine, 3)
    kept = {name: value.copy() for name, value in engine.state().items()}
    state = engine.state()
    run(engine, 1)
    assert all(np.array_equal(state[name], kept[name]) for name in kept)


def test_a_batch_of_assets_equals_single_ones(subject: Backend) -> None:
    together, alone = loaded(subject, assets=4), [loaded(subject) for _ in range(4)]
    random = np.random.default_rng(3)
    for _ in range(8):
        together.x[...] = random.normal(size=(4, 3))
        together.quality[...] = random.random((4, 3)) < 0.7
        together.step()
        for asset, engine in enumerate(alone):
            engine.x[0], engine.quality[0] = together.x[asset], together.quality[asset]
            engine.step()
            assert np.allclose(engine.out["level"][0], together.out["level"][asset], rtol=1e-6, atol=1e-7)


def test_loading_needs_neither_onnx_nor_the_graph_package(subject: Backend, tmp_path: Path) -> None:
    artifact = tmp_path / "artifact"
    artifact.write_bytes(compiled(subject.name))
    program = (
        "import pathlib, sys\n"
        "from lineshaft.backend import backend, target\n"
        "from lineshaft.core.step import Port, StepSignature\n"
        f"sig = {signature(small_graph())!r}\n"
        f"engine = backend({subject.name!r}).load(pathlib.Path(sys.argv[1]).read_bytes(), sig, target('pc'))\n"
        "engine.step()\n"
        "print(sorted(m for m in sys.modules if m == 'onnx' or m.startswith(('onnx.', 'lineshaft.graph'))))\n")
    done = subprocess.run([sys.executable, "-c", program, str(artifact)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
