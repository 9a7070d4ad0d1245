"""What is held out to calibrate teaches the head in the end, and moves no limit."""

from __future__ import annotations

import numpy as np

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.examples import Examples
from lineshaft.model.learning import learnt
from lineshaft.model.pipeline import replay
from lineshaft.model.refit import refitted
from lineshaft.model.tables.classify import Classify
from lineshaft.model.tasks.infer import Infer


def table(rows: int = 240) -> Examples:
    random = np.random.default_rng(0)
    kind = np.arange(rows) % 3
    x = random.normal(size=(rows, 4)) + kind[:, None] * np.array([2.0, -1.0, 0.0, 0.0])
    each = np.arange(rows, dtype=np.int32)
    dataset = Dataset.of(x, tuple(Tag(name) for name in "abcd"), run=each)
    return Examples(dataset, kind[:, None].astype(np.float64), each, ("good", "worn", "broken"))


def test_the_head_answers_from_every_row_and_what_is_strange_stays_as_it_was() -> None:
    given, task = table(), Classify()
    held_out = task.held_out(given)
    chosen = next(one for one in task.candidates(given) if one.name == "neighbours columns")
    before = learnt(task, chosen, given, held_out, execute)
    after = refitted(task, chosen, before, given, execute)
    old, new = (replay(one, given.dataset, ("value", "score", "features"), execute) for one in (before, after))
    np.testing.assert_array_equal(old["features"], new["features"])
    np.testing.assert_allclose(old["score"], new["score"], rtol=1e-5)
    own = given.target[:, 0].astype(int)[held_out]
    said = (wires["value"][held_out, :][np.arange(len(own)), own].mean() for wires in (old, new))
    assert next(said) < next(said)  # a row that was remembered is its own nearest one


def test_a_soft_sensor_that_corrects_itself_stays_as_it_was_calibrated() -> None:
    assert Infer(("a",)).refits(table()) and not Infer(("a",), adapt=True).refits(table())
    task, whole = Infer(("a",), adapt=True), learnt(Classify(), Classify().candidates(table())[0], table(),
                                                   Classify().held_out(table()), execute)
    assert refitted(task, Classify().candidates(table())[0], whole, table(), execute) is whole
