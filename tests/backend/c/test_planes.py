"""Convolutions with many places: odd shapes, strides, spreads, groups and pads, and what comes before and behind."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.backend.c.small import CHANNELS
from tests.backend.c.test_operators import engine_of, inputs

from lineshaft.backend import backend, target
from lineshaft.backend._c import archive
from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.bundle.replay import distance
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.check import signature
from lineshaft.graph.loops.lower import lower

EACH = 6  # convolutions in one graph, since most of the time goes into calling the compiler


def convolution(g: StepBuilder, random: np.random.Generator) -> Wire:
    """Of random extents on random data, with something random behind it."""
    axes = int(random.integers(1, 3))
    space = random.integers(3, 15, axes).tolist()
    strides, spread, pads = (random.integers(least, most, count).tolist()
                             for least, most, count in ((1, 4, axes), (1, 3, axes), (0, 3, 2 * axes)))
    size = np.minimum(random.integers(1, 4, axes), [(n + 1) // 2 for n in space]).tolist()
    group = int(random.choice([1, 1, 2, 3]))
    inputs_, outputs = group * int(random.integers(1, 12)), group * int(random.integers(1, 40))
    if random.random() < 0.35:
        group = outputs = inputs_ = int(random.integers(2, 30))
    x = g.reshape(g.project(g.x, random.normal(size=(CHANNELS, inputs_ * math.prod(space)))), (inputs_, *space))
    w = random.normal(size=(outputs, inputs_ // group, *size)) / math.sqrt(inputs_)
    y = g.conv(x, w, random.normal(size=outputs) if random.random() < 0.7 else None, strides=strides,
               pads=pads, dilations=spread, group=group)
    behind = int(random.integers(4))
    if behind == 0:
        return g.clip(y, -0.5, 0.5)
    if behind == 1:
        return g.add(g.multiply(y, y), g.tanh(y))
    if behind == 2:
        return g.conv(g.relu(y), random.normal(size=(17, outputs, *(1 for _ in space))) / 3, random.normal(size=17))
    return g.transpose(y, tuple(reversed(range(axes + 1))))


@pytest.mark.parametrize(("seed", "place"), [(0, "pc"), (1, "pc"), (2, "raspberry-pi")])
def test_convolutions_of_any_shape_say_what_onnx_runtime_says(seed: int, place: str) -> None:
    """A Raspberry Pi has vectors of 4: its C runs here too."""
    random, g = np.random.default_rng(seed), StepBuilder(CHANNELS)
    made = g.model({f"y{i}": convolution(g, random) for i in range(EACH)})
    where = target(place)
    engine = backend("c").load(backend("c").compile(made, where), signature(made), where)
    other = BoundEngine(made, signature(made))
    for row in inputs()[:4]:
        for each in (engine, other):
            each.x[0] = row
            each.step()
        for name, expected in other.out.items():
            assert distance(engine.out[name], expected).max() <= 2e-5, name


def test_not_a_number_goes_through_a_limit_that_is_done_by_vectors() -> None:
    g = StepBuilder(CHANNELS)
    x = g.log(g.reshape(g.project(g.x, np.ones((CHANNELS, 5 * 8))), (5, 8)))
    limit = g.reshape(g.project(g.x, np.ones((CHANNELS, 16))), (16, 1))
    six, least, most = (g.conv(x, np.ones((16, 5, 1))) for _ in range(3))
    found = {"six": g.clip(six, 0.0, 6.0), "least": g.op("Min", [least, limit], (16, 8)),
             "most": g.op("Max", [limit, most], (16, 8))}
    made = g.model({name: g.transpose(wire, (1, 0)) for name, wire in found.items()})
    source = archive.unpack(backend("c").compile(made, target("pc")))["step.c"].decode()
    engine = engine_of(made)
    for sign in (-1.0, 1.0):
        engine.x[0] = sign
        engine.step()
        assert all(np.isnan(value).all() == (sign < 0) for value in engine.out.values())
    assert "const ls_vi m0 = " in source or "ls_v" not in source  # a processor without vectors has no such loops


def test_a_function_that_only_writes_into_the_struct_is_called() -> None:
    """With all optimisations: gcc 12 took the one that reads across for one without effects and left its call out."""
    random, g = np.random.default_rng(0), StepBuilder(CHANNELS)
    x = g.reshape(g.project(g.x, random.normal(size=(CHANNELS, 26 * 11))), (26, 11))
    y = g.conv(x, random.normal(size=(92, 13, 3)), pads=[1, 0], dilations=[2], group=2)
    made = g.model({"y": g.add(y, g.tanh(y))})
    engine, other = engine_of(made), BoundEngine(made, signature(made))
    for each in (engine, other):
        each.x[0] = inputs()[0]
        each.step()
    assert distance(engine.out["y"], other.out["y"]).max() <= 2e-5


def test_between_convolutions_channels_lie_side_by_side_and_edges_alone_are_cleared() -> None:
    """One pass over memory a layer: no copy of what the layer before has written, no zeros where it writes."""
    g = StepBuilder(CHANNELS)
    random = np.random.default_rng(0)
    x = g.reshape(g.project(g.x, random.normal(size=(CHANNELS, 16 * 12 * 12))), (16, 12, 12))
    first = g.relu(g.conv(x, random.normal(size=(32, 16, 1, 1))))
    each = g.relu(g.conv(first, random.normal(size=(32, 1, 3, 3)), group=32, pads=[1, 1, 1, 1]))
    last = g.conv(each, random.normal(size=(8, 32, 1, 1)))
    program = lower(g.model({"y": g.reshape(g.mean(g.reshape(last, (8, 144)), axis=1), (8,))}), lanes=8)
    sizes = sorted(b.size for b in program.of_kind("scratch"))
    assert sizes.count(32 * 12 * 12) == 1
    assert sizes.count(32 * 14 * 14) == 1
    assert sizes.count(16 * 12 * 12) <= 2  # as the product gives it, and with its channels side by side
