"""Every operator that has a lowering: the text, executed, says what the reference says, tick by tick."""

from __future__ import annotations

import numpy as np
import pytest
from tests.backend.c.small import CHANNELS, GRAPHS, graph

from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.bundle.replay import distance
from lineshaft.core.step import Engine
from lineshaft.graph.check import problems, signature
from lineshaft.graph.reference import ReferenceEngine

pytest.importorskip("lark", reason="the interpreter needs the extra plc")
ST, PLC = backend("st"), target("plc")
TICKS = 24


def loaded(made: bytes) -> Engine:
    return ST.load(ST.compile(made, PLC), signature(made), PLC)


@pytest.mark.parametrize("name", sorted(n for n in GRAPHS if not problems(graph(n))))
def test_an_operator_says_what_the_reference_says(name: str) -> None:
    made = graph(name)
    random = np.random.default_rng(1)
    x = random.normal(size=(TICKS, CHANNELS)).astype(np.float32)
    x[3] *= 20.0
    engine = loaded(made)
    # The reference of the onnx package lacks DequantizeLinear of opset 18.
    lacking = name.startswith("QuantizeLinear")
    reference: Engine = BoundEngine(made, signature(made)) if lacking else ReferenceEngine(made)
    for row in x:
        quality = random.random(CHANNELS) < 0.8
        for each in (engine, reference):
            each.x[0], each.quality[0] = row, quality
            each.step()
        for port, expected in reference.out.items():
            assert engine.out[port].shape == expected.shape
            assert distance(engine.out[port], expected).max() <= 1e-5, (port, engine.out[port], expected)
    for state, expected in reference.state().items():
        assert distance(engine.state()[state], expected).max() <= 1e-5, state


@pytest.mark.parametrize("name", ["long window", "newest first, long", "long cache of a convolution",
                                  "two rows a tick, odd"])
def test_a_window_in_motion_is_taken_out_and_put_back(name: str) -> None:
    made = graph(name)
    one, other, reference = loaded(made), loaded(made), ReferenceEngine(made)
    random = np.random.default_rng(2)
    for tick in range(30):
        row = random.normal(size=CHANNELS).astype(np.float32)
        for each in (one, reference):
            each.x[0] = row
            each.step()
        if tick == 17:
            one.restore(one.state())
    other.restore(reference.state())
    for each in (one, other, reference):
        each.x[0] = 1.5
        each.step()
    for port, expected in reference.out.items():
        assert np.allclose(one.out[port], expected, rtol=1e-5, atol=1e-6)
        assert np.allclose(other.out[port], expected, rtol=1e-5, atol=1e-6)
