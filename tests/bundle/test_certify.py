"""A certificate says what was measured; a broken promise gets none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tests.bundle.conftest import SIGNATURE, NumpyEngine, golden_sequence, step_graph

from lineshaft.backend.onnxruntime import OnnxRuntime
from lineshaft.bundle.certify import certify
from lineshaft.bundle.machine import describe, resident_bytes
from lineshaft.bundle.memory import buffers, fresh_process_memory
from lineshaft.bundle.oci import digest
from lineshaft.core.clock import ManualClock
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
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
             tolerance: Tolerance | None = None, memory: int = 0) -> Certificate:
    return certify(factory, [golden_sequence()], TARGET, backend="numpy", graph="sha256:g", budget=budget,
                   tolerance=tolerance, clock=clock, memory_of=lambda factory: memory)


def test_onnx_runtime_is_certified_against_the_reference() -> None:
    graph = step_graph()
    backend = OnnxRuntime()
    artifact = backend.compile(graph, TARGET)
    certificate = certify(partial(backend.load, artifact, SIGNATURE, TARGET, assets=2), [golden_sequence()],
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


def test_a_disturbed_measurement_is_repeated_and_the_best_counts() -> None:
    class Disturbed(Slow):
        def step(self) -> None:
            super().step()
            if self.steps == 1_000:
                self.clock.advance(10**12)
            if self.steps == 1_001:
                self.clock.advance(10**12)
            if self.steps == 1_002:
                self.clock.advance(10**12)

    clock = ManualClock()
    assert measured(lambda: Disturbed(clock), clock).latency_ns == (1_000, 1_000, 1_000, 1_000)


def test_an_engine_over_its_memory_gets_no_certificate() -> None:
    with pytest.raises(Refused, match=r"holds 32\.0 MiB, more than the 16\.0 MiB allowed"):
        measured(NumpyEngine, budget=replace(BUDGET, memory_bytes=16 << 20), memory=32 << 20)


@pytest.mark.parametrize("assets", [1, 20_000])
def test_memory_is_measured_in_a_fresh_process_and_covers_all_buffers(assets: int) -> None:
    factory = partial(OnnxRuntime().load, step_graph(), SIGNATURE, TARGET, assets=assets)
    assert buffers(factory()) < fresh_process_memory(factory) < 100 << 20


def test_a_factory_that_can_t_travel_is_bad_usage() -> None:
    with pytest.raises(UsageError, match=r"can't be sent to a fresh process .*; pass functools\.partial"):
        fresh_process_memory(lambda: NumpyEngine())


def test_a_fresh_process_that_fails_says_why() -> None:
    with pytest.raises(EnvironmentFailed, match=r"the fresh process failed: .*onnxruntime"):
        fresh_process_memory(partial(OnnxRuntime().load, b"no graph", SIGNATURE, TARGET))


def test_an_engine_that_is_wrong_gets_no_certificate() -> None:
    with pytest.raises(Refused, match="numpy on pc: differs from the reference"):
        measured(lambda: NumpyEngine(error=0.01))


def test_a_declared_tolerance_is_used() -> None:
    certificate = measured(lambda: NumpyEngine(error=0.01), tolerance=Tolerance(0.02, flips=5))
    assert 0.005 < certificate.parity < 0.02


def test_the_progress_reaches_its_end() -> None:
    seen: list[tuple[int, int]] = []
    certify(NumpyEngine, [golden_sequence()], TARGET, backend="numpy", graph="g", budget=BUDGET,
            progress=lambda done, total, what: seen.append((done, total)), memory_of=lambda factory: 0)
    assert seen[-1] == (2_000, 2_000) and len(seen) > 3


def test_resident_memory_grows_with_what_is_held() -> None:
    before = resident_bytes()
    held = np.ones(32 << 17)
    assert resident_bytes() - before > 16 << 20, held.nbytes


def test_the_machine_is_described_without_naming_it() -> None:
    import platform

    text = str(describe())
    assert platform.node() not in text and "numpy" in text
