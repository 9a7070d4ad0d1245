"""Every operator: generated C says what the reference says, tick by tick, for ordinary and for wild numbers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.backend.c.small import CHANNELS, FAMILIES, SINGLE, whole

from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.bundle.replay import distance
from lineshaft.core.step import Array, Engine
from lineshaft.graph.check import signature
from lineshaft.graph.reference import ReferenceEngine

PC = target("pc")
TICKS, FEW = 70, 10  # until windows have turned round; where nothing is kept


def inputs() -> Array:
    x = np.random.default_rng(1).normal(size=(TICKS, CHANNELS)).astype(np.float32)
    x[5] *= 20.0
    return x


@pytest.mark.usefixtures("quickly_compiled")
@pytest.mark.parametrize("name", sorted({**FAMILIES, **SINGLE}))
def test_an_operator_says_what_the_reference_says(name: str) -> None:
    made, x = whole(name), inputs()[:TICKS if name in SINGLE else FEW]
    engine = engine_of(made)
    assert_equal(engine, judge(made, name), x)
    engine.reset()
    assert_equal(engine, judge(made, name), x[::-1])


def judge(made: bytes, name: str) -> Engine:
    """The reference; onnx.reference 1.23 has no DequantizeLinear of opset 18."""
    return BoundEngine(made, signature(made)) if name == "quantised" else ReferenceEngine(made)


def engine_of(made: bytes) -> Engine:
    c = backend("c")
    return c.load(c.compile(made, PC), signature(made), PC)


def assert_equal(engine: Engine, reference: Engine, x: Array, tolerance: float = 1e-5) -> None:
    quality = np.random.default_rng(2).random(x.shape) < 0.8
    for tick in range(len(x)):
        for each in (engine, reference):
            each.x[0], each.quality[0] = x[tick], quality[tick]
            each.step()
        for name, expected in reference.out.items():
            found = engine.out[name]
            assert found.shape == expected.shape
            assert distance(found, expected).max() <= tolerance, (name, tick, found, expected)
    before = reference.state()
    for name, found in engine.state().items():
        assert distance(found, before[name]).max() <= tolerance, name
