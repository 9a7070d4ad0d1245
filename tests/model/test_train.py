"""Training a monitor: honest roles of the rows, and data as plants give it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.installed import learnable
from tests.model.plant import Matrix, dataset, steady

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.features import Level
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.calibrate import Front, Normal
from lineshaft.model.golden import golden_inputs
from lineshaft.model.learner import Settings, learners
from lineshaft.model.pipeline import Pipeline, extend, replay, step_inputs
from lineshaft.model.search.limits import NO_TIME
from lineshaft.model.train import Monitor, train_monitor
from lineshaft.model.trial import Trial
from lineshaft.model.trying import REFERENCE

SETTINGS = Settings()
ROWS = 900


def trained(values: Matrix, learner: str = "auto") -> Monitor:
    return train_monitor(dataset(values), np.ones(len(values), np.bool_), execute, learner=learner)


def decided(monitor: Monitor, values: Matrix) -> dict[str, Array]:
    return Replay(monitor.graph, execute)(*step_inputs(dataset(values)))


@pytest.mark.parametrize("name", sorted(learnable()))
@settings(max_examples=4, deadline=None)
@given(start=st.integers(150, 500), scale=st.floats(0.1, 1e6), seed=st.integers(0, 99))
def test_what_is_held_out_changes_nothing_that_is_learnt(name: str, start: int, scale: float, seed: int) -> None:
    values = steady(700, 4)
    held_out = np.zeros(700, np.bool_)
    held_out[start:start + 150] = True
    other = values.copy()
    other[held_out] += scale * np.random.default_rng(seed).normal(size=(150, 4))

    def learnt(x: Matrix) -> bytes:
        normal = Normal(dataset(x), ~held_out, held_out)
        prefix = extend(Pipeline(4, ()), (Modes(), Standardise(4), Impute(4)), normal.dataset, normal.fit, execute)
        front = Front.of(learners()[name].features, prefix, normal, SETTINGS, execute)
        return front.learn(name, normal.fit).graph(("energy", "contribution"))

    assert learnt(values) == learnt(other)


@pytest.mark.parametrize("name", sorted(learnable()))
def test_decisions_do_not_know_a_row_s_position(name: str) -> None:
    monitor, later = trained(steady(ROWS, 5), name), steady(600, 5, seed=8)
    later[400:, 2] += 6.0
    alone = decided(monitor, later)
    for more in (1, 37, 300):
        shifted = decided(monitor, np.vstack([steady(more, 5, seed=9), later]))
        assert np.allclose(shifted["score"][more + 200:], alone["score"][200:], atol=1e-3)
        assert np.array_equal(shifted["alarm"][more + 200:], alone["alarm"][200:])


def test_normal_operation_raises_no_alarm_and_a_fault_does() -> None:
    monitor, later = trained(steady(1500, 8)), steady(1000, 8, seed=5)
    assert decided(monitor, later)["alarm"].mean() < 0.01
    later[700:, 3] += 8 * later[:, 3].std()
    found = decided(monitor, later)
    assert found["alarm"][750:].min() == 1
    assert found["cause"][800].argmax() == 3


@pytest.mark.parametrize("name", sorted(learnable()))
def test_a_meter_that_counts_on_raises_no_alarm_and_is_named(name: str) -> None:
    values = np.hstack([steady(1800, 5), 100.0 + np.cumsum(np.random.default_rng(3).integers(0, 3, (1800, 1)), axis=0)])
    monitor = trained(values[:ROWS], name)
    assert monitor.why.endswith("only ever went one way, as meters and clocks do: works/t5")
    found = decided(monitor, values)
    assert found["alarm"][ROWS:].mean() < 0.1
    assert found["cause"][:, 5].mean() < 0.05


def test_where_every_tag_counts_they_are_watched_all_the_same() -> None:
    values = np.cumsum(np.random.default_rng(3).integers(0, 3, (ROWS, 2)), axis=0).astype(np.float64)
    assert "not watched" not in trained(values, "zscore").why


def test_learners_for_which_no_time_is_left_are_not_tried_and_say_so() -> None:
    left, heard = iter([1e9] * 3 + [0.0] * 99), list[Trial]()
    values = steady(ROWS, 5)
    monitor = train_monitor(dataset(values), np.ones(ROWS, np.bool_), execute, heard=heard.append,
                            left=lambda: next(left))
    tried = [one.learner for one in heard if not one.reason]
    assert tried[0] == REFERENCE
    assert tried == ["zscore", "autoencoder"]
    assert {one.reason for one in heard if not learners()[one.learner].aside and one.reason} == {NO_TIME}
    assert monitor.learner in tried
    assert NO_TIME in monitor.why


@pytest.mark.parametrize("learner", ["auto", "pca"])
def test_a_monitor_is_learnt_even_where_no_time_is_left_at_all(learner: str) -> None:
    values = steady(ROWS, 5)
    monitor = train_monitor(dataset(values), np.ones(ROWS, np.bool_), execute, learner=learner, left=lambda: 0.0)
    assert monitor.learner == (REFERENCE if learner == "auto" else learner)


def coupled(rows: int, seed: int) -> Matrix:
    """Twelve tags, two of which follow others within 0.5 %, as a valve follows the flow through it."""
    values = steady(rows, 12, seed)
    noise = np.random.default_rng(seed + 1).normal(size=(rows, 2))
    values[:, 10:] = values[:, :2] * [2.0, -1.0] + 0.005 * noise
    return values


@pytest.mark.parametrize("name", sorted(learnable()))
def test_losing_tags_raises_no_alarm_and_a_lost_tag_is_no_cause(name: str) -> None:
    monitor, later = trained(coupled(1500, 0), name), coupled(700, 6)
    usual = decided(monitor, later)["alarm"].mean()
    for tags in (*([tag] for tag in range(12)), [1, 5], list(range(12))):
        missing = later.copy()
        missing[100:600, tags] = np.nan
        found = decided(monitor, missing)
        assert found["alarm"].mean() <= usual + 0.01
        assert not found["cause"][np.isnan(missing)].any()
        assert all(np.isfinite(value).all() for value in found.values())


@pytest.mark.parametrize("name", sorted(learnable()))
def test_values_lost_at_random_raise_no_alarm(name: str) -> None:
    monitor, later = trained(coupled(1500, 0), name), coupled(700, 6)
    later[np.random.default_rng(0).random(later.shape) < 0.05] = np.nan
    assert decided(monitor, later)["alarm"].mean() <= 0.01


def with_column(values: Matrix, column: int, content: float | Matrix) -> Matrix:
    changed = values.copy()
    changed[:, column] = content
    return changed


BASE = steady(ROWS, 6)
AWKWARD = {
    "a large offset with variation below float32": with_column(BASE, 2, 1e6 + 0.01 * BASE[:, 1]),
    "constant": with_column(with_column(BASE, 2, 0.0), 3, -1e5),
    "all constant": np.tile(BASE[:1], (ROWS, 1)),
    "duplicated": with_column(with_column(BASE, 2, BASE[:, 1]), 3, 2 * BASE[:, 1] + 5),
    "one tag": BASE[:, :1],
    "never read": with_column(BASE, 2, np.nan),
    "partly read": np.where(np.random.default_rng(2).random(BASE.shape) < 0.4, np.nan, BASE),
    "beyond float32": with_column(BASE, 2, 1e300),
    "near the end of float32": BASE * 1e30,
    "tiny": BASE * 1e-30,
    "barely enough rows": BASE[:130],
}


@pytest.mark.parametrize("kind", sorted(AWKWARD))
def test_awkward_data_gives_finite_decisions_and_no_alarm(kind: str) -> None:
    values = AWKWARD[kind]
    found = decided(trained(values), values)
    assert all(np.isfinite(value).all() for value in found.values())
    assert found["alarm"].mean() < 0.02


@pytest.mark.parametrize(("constant", "moved"), [(0.0, 0.01), (7.3, 7.5), (-1e5, -0.99e5)])
def test_a_tag_that_never_moved_alarms_when_it_does(constant: float, moved: float) -> None:
    values = with_column(BASE, 2, constant)
    later = values.copy()
    later[-200:, 2] = moved
    found = decided(trained(values), later)
    assert found["alarm"][-150:].min() == 1
    assert found["cause"][-50].argmax() == 2


def test_a_tag_never_read_in_training_raises_no_alarm_when_it_comes_alive() -> None:
    monitor = trained(AWKWARD["never read"])
    assert decided(monitor, with_column(BASE, 2, 500.0))["alarm"].sum() == 0


def test_three_hundred_tags_are_learnt() -> None:
    monitor, later = trained(steady(700, 300)), steady(400, 300, seed=3)
    later[300:, 250] += 10 * later[:, 250].std()
    found = decided(monitor, later)
    assert found["alarm"][:300].mean() < 0.02
    assert found["cause"][380].argmax() == 250


@pytest.mark.parametrize(("values", "sentence"), [
    (BASE[:60], "rows to learn from and .* to set limits on are too few"),
    (np.full((400, 3), np.nan), "no tag has a usable value"),
])
def test_too_little_is_one_sentence(values: Matrix, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        trained(values)


def test_golden_inputs_are_repeatable_and_hold_lost_values_and_a_fault() -> None:
    data, rows = dataset(BASE), np.arange(ROWS) < 800
    first, again = (golden_inputs(data, rows, SETTINGS) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.x, other.x, equal_nan=True)
        assert np.array_equal(one.quality, other.quality)
    x, quality = first[0].x, first[0].quality
    assert len(x) == 300
    assert 0 < (quality == 0).mean() < 0.1
    assert not x[quality == 0].any()
    assert (np.abs(x - BASE[500:800])[quality > 0].max()) > 1.0


def test_golden_inputs_show_every_kind_of_fault_start_up_and_extremes() -> None:
    named = {one.name: one for one in golden_inputs(dataset(BASE), np.arange(ROWS) < 800, SETTINGS)}
    assert list(named) == ["operation", "bias", "drift", "noise", "freeze", "decouple", "start-up", "extremes"]
    assert not named["start-up"].quality[:2].any() and not named["start-up"].quality[-6:].any()
    odd = named["extremes"]
    for kind in (np.isnan(odd.x), np.isposinf(odd.x), np.isneginf(odd.x), (odd.x != 0) & (np.abs(odd.x) < 1e-38)):
        assert (kind & (odd.quality > 0)).any() and (kind & (odd.quality == 0)).any()


def test_no_normal_row_makes_no_golden_sequence() -> None:
    with pytest.raises(UsageError, match="no row of normal operation"):
        golden_inputs(dataset(BASE), np.zeros(ROWS, np.bool_), SETTINGS)


@pytest.mark.parametrize("name", sorted(learnable()))
def test_a_graph_agrees_with_its_reference_while_tags_are_lost(name: str) -> None:
    values = steady(ROWS, 4)
    values[:, 1] = values[:, 0] + 1e-3 * values[:, 1]  # nearly the same signal twice: nothing is left to gain when lost
    monitor = trained(values, name)
    first, *_ = golden_inputs(dataset(values), np.ones(ROWS, np.bool_), SETTINGS)
    x, quality = first.x, first.quality
    expected, found = golden(monitor.graph, x, quality), Replay(monitor.graph, execute)(x, quality)
    for port in ("score", "cause", "confidence"):
        assert np.allclose(found[port], expected.outputs[port], rtol=1e-4, atol=1e-4), port


def test_many_runs_side_by_side_say_what_each_says_alone() -> None:
    run = np.repeat(np.arange(9, dtype=np.int32), [30, 200, 31, 90, 150, 60, 120, 99, 120])
    whole = replace(dataset(steady(ROWS, 4)), run=run)
    blocks = (Modes(), Standardise(4), Impute(4), Level(SETTINGS.window))
    pipeline = extend(Pipeline(4, ()), blocks, whole, np.ones(ROWS, np.bool_), execute)
    together = replay(pipeline, whole, ("features",), execute)["features"]
    for number in range(9):
        alone = replay(pipeline, whole.rows(run == number), ("features",), execute)["features"]
        assert np.allclose(together[run == number], alone, rtol=1e-5, atol=1e-5)


def test_rows_after_the_last_normal_one_teach_nothing() -> None:
    values = steady(ROWS, 4)
    other = values.copy()
    other[600:] = 1e3 * steady(ROWS - 600, 4, seed=5)
    normal = np.arange(ROWS) < 600
    first, second = (train_monitor(dataset(part), normal, execute) for part in (values, other))
    assert first.graph == second.graph
