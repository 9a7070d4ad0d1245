"""Modes that no tag says: found in the tags, each with a model of its own, told in the decision."""

from __future__ import annotations

import numpy as np
import pytest
from tests.model.plant import Matrix, dataset, steady, three_modes

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.found_modes import middle_of_stays
from lineshaft.model.clusters import learners
from lineshaft.model.finding import AUTO, ONE, found, mode_learners
from lineshaft.model.train import Monitor, train_monitor

DWELLS = [(1, 300), (2, 250), (3, 350), (1, 280), (3, 260), (2, 300), (1, 300), (2, 260), (3, 300)]
TAGS, TAG = 9, 4
LATER = [(2, 300), (1, 300), (3, 300)]


@pytest.fixture(scope="module")
def monitor() -> Monitor:
    values = three_modes(DWELLS, seed=1)[:, :TAGS]
    return train_monitor(dataset(values), np.ones(len(values), np.bool_), execute, learner="pca", modes="hdbscan")


def decided(monitor: Monitor, values: Matrix) -> dict[str, Array]:
    x = values[:, :TAGS].astype(np.float32)
    return Replay(monitor.graph, execute)(x, np.ones_like(x))


def test_the_decision_names_the_mode_and_changes_raise_no_alarm(monitor: Monitor) -> None:
    assert (monitor.modes, [one.name for one in monitor.answers]) == (3, ["mode"])
    found = decided(monitor, three_modes([*LATER, *LATER], seed=99))
    told = found["value"][:, 0].reshape(6, 300)[:, 60:290]
    assert (told == told[:, :1]).all()
    assert sorted(told[:3, 0]) == [1.0, 2.0, 3.0]
    assert list(told[:3, 0]) == list(told[3:, 0])
    assert found["known"][60:290].mean() > 0.9
    assert found["alarm"].mean() < 0.002


@pytest.mark.parametrize("start", [150, 450, 750])
def test_a_fault_keeps_the_mode_that_it_happened_in_and_is_found(monitor: Monitor, start: int) -> None:
    values = three_modes(LATER, seed=99)
    values[start:start + 140, TAG] += 20.0
    found = decided(monitor, values)
    assert found["alarm"][start + 60:start + 140].mean() > 0.95
    assert found["cause"][start + 100].argmax() == TAG
    assert found["value"][start + 100] == found["value"][start - 1]
    assert found["known"][start + 100] == 0


def test_a_mode_not_seen_before_is_not_known_and_an_alarm(monitor: Monitor) -> None:
    found = decided(monitor, three_modes([(2, 300), (5, 300)], seed=98))
    assert found["alarm"][:300].sum() == 0
    assert found["known"][400:].max() == 0
    assert found["alarm"][400:].min() == 1


def test_modes_are_found_without_being_asked_for_only_where_they_last() -> None:
    rows = np.ones(2600, np.bool_)
    assert found(dataset(three_modes(DWELLS, seed=1)[:, :TAGS]), rows, execute) is not None
    assert found(dataset(steady(2600, TAGS)), rows, execute) is None
    assert found(dataset(three_modes(DWELLS, seed=1)[:, :TAGS]), rows, execute, ONE) is None


def test_what_does_not_teach_has_no_part_in_finding_modes() -> None:
    """Held-out rows hold a mode that those that teach do not."""
    values = np.vstack([steady(900, TAGS), steady(900, TAGS, seed=1) + 40.0 * np.repeat([0, 1, 0], 300)[:, None]])
    assert found(dataset(values), np.arange(1800) < 900, execute) is None


@pytest.mark.parametrize("name", sorted(learners()))
def test_every_learner_of_segment_may_give_the_modes(name: str) -> None:
    random = np.random.default_rng(0)
    high = np.repeat(np.arange(8) % 2, 150)
    values = random.normal(size=(1200, 3)) + 30.0 * high[:, None]
    monitor = train_monitor(dataset(values), np.ones(1200, np.bool_), execute, learner="zscore", modes=name)
    said = Replay(monitor.graph, execute)(values.astype(np.float32), np.ones((1200, 3), np.float32))
    assert monitor.modes >= 2
    assert not {*said["value"][250:290, 0]} & {*said["value"][400:440, 0]}
    assert said["alarm"].mean() < 0.02


def test_modes_that_leave_too_few_rows_are_given_up_by_the_choice_and_told_where_asked_for() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(600, 3)) + 30.0 * np.repeat(np.arange(60) % 2, 10)[:, None]
    rows = np.ones(600, np.bool_)
    assert train_monitor(dataset(values), rows, execute, learner="zscore", modes=AUTO).modes == 1
    with pytest.raises(UsageError, match="ticks or more after a change of mode"):
        train_monitor(dataset(values), rows, execute, learner="zscore", modes="kmeans")


def test_modes_may_be_left_to_any_learner_of_segment() -> None:
    assert set(mode_learners()) == {AUTO, ONE, *learners()}


def test_the_middle_of_a_stay_leaves_out_both_ends() -> None:
    label, run = np.repeat([0, 1, 0], 8), np.zeros(24, np.int32)
    assert list(np.flatnonzero(middle_of_stays(label, run))) == [2, 3, 4, 5, 10, 11, 12, 13, 18, 19, 20, 21]
