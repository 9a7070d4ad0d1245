"""A certificate says what was measured; a broken promise gets none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.bundle.conftest import SIGNATURE, NumpyEngine, golden_sequence, step_graph

from lineshaft.backend.onnxruntime import OnnxRuntime
from lineshaft.bundle.certify import certify
from lineshaft.bundle.machine import describe, resident_bytes
from lineshaft.bundle.oci import digest
from lineshaft.core.clock import ManualClock
from lineshaft.core.errors import Refused
from lineshaft.core.manifest import Budget, Certificate, Tolerance
from lineshaft.core.step import Engine
from lineshaft.core.target import Target

TARGET = Target("pc", "any", 50_000_000, 1 << 30, ("onnxruntime",))
BUDGET = Budget(50_000_000, 1 << 30)


class Slow(NumpyEngine):
    """Takes 1 us a step of a clock that the test turns, and ``tail_ns`` in every 100th."""

    def __init__(self, clock: ManualClock, tail_ns: int = 1_000) -> None:
        super().__init__()
        self.clock, self.tail_ns, self.steps = clock, tail_ns, 0

    def step(self) -> None:
        super().step()
        self.steps += 1
        self.clock.advance(1_000 if self.steps % 100 else self.tail_ns)


def measured(factory: Callable[[], Engine], clock: ManualClock | None = None, budget: Budget = BUDGET,
             ticks: int = 2_000) -> Certificate:
    return certify(factory, [golden_sequence()], TARGET, backend="numpy", graph="sha256:g", budget=budget,
                   clock=clock, ticks=ticks)


def test_onnx_runtime_is_certified_against_the_reference() -> None:
    graph = step_graph()
    backend = OnnxRuntime()
    artifact = backend.compile(graph, TARGET)
    certificate = certify(lambda: backend.load(artifact, SIGNATURE, TARGET, assets=2), [golden_sequence()],
                          TARGET,
                          backend=backend.name, graph=digest(graph), budget=BUDGET)
    assert certificate.parity < 1e-6
    assert (certificate.flips, certificate.ticks, certificate.graph) == (0, 2_000, digest(graph))
    p50, p99, p999, most = certificate.latency_ns
    assert 0 < p50 <= p99 <= p999 <= most
    assert 0 < certificate.memory_bytes < 1 << 30
    assert certificate.machine.keys() >= {"cpu", "os", "python", "onnxruntime"}


def test_latencies_are_percentiles_of_single_steps() -> None:
    clock = ManualClock(5)
    certificate = measured(lambda: Slow(clock, tail_ns=40_000), clock)
    assert certificate.latency_ns == (1_000, 1_390, 40_000, 40_000)
    assert certificate.created == clock.now()


def test_a_step_over_the_deadline_gets_no_certificate() -> None:
    clock = ManualClock()
    with pytest.raises(Refused,
                       match=r"numpy on pc: p99\.9 of a step is 60 ms \(median 1 us\), longer than the "
                                      "deadline of 50 ms"):
        measured(lambda: Slow(clock, tail_ns=60_000_000), clock)


def test_the_stricter_deadline_counts() -> None:
    clock = ManualClock()
    with pytest.raises(Refused, match="deadline of 500 ns"):
        measured(lambda: Slow(clock), clock, replace(BUDGET, deadline_ns=500))


def test_an_engine_over_its_memory_gets_no_certificate() -> None:
    class Fat(NumpyEngine):
        def __init__(self) -> None:
            super().__init__()
            self.ballast = np.ones(32 << 17)  # 32 MiB, every page touched

    with pytest.raises(Refused, match=r"holds 3\d\.\d MiB, more than the 16\.0 MiB allowed"):
        measured(Fat, budget=replace(BUDGET, memory_bytes=16 << 20))


def test_memory_is_at_least_the_engine_s_own_buffers() -> None:
    engine = NumpyEngine(assets=1000)
    floor = engine.x.nbytes + engine.quality.nbytes + 2 * 4 * 1000 + engine.state()["mean"].nbytes
    assert measured(lambda: engine, ticks=1).memory_bytes >= floor


def test_an_engine_that_is_wrong_gets_no_certificate() -> None:
    with pytest.raises(Refused, match="numpy on pc: differs from the reference"):
        measured(lambda: NumpyEngine(error=0.01))


def test_a_declared_tolerance_is_used() -> None:
    certificate = certify(lambda: NumpyEngine(error=0.01), [golden_sequence()], TARGET, backend="numpy",
                          graph="g",
                          budget=BUDGET, tolerance=Tolerance(0.02, flips=5), ticks=10)
    assert 0.005 < certificate.parity < 0.02


def test_the_progress_reaches_its_end() -> None:
    seen: list[tuple[int, int]] = []
    certify(NumpyEngine, [golden_sequence()], TARGET, backend="numpy", graph="g", budget=BUDGET,
            progress=lambda done, total, what: seen.append((done, total)))
    assert seen[-1] == (2_000, 2_000) and len(seen) > 3


def test_resident_memory_grows_with_what_is_held() -> None:
    before = resident_bytes()
    held = np.ones(32 << 17)
    assert resident_bytes() - before > 16 << 20, held.nbytes


def test_the_machine_is_described_without_naming_it() -> None:
    import platform

    text = str(describe())
    assert platform.node() not in text and "numpy" in text
