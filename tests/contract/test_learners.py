"""What every learner of the monitor task keeps to; a new one is tested before its author writes a test."""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Literal

import numpy as np
import pytest
from tests.model.installed import learnable

from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.bundle.replay import replay_golden
from lineshaft.core.dataset import Dataset
from lineshaft.core.manifest import Tolerance
from lineshaft.core.step import Array
from lineshaft.core.tag import Tag
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems, signature
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.features import Level, Past, Signal
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.golden import golden_inputs
from lineshaft.model.learner import Learner, Settings
from lineshaft.model.pipeline import Block, Pipeline, Seen, Wires, extend, onward, read, replay, step_inputs
from lineshaft.model.train import train_monitor

CHANNELS, ROWS = 6, 700
SETTINGS = Settings()


class Fake:
    """The least a learner can be: the sum of squares."""

    name: ClassVar[str] = "fake"
    features: ClassVar[Literal["level", "past", "signal"]] = "level"
    aside: ClassVar[str] = ""
    reads: tuple[str, ...] = ("features",)

    def __init__(self, channels: int, settings: Settings) -> None:
        """Keeps nothing."""

    def fit(self, seen: Seen) -> None:
        """Learns nothing."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        square = g.square(wires["features"])
        return {"energy": g.sum(square), "contribution": square}


KINDS: dict[str, type[Learner]] = {**learnable(), "fake": Fake}


def normal_data() -> Dataset:
    """Six related tags around different levels, one of which never moves."""
    random = np.random.default_rng(4)
    causes = random.normal(size=(ROWS, 2))
    values = causes @ random.normal(size=(2, CHANNELS)) + 0.5 * random.normal(size=(ROWS, CHANNELS)) + 20.0
    values[:, 5] = 7.0
    return Dataset.of(values, tuple(Tag(f"t{i}") for i in range(CHANNELS)))


@cache
def fitted(kind: type[Learner]) -> Pipeline:
    data, rows = normal_data(), np.arange(ROWS) < ROWS - 200
    kinds: dict[str, Block] = {"level": Level(10), "past": Past(3), "signal": Signal()}
    features = kinds[kind.features]
    blocks = (Modes(), Standardise(CHANNELS), Impute(CHANNELS), features, kind(CHANNELS, SETTINGS))
    return extend(Pipeline(CHANNELS, ()), blocks, data, rows, execute)


@pytest.fixture(params=sorted(KINDS))
def graph(request: pytest.FixtureRequest) -> bytes:
    """Energy and contributions of one learner."""
    return written(request.param)


@cache
def written(name: str) -> bytes:
    return fitted(KINDS[name]).graph(("energy", "contribution"))


def test_it_writes_a_valid_step_graph(graph: bytes) -> None:
    assert problems(graph) == ()
    assert {o.name: o.shape for o in signature(graph).outputs} == {"energy": (1,), "contribution": (CHANNELS,)}


def test_replay_equals_stepping_bit_for_bit(graph: bytes) -> None:
    x, quality = difficult()
    engine = backend("onnxruntime").load(graph, signature(graph), target("pc"))
    replayed = Replay(graph, execute)(x, quality)
    for tick in range(len(x)):
        engine.x[0], engine.quality[0] = x[tick], quality[tick]
        engine.step()
        for name, value in engine.out.items():
            assert np.array_equal(value[0], replayed[name][tick])


@pytest.mark.parametrize("name", sorted(KINDS))
def test_alone_on_what_was_seen_it_says_what_the_whole_pipeline_says(name: str) -> None:
    whole, data = fitted(KINDS[name]), normal_data()
    front, features, learner = Pipeline(CHANNELS, whole.blocks[:-1]), whole.blocks[-2], whole.blocks[-1]
    assert isinstance(features, Level | Past | Signal)
    known = replay(front, data, ("features", "z", "mode", *features.beside), execute)
    if not read(front, learner) <= known.wires.keys():
        assert isinstance(features, Signal), "its windows are too large to be kept"
        return
    energy = ("energy",)
    assert np.array_equal(onward([learner], known, energy, execute)["energy"],
                          replay(whole, data, energy, execute)["energy"])


def test_the_reference_agrees(graph: bytes) -> None:
    x, quality = (part[:80] for part in step_inputs(normal_data()))
    expected = golden(graph, x, quality).outputs
    for name, value in Replay(graph, execute)(x, quality).items():
        assert np.allclose(value, expected[name], rtol=1e-4, atol=1e-4)


def test_energy_and_contributions_are_finite_and_never_negative(graph: bytes) -> None:
    for value in Replay(graph, execute)(*difficult()).values():
        assert np.isfinite(value).all()
        assert (value >= 0).all()


@pytest.mark.parametrize("tag", [0, 3, 5])
def test_the_tag_that_leaves_its_place_contributes_most_and_raises_the_energy(graph: bytes, tag: int) -> None:
    x, quality = step_inputs(normal_data())
    x = x.copy()
    through = Replay(graph, execute)
    before = through(x, quality)["energy"][-100:].mean()
    x[-100:, tag] += 10.0 * max(float(x[:, tag].std()), 0.1)
    after = through(x, quality)
    assert after["energy"][-80:].mean() > 3.0 * before
    assert (after["contribution"][-80:].mean(axis=0).argmax()) == tag


def difficult() -> tuple[Array, Array]:
    """Normal rows with lost values, a tag lost for long, all tags lost, and values at the end of float32."""
    x, quality = (part[:120].copy() for part in step_inputs(normal_data()))
    random = np.random.default_rng(9)
    quality[random.random(quality.shape) < 0.1] = 0.0
    quality[30:60, 2] = 0.0
    quality[70:80] = 0.0
    x[90:92], x[95, 1] = np.finfo(np.float32).max, -np.finfo(np.float32).max
    return np.where(quality > 0, x, np.float32(0.0)), quality


@pytest.mark.parametrize("name", sorted(learnable()))
def test_a_whole_monitor_of_it_finds_the_golden_fault_and_agrees_with_the_reference(name: str) -> None:
    data = normal_data()
    monitor = train_monitor(data, np.ones(ROWS, np.bool_), execute, learner=name)
    through = Replay(monitor.graph, execute)
    sequences = [golden(monitor.graph, one.x, one.quality, one.name)
                 for one in golden_inputs(data, np.ones(ROWS, np.bool_), monitor.settings)]
    for sequence in sequences:
        found, expected = through(sequence.x, sequence.quality), sequence.outputs
        assert np.array_equal(found["alarm"], expected["alarm"]), sequence.name
        for output, value in found.items():
            assert np.isfinite(value).all(), sequence.name
            assert np.allclose(value, expected[output], rtol=1e-4, atol=1e-4), sequence.name
        if sequence.name == "operation":
            assert found["alarm"][:200].sum() == 0 < found["alarm"][-20:].min()
    # Generated C in the same test, since what the reference says takes longest.
    c, pc = backend("c"), target("pc")
    if c.supports(monitor.graph, pc):
        engine = c.load(c.compile(monitor.graph, pc), signature(monitor.graph), pc)
        assert replay_golden(engine, sequences, Tolerance(1e-4, 0)).ticks > 600
