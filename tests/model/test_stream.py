"""The streaming monitor: tells what a signal has never been, once, and keeps learning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.plant import Matrix, dataset

from lineshaft.backend import backend, target
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array
from lineshaft.graph.check import problems, signature
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.stream import STREAM
from lineshaft.model.train import train_monitor

ROWS, NORMAL = 1600, 400


def daily(seed: int = 0, tags: int = 2) -> Matrix:
    """Waves with noise around other levels."""
    random = np.random.default_rng(seed)
    waves = np.sin(np.arange(ROWS)[:, None] / 30.0 + np.arange(tags))
    return waves + 0.2 * random.normal(size=(ROWS, tags)) + np.arange(tags) * 50.0


def graph(values: Matrix) -> bytes:
    return train_monitor(dataset(values), np.arange(len(values)) < NORMAL, execute, learner=STREAM).graph


def decided(values: Matrix, model: bytes | None = None) -> dict[str, Array]:
    return Replay(model or graph(values), execute)(*step_inputs(dataset(values)))


def test_it_is_a_step_graph_whose_replay_equals_stepping_and_agrees_with_the_reference() -> None:
    model, (x, quality) = graph(daily()), step_inputs(dataset(daily()))
    x, quality = x[:260].copy(), quality[:260].copy()
    x[200:, 1], quality[150:160, 0] = 90.0, 0.0
    assert problems(model) == ()
    engine, replayed = backend("onnxruntime").load(model, signature(model), target("pc")), Replay(model, execute)(
        x, quality)
    for tick in range(len(x)):
        engine.x[0], engine.quality[0] = x[tick], quality[tick]
        engine.step()
        for name, value in engine.out.items():
            assert np.array_equal(value[0], replayed[name][tick])
    expected = golden(model, x, quality).outputs
    for name, value in replayed.items():
        assert np.allclose(value, expected[name], rtol=1e-3, atol=1e-3), name


def test_an_event_is_told_at_its_first_tick_with_its_tag_and_not_at_each_that_follows() -> None:
    values = daily()
    values[800:, 1] += 8.0
    found = decided(values)
    assert found["score"][NORMAL:].argmax() == 800 - NORMAL
    assert (found["score"][800:] > 1.0).sum() <= 3
    assert found["cause"][800].argmax() == 1
    assert found["alarm"][800:890].min() == 1


def test_the_alarm_ends_though_the_new_level_stays() -> None:
    values = daily()
    values[800:, 1] += 8.0
    assert decided(values)["alarm"][1400:].max() == 0


def test_a_flat_signal_that_jumps_is_told() -> None:
    values = np.full((ROWS, 1), 5.0)
    values[900:] = 6.0
    assert np.flatnonzero(decided(values)["score"][:, 0] > 1.0)[0] == 900


@settings(max_examples=5, deadline=None)
@given(cut=st.integers(NORMAL, ROWS - 1), size=st.floats(-1e5, 1e5))
def test_what_comes_later_changes_nothing_that_was_said(cut: int, size: float) -> None:
    values, model = daily(), graph(daily())
    other = values.copy()
    other[cut:] += size
    first, second = decided(values, model), decided(other, model)
    assert graph(other) == model
    for name, value in first.items():
        assert np.array_equal(value[:cut], second[name][:cut])


def test_a_lost_tag_is_no_news_and_all_stays_finite() -> None:
    values = daily()
    values[600:700, 0], values[650:800, 1], values[900, 0] = np.nan, np.nan, 1e30
    found = decided(values)
    assert found["score"][600:800].max() <= 1.0
    assert all(np.isfinite(value).all() for value in found.values())


def test_too_few_rows_for_a_scale_are_one_sentence() -> None:
    with pytest.raises(UsageError, match="too few to give a scale"):
        train_monitor(dataset(daily()), np.arange(ROWS) < 20, execute, learner=STREAM)
