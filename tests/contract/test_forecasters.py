"""What every forecaster promises, whoever wrote it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.examples import Examples
from lineshaft.model.forecast import _network
from lineshaft.model.forecaster import forecasters
from lineshaft.model.pipeline import Pipeline, step_inputs
from lineshaft.model.supervised import Candidate, fit, predict
from lineshaft.model.tasks.forecast import Forecast

ROWS, LEARNT, SEASON = 900, 700, 12
HOUR = 3_600_000_000_000
TASK = Forecast(ahead=(1, 5, 12), cycle=SEASON, also=tuple(forecasters()))


def torch_is_there() -> bool:
    if os.environ.get("CI"):
        return True
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Networks that are trained for as long as these few rows need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_network, "EPOCHS", 4)
        yield


NAMES = [name for name, kind in forecasters().items() if not issubclass(kind, _network.Network) or torch_is_there()]


def dataset(seed: int = 0) -> Dataset:
    """Two tags: a cycle with a slow rise, and another cycle around another level, both with noise."""
    random, t = np.random.default_rng(seed), np.arange(ROWS)
    wave = 2 * np.pi * t / SEASON
    values = np.stack([np.sin(wave) + 0.0005 * t, 40.0 + 4.0 * np.cos(wave + 1.0) + np.cos(2 * wave)], axis=1)
    values += random.normal(size=values.shape) * (0.15, 0.6)
    return Dataset.of(values, (Tag("plant/oven/temperature", unit="Cel"), Tag("plant/oven/load")), period_ns=HOUR)


def candidates(name: str, examples: Examples) -> list[Candidate]:
    """The forecaster as it comes, and with its other settings."""
    first = [c for c in TASK.candidates(examples) if c.name.partition(" ")[0] == name]
    return [*first, *first[0].variants()]


@cache
def learnt(name: str) -> Pipeline:
    examples = TASK.examples(dataset())
    return fit(candidates(name, examples)[0], examples, np.arange(ROWS) < LEARNT, execute)


def squared(value: NDArray[np.float64], examples: Examples) -> float:
    """Loss on the rows that taught nothing."""
    judged = examples.known & (np.arange(ROWS) >= LEARNT)
    return TASK.loss(examples.target[judged], value[judged])


@pytest.mark.parametrize("name", [n for n in NAMES if forecasters()[n].cost])
def test_a_forecaster_continues_a_cycle_with_a_rise_better_than_repeating_the_last_cycle(name: str) -> None:
    examples = TASK.examples(dataset())
    assert squared(predict(learnt(name), examples, execute), examples) < 0.9 * squared(
        predict(learnt("naive"), examples, execute), examples)


@pytest.mark.parametrize("name", NAMES)
def test_a_forecasters_graph_says_the_same_by_the_reference(name: str) -> None:
    graph = learnt(name).graph(("value", "features"))
    x, quality = step_inputs(dataset().rows(slice(0, 60)))
    quality[20:23] = 0.0
    wanted = golden(graph, x, quality, "some").outputs["value"]
    np.testing.assert_allclose(Replay(graph, execute)(x, quality)["value"], wanted, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_forecasters(name: str) -> None:
    graph = learnt(name).graph(("value",))
    learnt.cache_clear()
    assert learnt(name).graph(("value",)) == graph


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_that_a_forecaster_offers_can_be_learnt(name: str) -> None:
    examples = TASK.examples(dataset())
    for one in candidates(name, examples)[1:]:
        pipeline = fit(one, examples, np.arange(ROWS) < LEARNT, execute)
        assert np.isfinite(predict(pipeline, examples.rows(slice(0, 200)), execute)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_gap_of_half_a_cycle_hardly_changes_a_forecast(name: str) -> None:
    whole = dataset()
    good = whole.good.copy()
    good[780:786, 0] = False
    gone = Dataset(whole.tags, whole.period_ns, whole.times, whole.values, good, whole.labels, whole.run)
    after = [predict(learnt(name), TASK.examples(one), execute)[790] for one in (whole, gone)]
    assert np.abs(after[1] - after[0]).max() < 1.0


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_after_the_learnt_rows_teaches_a_forecaster_nothing(name: str) -> None:
    other = dataset()
    other.values[LEARNT:] = 1e3
    examples = TASK.examples(other)
    again = fit(candidates(name, examples)[0], examples, np.arange(ROWS) < LEARNT, execute)
    assert again.graph(("value",)) == learnt(name).graph(("value",))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=3, deadline=None)
@given(origin=st.integers(300, 850), seed=st.integers(0, 99))
def test_no_row_after_the_origin_changes_its_forecast(name: str, origin: int, seed: int) -> None:
    one, other = dataset(), dataset()
    other.values[origin + 1:] += np.random.default_rng(seed).normal(size=(ROWS - origin - 1, 2)) * 50
    said = [predict(learnt(name), Examples(d, np.zeros((ROWS, 1)), np.zeros(ROWS, np.int32), ("none",)), execute)
            for d in (one, other)]
    np.testing.assert_array_equal(said[0][:origin + 1], said[1][:origin + 1])
