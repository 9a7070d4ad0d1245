"""The task ``forecast`` as a whole: choice, intervals, surprise, columns known ahead, and clear refusals."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.graph.check import problems
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import WITH_VALUE, Fitted
from lineshaft.model.forecast.ridge import Moments
from lineshaft.model.forecaster import Plan, Series
from lineshaft.model.future import future
from lineshaft.model.given import with_given
from lineshaft.model.learning import train
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.season import season
from lineshaft.model.supervised import fit, predict
from lineshaft.model.tasks.forecast import Forecast

HOUR, SEASON, ROWS = 3_600_000_000_000, 24, 1200
TAGS = (Tag("works/oven/temperature", unit="Cel"), Tag("works/oven/load", unit="kW"))
TASK = Forecast(ahead=(1, 6))


def dataset(rows: int = ROWS, seed: int = 0) -> Dataset:
    random, t = np.random.default_rng(seed), np.arange(rows)
    wave = 2 * np.pi * t / SEASON
    values = np.stack([200 + 9 * np.sin(wave), 50 + 5 * np.cos(wave)], axis=1) + random.normal(size=(rows, 2))
    return Dataset.of(values, TAGS, period_ns=HOUR)


@cache
def model() -> Fitted:
    return train(TASK, TASK.examples(dataset()), execute, learner="smoothing")


def said(rows: Dataset) -> dict[str, np.ndarray]:
    return Replay(model().graph, execute)(*step_inputs(rows))


def test_every_answer_has_its_tag_unit_and_lead_and_the_graph_every_wire() -> None:
    found = model()
    assert problems(found.graph) == ()
    assert [(a.name, a.unit, a.ahead) for a in found.answers] == [
        (tag.path, tag.unit, lead) for lead in (1, 6) for tag in TAGS]
    assert set(said(dataset(100))) == set(WITH_VALUE)


def test_intervals_hold_about_as_often_as_stated_on_operation_like_the_learnt() -> None:
    fresh = dataset(seed=7)
    found, target = said(fresh), future(fresh, (0, 1), (1, 6))
    inside = ((target >= found["low"]) & (target <= found["high"]))[200:-6]
    assert 0.84 < inside.mean() < 0.96 and inside.mean(axis=0).min() > 0.8


def test_a_value_that_was_not_forecast_alarms_and_names_its_tag() -> None:
    fresh = dataset(seed=8)
    fresh.values[600, 1] += 30.0
    found = said(fresh)
    assert found["alarm"][600, 0] == 1.0 and found["score"][600, 0] > 1.0 and found["cause"][600].argmax() == 1
    assert found["alarm"][200:600].mean() < 0.1


def test_a_masked_value_is_no_surprise_and_a_gap_is_bridged() -> None:
    fresh = dataset(seed=9)
    fresh.values[600:630, 1] = 1e6
    good = fresh.good.copy()
    good[600:630, 1] = False
    found = said(Dataset(fresh.tags, HOUR, fresh.times, fresh.values, good, fresh.labels, fresh.run))
    target = future(fresh, (0, 1), (1, 6))
    assert found["alarm"][600:624].mean() < 0.2
    assert np.abs(found["value"][640:700] - target[640:700]).mean() < 2.0


def test_what_is_known_ahead_makes_a_forecast_better(rng: np.random.Generator) -> None:
    rows = dataset()
    order = (rng.random(ROWS + 6) < 0.15).astype(float)
    rows.values[:, 1] += 12.0 * order[:ROWS]
    with_orders = with_given(rows, {"orders": order}, 6)
    losses = []
    for table, task in ((rows, TASK), (with_orders, Forecast(ahead=(1, 6), given=("orders",)))):
        examples = task.examples(table)
        learnt, judged = np.arange(ROWS) < 900, examples.known & (np.arange(ROWS) >= 900)
        one = next(c for c in task.candidates(examples) if c.name == "smoothing")
        value = predict(fit(one, examples, learnt, execute), examples, execute)
        losses.append(task.loss(examples.target[judged], value[judged]))
    assert losses[1] < 0.5 * losses[0]


def test_moments_of_the_longest_look_back_hold_those_of_a_shorter_one_and_of_centred_windows(
        rng: np.random.Generator) -> None:
    plan = Plan(2, (1, 2, 3), (0, 1), 4)
    series = Series(rng.normal(size=(300, 2)).astype(np.float32), ((0, 120), (130, 300)))
    past, future = (part.reshape(-1, part.shape[-1]).astype(np.float64) for part in series.pairs(20, plan))
    past = past[:, -8:]
    mean = past.mean(axis=1, keepdims=True)
    found = Moments.of(series, plan, 20).of_last(8, centred=True)
    np.testing.assert_allclose(found.gram, (past - mean).T @ (past - mean) / len(past), atol=1e-5)
    np.testing.assert_allclose(found.pull, (past - mean).T @ (future - mean) / len(past), atol=1e-5)


def test_a_map_of_cycles_weighs_a_cycles_values_alike_but_for_the_one_at_the_leads_own_place(rng: np.random.Generator
                                                                                          ) -> None:
    plan = Plan(2, (1, 3, 9), (0, 1), 4)
    series = Series(rng.normal(size=(300, 2)).astype(np.float32), ((0, 300),))
    weights = Moments.of(series, plan, 20).by_cycles((0.1,), plan)[0].reshape(5, 4, 3)
    for lead, place in enumerate((0, 2, 0)):
        others = np.delete(weights[:, :, lead], place, axis=1)
        np.testing.assert_allclose(others, others[:, :1].repeat(3, axis=1), atol=1e-9)
    np.testing.assert_allclose(weights[:, 0, 0], weights[:, 2, 1], atol=1e-9)


def test_a_cycle_that_repeats_exactly_is_continued_by_a_map_of_cycles() -> None:
    plan, wave = Plan(1, (1, 2, 5), (0,), 4), np.tile([3.0, -1.0, 0.0, -2.0], 60)
    weights = Moments.of(Series(wave[:, None].astype(np.float32), ((0, 240),)), plan, 8).by_cycles((1e-6,), plan)[0]
    np.testing.assert_allclose(wave[:8] @ weights, wave[[8, 9, 12]], atol=1e-4)


@pytest.mark.parametrize(("period", "cycle", "found"), [(HOUR, 24, 24), (24 * HOUR, 7, 7), (60_000_000_000, 37, 37)])
def test_the_cycle_is_found(period: int, cycle: int, found: int, rng: np.random.Generator) -> None:
    wave = np.sin(2 * np.pi * np.arange(900) / cycle) + 0.2 * rng.normal(size=900)
    assert season(Dataset.of(wave[:, None], (TAGS[0],), period_ns=period), (0,), np.ones(900, np.bool_)) == found


def test_noise_has_no_cycle(rng: np.random.Generator) -> None:
    noise = Dataset.of(rng.normal(size=(900, 1)), (TAGS[0],), period_ns=HOUR)
    assert season(noise, (0,), np.ones(900, np.bool_)) == 1


def test_a_short_gap_in_the_future_is_bridged_and_a_long_one_is_not_known() -> None:
    rows = dataset(200)
    rows.good[50:55, 0], rows.good[100:160, 1] = False, False
    target = future(rows, (0, 1), (1,))
    assert np.isfinite(target[:98]).all() and np.isnan(target[110:150, 1]).all() and np.isnan(target[-1]).all()


@pytest.mark.parametrize(("task", "told"), [
    (Forecast(ahead=(1,), targets=("works/oven/pressure",)), "no tag is called works/oven/pressure"),
    (Forecast(ahead=(0, 3)), "not ascending and from 1 on"),
    (Forecast(ahead=(1,), also=("prophet",)), "no forecaster is called prophet"),
    (Forecast(ahead=(1000,)), "too few"),
])
def test_a_task_that_can_not_be_learnt_is_refused_in_a_sentence(task: Forecast, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        train(task, task.examples(dataset()), execute)
