"""Every backend that takes a graph gives what the reference gives, tick after tick and without a flipped alarm."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lineshaft.backend import backend, backends, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.golden import Golden
from lineshaft.core.step import Backend
from lineshaft.core.tag import Tag
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden, goldens
from lineshaft.model.golden import golden_inputs
from lineshaft.model.learner import learners
from lineshaft.model.train import train_monitor

PC = target("pc")
TICKS, CHANNELS, ROWS = 150, 6, 600
BOUND = 1e-4
SLOW_TO_COMPILE = {"iree"}  # some ten seconds a monitor: it gets the rich graph and one learner
FIRST_LEARNER = min(learners())


@cache
def rich_graph() -> bytes:
    """Windows, a convolution, attention, a nearest neighbour, reductions, an alarm; one window straight over ``x``."""
    random = np.random.default_rng(2)
    g = StepBuilder(CHANNELS)
    held = g.where(g.greater(g.quality, 0.5), g.x, g.state("held", (CHANNELS,)))
    g.keep("held", held)
    window = g.transpose(g.window("window", held, 16), (1, 0))
    raw = g.reshape(g.mean(g.window("raw", g.x, 8), axis=0), (CHANNELS,))
    layer = g.relu(g.conv(window, random.normal(size=(8, 3, 3)) / 3, random.normal(size=8), pads=[1, 1], strides=[2],
                          group=2))
    heed = g.softmax(g.matmul(g.transpose(layer, (1, 0)), layer))
    seen = g.matmul(layer, g.transpose(heed, (1, 0)))
    parts = [g.reshape(reduce(seen, axis=1), (8,)) for reduce in (g.largest, g.smallest, g.mean)]
    features = g.concat([*parts, raw])
    rows = random.normal(size=(40, 24 + CHANNELS))
    near = g.nearest_rows(g.project(features, rows.T), rows, 5)
    gap = g.subtract(near, g.reshape(features, (1, 24 + CHANNELS)))
    distance = g.sqrt(g.add(g.reshape(g.sum(g.square(gap)), (5,)), 1e-3))
    score = g.ewma("smooth", g.mean(distance), 0.2)
    warm = g.at_least(g.ticks("ticks", 30), 5.0)
    return g.model({"score": score, "alarm": g.number(g.both(warm, g.greater(score, 6.0))), "heed": heed,
                    "shown": g.sigmoid(g.clip(g.log(g.absolute(g.add(features, 3.0))), -1, 1))})


@cache
def offset_graph() -> bytes:
    """A tag of 800 with a spread of 0.01, standardised: its digits are gone where the mean is folded into the scale."""
    g = StepBuilder(2)
    z = g.multiply(g.subtract(g.x, np.array([800.0, -50.0], np.float32)), np.array([100.0, 4.0], np.float32))
    return g.model({"z": z, "level": g.mean(g.window("window", z, 4), axis=0)})


@cache
def rich_golden() -> Golden:
    random = np.random.default_rng(3)
    x = random.normal(scale=2.0, size=(TICKS, CHANNELS)).astype(np.float32)
    return golden(rich_graph(), x, (random.random(x.shape) < 0.8).astype(np.float32))


@cache
def monitor(learner: str) -> tuple[bytes, tuple[Golden, ...]]:
    """A trained monitor and its golden sequences, one of which holds extremes."""
    random = np.random.default_rng(4)
    values = random.normal(size=(ROWS, 2)) @ random.normal(size=(2, CHANNELS)) + 20.0
    values += 0.5 * random.normal(size=values.shape)
    values[:, 5] = 7.0
    data, rows = Dataset.of(values, tuple(Tag(f"t{i}") for i in range(CHANNELS))), np.ones(ROWS, np.bool_)
    made = train_monitor(data, rows, execute, learner=learner)
    sequences = golden_inputs(data, rows, made.settings)
    wanted = [s for s in sequences if s.name in ("operation", "extremes")]
    return made.graph, tuple(golden(made.graph, s.x[-120:], s.quality[-120:], s.name) for s in wanted)


def test_sequences_side_by_side_say_what_each_says_alone() -> None:
    whole = rich_golden()
    parts = [(whole.x[at:at + length], whole.quality[at:at + length], f"from {at}")
             for at, length in ((0, 40), (30, 100), (70, 40), (110, 40))]
    for (x, quality, name), found in zip(parts, goldens(rich_graph(), parts), strict=True):
        alone = golden(rich_graph(), x, quality, name)
        assert found.name == name and np.array_equal(found.x, x) and found.outputs.keys() == alone.outputs.keys()
        for port, expected in alone.outputs.items():
            np.testing.assert_allclose(found.outputs[port], expected, rtol=1e-5, atol=1e-6)


@pytest.fixture(params=backends())
def subject(request: pytest.FixtureRequest) -> Backend:
    return backend(request.param)


def agrees(subject: Backend, graph: bytes, *sequences: Golden, bound: float = BOUND) -> None:
    """Skips where the backend says no, and says why it does."""
    support = subject.supports(graph, PC)
    if not support:
        pytest.skip(f"{subject.name}: {'; '.join(support.reasons)}")
    engine = subject.load(subject.compile(graph, PC), signature(graph), PC)
    for sequence in sequences:
        engine.reset()
        for tick in range(len(sequence)):
            engine.x[0], engine.quality[0] = sequence.x[tick], sequence.quality[tick]
            engine.step()
            for name, expected in sequence.outputs.items():
                gap = np.max(np.abs(engine.out[name][0] - expected[tick]) / (1 + np.abs(expected[tick])))
                assert gap <= bound, (sequence.name, tick, name)
            if "alarm" in sequence.outputs:
                assert engine.out["alarm"][0] == sequence.outputs["alarm"][tick], (sequence.name, tick)


def test_a_graph_of_windows_networks_and_neighbours_agrees_with_the_reference(subject: Backend) -> None:
    found = rich_golden()
    assert 0.0 < found.outputs["alarm"].mean() < 1.0
    agrees(subject, rich_graph(), found)


def test_a_denormal_is_kept_or_taken_for_zero(subject: Backend) -> None:
    g = StepBuilder(3)
    graph = g.model({"same": g.multiply(g.x, g.quality), "mean": g.mean(g.window("window", g.x, 2), axis=0)})
    support = subject.supports(graph, PC)
    if not support:
        pytest.skip(f"{subject.name}: {'; '.join(support.reasons)}")
    engine = subject.load(subject.compile(graph, PC), signature(graph), PC)
    given = np.array([1e-40, -1e-42, 1.2e-38], np.float32)
    engine.x[0], engine.quality[0] = given, 1.0
    for _ in range(2):
        engine.step()
    for found in (engine.out["same"].ravel(), engine.out["mean"].ravel()):
        np.testing.assert_array_equal(found, given if found[0] else [0.0, 0.0, given[2]])


def test_a_small_spread_around_a_large_mean_keeps_its_digits(subject: Backend) -> None:
    if subject.name in SLOW_TO_COMPILE:
        pytest.skip("one compilation for the rich graph is enough")
    random = np.random.default_rng(5)
    x = (np.array([800.0, -50.0], np.float32) + random.normal(scale=[0.01, 0.25], size=(20, 2))).astype(np.float32)
    agrees(subject, offset_graph(), golden(offset_graph(), x, np.ones_like(x)), bound=1e-6)


@pytest.mark.parametrize("learner", sorted(learners()))
def test_a_trained_monitor_agrees_with_the_reference_and_flips_no_alarm(subject: Backend, learner: str) -> None:
    if subject.name in SLOW_TO_COMPILE and learner != FIRST_LEARNER:
        pytest.skip("its compiler takes ten seconds a monitor")
    graph, sequences = monitor(learner)
    agrees(subject, graph, *sequences)
