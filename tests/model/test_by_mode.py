"""A learner for each mode: what relates one way in one mode and another way in the next."""

from __future__ import annotations

import numpy as np
from tests.model.plant import Matrix, dataset

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.model.blocks.by_mode import ByMode
from lineshaft.model.blocks.late import Late
from lineshaft.model.learner import Settings
from lineshaft.model.monitor.pca import Pca
from lineshaft.model.pipeline import Seen
from lineshaft.model.train import train_monitor


def related(word: Matrix, seed: int = 0) -> Matrix:
    """Two tags that go together in mode 1 and against each other in mode 2, and the word."""
    random = np.random.default_rng(seed)
    cause = random.normal(size=len(word))
    other = np.where(word == 1, cause, -cause) + 0.1 * random.normal(size=len(word))
    return np.column_stack([cause, other, word])


def test_each_mode_is_judged_by_its_own_relations_and_one_with_few_rows_by_those_of_all() -> None:
    word = np.repeat([1.0, 2.0, 3.0], [300, 300, 10])
    features = related(word)[:, :2].astype(np.float32)
    mode = np.eye(3, dtype=np.float32)[(word - 1).astype(int)]
    learner = ByMode(lambda: Pca(2, Settings()), 3, 30)
    learner.fit(Seen({"features": features, "mode": mode}, np.zeros(610, np.int32), np.arange(610)))
    g = StepBuilder(5)
    wires = learner.emit(g, {"features": g.slice(g.x, 0, 2), "mode": g.slice(g.x, 2, 5)})
    together, against = np.array([[1.0, 1.0]]), np.array([[1.0, -1.0]])
    x = np.vstack([np.hstack([row, [one]]) for row in (together, against) for one in np.eye(3)]).astype(np.float32)
    energy = Replay(g.model(wires), execute)(x, np.ones_like(x))["energy"][:, 0]
    assert energy[0] < 0.1 * energy[3]  # mode 1: together is normal
    assert energy[4] < 0.1 * energy[1]  # mode 2: against is
    assert 0.2 < energy[2] / energy[5] < 5.0  # mode 3 has no own opinion


def test_a_relation_that_only_one_mode_has_makes_one_learner_a_mode_the_better() -> None:
    word = np.repeat(np.tile([1.0, 2.0], 4), 300)
    values = related(word)
    monitor = train_monitor(dataset(values), np.ones(len(values), np.bool_), execute, learner="pca",
                            mode_tags=("works/t2",))
    assert monitor.trials[0].by_mode
    assert "one for each operating mode" in monitor.why
    turned = related(word[:600], seed=3)
    turned[150:250, 1] *= -1.0
    turned[450:550, 1] *= -1.0
    x = turned.astype(np.float32)
    said = Replay(monitor.graph, execute)(x, np.ones_like(x))
    alarm = said["alarm"][:, 0]
    assert alarm[:150].sum() == 0 and alarm[200:250].min() == 1 and alarm[500:550].min() == 1
    assert [said["value"][100, 0], said["value"][500, 0]] == [1.0, 2.0]  # the word's own numbers


def test_late_gives_what_was_and_is_not_warm_before() -> None:
    g = StepBuilder(3)
    wires = {"energy": g.slice(g.x, 0, 1), "contribution": g.slice(g.x, 1, 3),
             "warm": g.greater(g.slice(g.quality, 0, 1), 0.5)}
    told = Late(2).emit(g, wires)
    x = np.arange(15, dtype=np.float32).reshape(5, 3)
    said = Replay(g.model({**told, "warm": g.number(told["warm"])}), execute)(x, np.ones_like(x))
    assert list(said["warm"][:, 0]) == [0, 0, 1, 1, 1]
    assert np.array_equal(said["energy"][2:], x[:3, :1]) and np.array_equal(said["contribution"][2:], x[:3, 1:])
