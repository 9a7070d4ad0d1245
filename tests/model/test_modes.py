"""Operating modes: each has its own normal, changes between them are given time, and an unknown one is strange."""

from __future__ import annotations

import numpy as np
import pytest
from tests.model.plant import Matrix, dataset, steady, three_modes

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.modes import detect_modes
from lineshaft.model.train import Monitor, train_monitor

DWELLS = [(1, 300), (2, 250), (3, 350), (1, 280), (3, 260), (2, 300), (1, 300), (2, 260), (3, 300)]
WORD, TAG = 9, 4
LATER = [(2, 300), (1, 300), (3, 300)]


@pytest.fixture(scope="module")
def monitor() -> Monitor:
    values = three_modes(DWELLS, seed=1)
    return train_monitor(dataset(values), np.ones(len(values), np.bool_), execute, mode_tags=(f"works/t{WORD}",))


def decided(monitor: Monitor, values: Matrix, lost: tuple[slice, int] | None = None) -> dict[str, Array]:
    x = values.astype(np.float32)
    quality = np.ones_like(x)
    if lost is not None:
        quality[lost] = 0.0
    return Replay(monitor.graph, execute)(np.where(quality > 0, x, np.float32(0.0)), quality)


def test_changes_of_mode_raise_no_alarm(monitor: Monitor) -> None:
    assert monitor.modes == 3
    assert decided(monitor, three_modes([*LATER, *LATER], seed=99))["alarm"].mean() < 0.002


@pytest.mark.parametrize("start", [150, 450, 750])
def test_a_fault_is_found_and_named_in_every_mode(monitor: Monitor, start: int) -> None:
    values = three_modes(LATER, seed=99)
    values[start:start + 140, TAG] += 8.0
    found = decided(monitor, values)
    assert found["alarm"][start + 30:start + 140].mean() > 0.95
    assert found["cause"][start + 80].argmax() == TAG


def test_a_quiet_mode_has_its_own_middle() -> None:
    """Mode 2 shakes, mode 1 hardly: a level that is usual there would be strange here, and its score says so."""
    values = three_modes([(1, 400), (2, 400)] * 4, seed=5)
    random = np.random.default_rng(0)
    values[:, :WORD] = 10.0 + random.normal(size=(len(values), WORD)) * (0.2 + (values[:, WORD:] == 2))
    slow = np.repeat(random.normal(size=(len(values) // 100, WORD)), 100, axis=0)
    values[:, :WORD] += slow * (values[:, WORD:] == 2)
    normal = np.arange(len(values)) < 2400
    score = decided(train_monitor(dataset(values), normal, execute, mode_tags=(f"works/t{WORD}",), learner="pca"),
                    values)["score"][2400:, 0]
    middles = [float(np.median(score[values[2400:, WORD] == mode])) for mode in (1, 2)]
    assert all(abs(middle) < 0.5 for middle in middles)


def test_an_unknown_mode_is_an_alarm_that_names_the_mode_word(monitor: Monitor) -> None:
    found = decided(monitor, three_modes([(2, 200), (5, 300)], seed=98))
    assert found["alarm"][:200].sum() == 0
    assert found["alarm"][200 + monitor.settle + 20:].min() == 1
    assert found["cause"][450].argmax() == WORD


def test_an_unreadable_mode_word_keeps_the_last_mode(monitor: Monitor) -> None:
    found = decided(monitor, three_modes(LATER, seed=99), lost=(slice(120, 260), WORD))
    assert found["alarm"][:300].sum() == 0
    assert found["cause"][120:260, WORD].max() == 0


def test_before_the_first_mode_is_known_nothing_alarms_and_nothing_breaks(monitor: Monitor) -> None:
    values = three_modes([(1, 250)], seed=97)
    values[:, TAG] += 50.0
    found = decided(monitor, values, lost=(slice(None), WORD))
    assert found["alarm"].sum() == 0
    assert all(np.isfinite(value).all() for value in found.values())


def test_a_mode_tag_with_too_many_values_is_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError, match="from 1 to 32 are possible"):
        train_monitor(dataset(steady(900, 4)), np.ones(900, np.bool_), execute, mode_tags=("works/t1",))


def test_a_mode_tag_nobody_has_is_named() -> None:
    with pytest.raises(UsageError, match="no tag is called works/load"):
        train_monitor(dataset(steady(900, 4)), np.ones(900, np.bool_), execute, mode_tags=("works/load",))


def test_a_stretch_that_never_settles_is_refused_with_the_reason() -> None:
    values = three_modes([(1, 15), (2, 15)] * 30, seed=2)
    with pytest.raises(UsageError, match="ticks or more after a change of mode"):
        train_monitor(dataset(values), np.ones(len(values), np.bool_), execute, mode_tags=(f"works/t{WORD}",))


def test_only_the_mode_word_is_taken_for_one() -> None:
    values = three_modes(DWELLS, seed=1)
    random = np.random.default_rng(0)
    contact = (random.random(len(values)) < 0.5).astype(float)
    rare = np.zeros(len(values))
    rare[1000:1010] = 1.0
    step = (np.arange(len(values)) > 1300).astype(float)
    fraction = np.where(values[:, WORD] == 2, 1.5, 2.0)
    more = np.column_stack([values, contact, rare, step, np.full(len(values), 3.0), fraction])
    assert detect_modes(dataset(more), np.ones(len(more), np.bool_)) == (f"works/t{WORD}",)


def test_text_and_missing_columns_are_never_modes() -> None:
    values = np.column_stack([three_modes(DWELLS, seed=1)[:, WORD], np.full(2600, np.nan)])
    tags = (Tag("batch", kind="text"), Tag("lost"))
    assert detect_modes(Dataset.of(values, tags), np.ones(len(values), np.bool_)) == ()
