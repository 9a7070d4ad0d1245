"""The calendar of a forecast: waves of the year in the graph, how many of them data can bear, and effects that last."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given as example
from hypothesis import settings
from hypothesis import strategies as st

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.autoregressive import Lagged, moved, parted
from lineshaft.model.blocks.effects import Effects
from lineshaft.model.blocks.harmonics import MOST, Harmonics
from lineshaft.model.given import YEAR, calendar, with_given
from lineshaft.model.pipeline import Pipeline, replay
from lineshaft.model.season import DAY_NS
from lineshaft.model.supervised import fit, predict
from lineshaft.model.tasks.forecast import Forecast

AHEAD = (1, 28)
TASK = Forecast(ahead=AHEAD, targets=("load",), given=(*YEAR, "calendar/sunday"), cycle=7)


def load(days: int, swing: float, seed: int = 0) -> Dataset:
    """A day's load from the first of 2010 on: Sundays, a season of this size, and errors that last for days."""
    random, t = np.random.default_rng(seed), np.arange(days)
    lasting = np.convolve(random.normal(size=days + 30), 0.8 ** np.arange(30), "valid")[:days]
    start = (date(2010, 1, 1) - date(1970, 1, 1)).days * DAY_NS
    columns = {name: column for name, column in calendar(start, DAY_NS, days + AHEAD[-1]).items() if name in TASK.given}
    wave = swing * np.cos(2 * np.pi * t / 365.25) + 0.5 * swing * np.sin(6 * np.pi * t / 365.25)
    values = 100 + wave - 8 * columns["calendar/sunday"][:days] + lasting
    rows = Dataset.of(values[:, None], (Tag("load"),), period_ns=DAY_NS, start=start)
    return with_given(rows, columns, AHEAD[-1])


def effects(rows: Dataset) -> Effects:
    examples = TASK.examples(rows)
    one = next(c for c in TASK.candidates(examples) if c.name == "ridge")
    found = fit(one, examples, examples.known, execute)
    return next(block for block in found.blocks if isinstance(block, Effects))


def test_waves_of_every_order_are_the_sine_and_cosine_of_that_many_angles() -> None:
    angle = np.linspace(0.0, 7.0, 50)
    rows = Dataset.of(np.stack([np.sin(angle), np.cos(angle)], axis=1), (Tag("sine"), Tag("cosine")))
    said = replay(Pipeline(2, (Harmonics((0, 1)),)), rows, ("harmonics",), execute)["harmonics"]
    orders = np.arange(1, MOST + 1)[None] * angle[:, None]
    np.testing.assert_allclose(said.reshape(50, MOST, 2), np.stack([np.sin(orders), np.cos(orders)], axis=2), atol=1e-5)


def test_a_masked_place_in_the_year_keeps_its_last_value() -> None:
    rows = Dataset.of(np.array([[0.6, 0.8], [9.0, 9.0]]), (Tag("sine"), Tag("cosine")))
    rows.good[1] = False
    said = replay(Pipeline(2, (Harmonics((0, 1)),)), rows, ("harmonics",), execute)["harmonics"]
    np.testing.assert_array_equal(said[1], said[0])


def test_a_date_has_the_same_place_in_every_year() -> None:
    start = (date(2011, 2, 3) - date(1970, 1, 1)).days * DAY_NS
    sine = calendar(start, DAY_NS, 800)[YEAR[0]]
    assert abs(sine[0] - sine[365]) < 5e-3
    assert calendar(0, DAY_NS, 1)[YEAR[1]][0] == 1.0


def test_three_years_teach_the_season_and_the_day_of_the_week_beside_errors_that_last() -> None:
    rows = load(1200, swing=20.0)
    found, z = effects(rows), rows.values[:, 0].std()
    assert np.abs(found.weights[1:3, 0] * z - (0.0, 20.0)).max() < 3.0
    assert abs(found.weights[0, 0] * z / 0.35 + 8.0) < 0.5


def test_less_than_a_year_of_early_rows_teaches_no_season() -> None:
    assert not effects(load(500, swing=20.0)).weights[1:].any()


def test_where_there_is_no_season_a_forecast_of_four_weeks_is_about_as_good_as_without() -> None:
    rows, losses = load(1400, swing=0.0), []
    for task in (TASK, Forecast(ahead=AHEAD, targets=("load",), given=("calendar/sunday",), cycle=7)):
        columns = (0, *(i for i, tag in enumerate(rows.tags) if tag.path in task.given))
        own = Dataset.of(rows.values[:, columns], tuple(rows.tags[i] for i in columns), period_ns=DAY_NS)
        examples = task.examples(own)
        learnt, judged = np.arange(len(rows)) < 1000, examples.known & (np.arange(len(rows)) >= 1000)
        one = next(c for c in task.candidates(examples) if c.name == "ridge")
        losses.append(task.loss(examples.target[judged], predict(fit(one, examples, learnt, execute), examples,
                                                                 execute)[judged]))
    assert losses[0] < 1.1 * losses[1]


def test_a_long_gap_does_not_shift_what_is_known_ahead_against_the_series() -> None:
    whole = load(1200, swing=20.0)
    whole.good[400:500, 0] = False
    assert abs(effects(whole).weights[0, 0] * whole.values[:, 0].std() / 0.35 + 8.0) < 0.5


@settings(max_examples=20, deadline=None)
@example(slope=st.floats(-5, 5), level=st.floats(-50, 50), seed=st.integers(0, 99))
def test_a_regression_finds_a_slope_whatever_the_level_and_how_long_errors_last(slope: float, level: float, seed: int
                                                                               ) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(2000, 1))
    errors = np.cumsum(random.normal(size=2000)) * 0.1
    rows = np.column_stack([x, level + slope * x[:, 0] + errors])
    assert abs(Lagged.of([(rows, np.ones(2000, np.bool_))]).weights(1)[0] - slope) < 0.03


def test_rows_that_were_not_read_teach_a_regression_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(300, 1))
    rows, known = np.column_stack([x, 2.0 * x]), np.ones(300, np.bool_)
    rows[100:120, 1], known[100:120] = 1e6, False
    assert Lagged.of([(rows, known)]).weights(1)[0] == pytest.approx(2.0, abs=0.01)
    assert moved([(rows, known)], (1, 2)).max() < 100


def test_stretches_are_cut_by_rows() -> None:
    parts = parted([(np.zeros((6, 2)), np.ones(6, np.bool_)), (np.zeros((4, 2)), np.ones(4, np.bool_))], 0.7)
    assert [[len(x) for x, _ in part] for part in parts] == [[6, 1], [0, 3]]


def test_a_year_of_rows_calibrates_at_most() -> None:
    examples = TASK.examples(load(3000, swing=5.0))
    assert TASK.held_out(examples).sum() == 365
