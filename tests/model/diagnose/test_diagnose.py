"""What the task of diagnosis promises."""

from __future__ import annotations

import numpy as np
import pytest
from tests.model.diagnose.signals import RATE, SAMPLES, bearings, process, processes

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.diagnosis import Settings, Vibration
from lineshaft.model.evaluate.splits import Fold
from lineshaft.model.evaluate.stretches import by_stretch, middle_share, purged
from lineshaft.model.examples import Examples
from lineshaft.model.learning import train
from lineshaft.model.supervised import fit, predict
from lineshaft.model.tasks.diagnose import Diagnose, mean_recall

SHORT = Settings(windows=(20,))
SHAKEN = Settings(vibration=Vibration(SAMPLES, RATE, speed_column=0, orders={"outer": 3.6, "inner": 5.4}))


def test_classes_that_differ_in_their_dynamics_alone_are_told_apart() -> None:
    fitted = train(Diagnose(SHORT), processes(), execute, learner="dynamics")
    for kind in range(3):
        x = process(kind, 200, 100 + kind).astype(np.float32)
        value = Replay(fitted.graph, execute)(x, np.ones_like(x))["value"]
        assert (value[fitted.window:].argmax(axis=1) == kind).mean() > 0.9


def test_a_fitted_model_says_every_wire_of_an_answer_and_names_its_classes() -> None:
    fitted = train(Diagnose(SHORT), processes(), execute, learner="dynamics")
    said = Replay(fitted.graph, execute)(*[np.ones((3, 3), np.float32)] * 2)
    assert set(said) == set(WITH_VALUE)
    assert [answer.name for answer in fitted.answers] == ["normal", "slow", "jumpy"]
    assert fitted.figures["held_out_recall_mean"] > 0.8


def test_a_fault_that_was_never_seen_is_not_known() -> None:
    fitted = train(Diagnose(SHORT), processes(), execute, learner="dynamics")
    through = Replay(fitted.graph, execute)
    usual = process(1, 200, 50).astype(np.float32)
    foreign = usual * [[1.0, 1.0, 1.0]] + 25.0 * np.sin(np.arange(200) * 1.3)[:, None]
    known, unknown = (through(x.astype(np.float32), np.ones_like(x, np.float32))["known"][40:, 0]
                      for x in (usual, foreign))
    assert known.mean() > 0.8
    assert unknown.mean() < 0.05


@pytest.mark.parametrize("name", [c.name for c in Diagnose(SHORT).candidates(processes(40))])
def test_every_learner_of_windows_can_be_learnt_and_says_probabilities(name: str) -> None:
    given, task = processes(120), Diagnose(SHORT)
    candidate = next(c for c in task.candidates(given) if c.name == name)
    value = predict(fit(candidate, given, given.known, execute), given, execute)
    assert np.allclose(value.sum(axis=1), 1.0, atol=1e-3)
    if not name.startswith(("naive", "tags")):
        assert mean_recall(given.dataset.run.astype(np.int64), value.argmax(axis=1)) > 0.6


@pytest.mark.parametrize("name", [c.name for c in Diagnose(SHAKEN).candidates(bearings(1))])
def test_every_learner_of_vibration_finds_what_it_was_shown(name: str) -> None:
    given, task = bearings(6), Diagnose(SHAKEN)
    candidate = next(c for c in task.candidates(given) if c.name == name)
    value = predict(fit(candidate, given, given.known, execute), given, execute)
    assert np.allclose(value.sum(axis=1), 1.0, atol=1e-3)
    if not name.startswith("naive"):
        assert mean_recall(given.target[:, 0].astype(np.int64), value.argmax(axis=1)) > 0.9


def test_the_fault_of_a_bearing_that_was_never_seen_is_found_by_its_order() -> None:
    given, other = bearings(6), bearings(4, seed=9)
    candidate = next(c for c in Diagnose(SHAKEN).candidates(given) if c.name == "vibration orders forest")
    value = predict(fit(candidate, given, given.known, execute), other, execute)
    assert mean_recall(other.target[:, 0].astype(np.int64), value.argmax(axis=1)) > 0.95


def test_whole_groups_judge_where_a_class_has_several() -> None:
    for fold in by_stretch(bearings(4), folds=2, gap=0):
        given = bearings(4)
        assert not set(given.group[fold.fit]) & set(given.group[fold.judge])
        assert set(given.target[fold.judge, 0]) == {0.0, 1.0, 2.0}


def test_no_window_holds_rows_of_both_sides_of_a_split() -> None:
    gap = 7
    for fold in by_stretch(processes(90), folds=3, gap=gap):
        run = processes(90).dataset.run
        for own, other in ((fold.judge, fold.fit), (fold.fit, fold.judge)):
            for row in np.flatnonzero(own).tolist():
                window = slice(max(row - gap, 0), row + 1)
                assert not (other[window] & (run[window] == run[row])).any()


def test_purging_stops_at_the_end_of_a_run() -> None:
    fold = Fold(np.array([True, True, False, False]), np.array([False, False, True, True]))
    kept = purged(fold, np.array([0, 0, 1, 1], np.int32), 3)
    assert kept.judge.tolist() == [False, False, True, True]


def test_what_calibrates_lies_inside_each_stretch_and_not_at_its_end() -> None:
    held = middle_share(processes(100), 0.2)
    assert held.sum() == 60
    assert not held[99] and not held[0] and held[50]


def test_a_target_that_is_no_class_is_refused_with_what_to_do() -> None:
    given = processes(60)
    with pytest.raises(UsageError, match="number of a class from 0 to 2"):
        Diagnose().candidates(Examples(given.dataset, given.target + 0.5, given.group, given.names))


def test_one_class_alone_is_refused() -> None:
    rows = Dataset.of(np.zeros((30, 1)), (Tag("a"),))
    with pytest.raises(UsageError, match="one class alone"):
        Diagnose().candidates(Examples(rows, np.zeros((30, 1)), np.zeros(30, np.int32), ("a", "b")))


def test_orders_without_a_speed_are_refused() -> None:
    with pytest.raises(UsageError, match="shaft speed, which is not given"):
        Vibration(1024, 1000.0, orders={"BPFO": 3.6})
