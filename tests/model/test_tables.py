"""Tables of independent rows: features made of columns, and classes told apart by them."""

from __future__ import annotations

import numpy as np
import pytest

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.check import problems
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.blocks.engineered import Engineered
from lineshaft.model.examples import Examples
from lineshaft.model.learning import learnt
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.supervised import judge
from lineshaft.model.tables.classify import Classify
from lineshaft.model.tables.fronts import fronts
from lineshaft.model.tasks.infer import Infer

ROWS = 500


def table(seed: int = 0) -> Examples:
    """Power is torque times speed, and too much of it fails; a kind of three values matters too, the rest does not."""
    random = np.random.default_rng(seed)
    speed, torque = random.uniform(1200, 1800, ROWS), random.uniform(20, 60, ROWS)
    kind, load = random.integers(0, 3, ROWS), random.lognormal(0.0, 1.5, ROWS)
    power = speed * torque / 1e4
    target = (power + 1.5 * (kind == 1) > 7.0).astype(np.float64)
    each = np.arange(ROWS, dtype=np.int32)
    rows = Dataset.of(np.column_stack([speed, torque, kind, load]), tuple(Tag(n) for n in ("speed", "torque", "kind",
                                                                                         "load")), run=each)
    return Examples(rows, target[:, None], each, ("runs", "fails"))


def engineered(given: Examples) -> Engineered:
    from lineshaft.model.pipeline import Pipeline, extend

    blocks = fronts(4, "class")["engineered"]()
    extend(Pipeline(4, ()), blocks, given.dataset, given.known, execute, {"target": given.target})
    last = blocks[-1]
    assert isinstance(last, Engineered)
    return last


def test_pairs_are_of_numbers_and_kinds_get_a_place_each() -> None:
    block = engineered(table())
    paired = {column for pair in block.pairs for column in (pair.first, pair.second)}
    assert paired == {0, 1, 3} and ("product", 0, 1) in {(p.how, p.first, p.second) for p in block.pairs}
    assert [(column, len(values)) for column, values in block.values] == [(2, 3)]
    assert [column for column, _ in block.logarithms] == [3]


def test_features_are_what_they_say_in_the_tags_own_units() -> None:
    from lineshaft.model.pipeline import Pipeline, extend, replay

    given = table()
    blocks = fronts(4, "class")["engineered"]()
    front = extend(Pipeline(4, ()), blocks, given.dataset, given.known, execute, {"target": given.target})
    features = replay(front, given.dataset, ("features",), execute)["features"]
    x = given.dataset.values
    made = blocks[-1]
    assert isinstance(made, Engineered)
    place = 4 + [p for p in made.pairs if p.how == "product"].index(next(
        p for p in made.pairs if (p.how, p.first, p.second) == ("product", 0, 1)))
    np.testing.assert_allclose(features[:, place], x[:, 0] * x[:, 1], rtol=1e-3)
    np.testing.assert_array_equal(features[:, -3:].sum(axis=1), 1.0)
    np.testing.assert_array_equal(features[:, -3:].argmax(axis=1), x[:, 2])


def test_a_product_of_columns_is_found_by_a_linear_head_only_where_it_was_made() -> None:
    given, task = table(), Classify()
    folds = task.folds(given)
    loss = {one.name: judge(one, given, folds[:1], task.loss, execute).loss for one in task.candidates(given)
            if one.name.startswith(("logistic", "naive"))}
    assert loss["logistic engineered"] < loss["logistic columns"] < loss["naive share"]


@pytest.mark.parametrize("front", ["columns", "engineered"])
def test_a_tables_graph_says_everything_of_rows_that_come_alone(front: str) -> None:
    given, task = table(), Classify()
    chosen = next(one for one in task.candidates(given) if one.name == f"logistic {front}")
    held_out = task.held_out(given)
    graph = learnt(task, chosen, given, held_out, execute).graph(WITH_VALUE)
    assert not problems(graph)
    x, quality = step_inputs(given.dataset)
    said = Replay(graph, execute)(x[None], quality[None])
    assert np.allclose(said["value"][0].sum(axis=1), 1.0, atol=1e-4)


def test_held_out_rows_hold_every_class_and_are_in_no_fold() -> None:
    given, task = table(), Classify()
    held = task.held_out(given)
    assert set(given.target[held, 0]) == {0.0, 1.0} and 0.08 < held.mean() < 0.12
    assert all(not ((fold.fit | fold.judge) & held).any() for fold in task.folds(given))


def test_a_table_of_numbers_gets_made_features_too() -> None:
    given = table()
    values = np.column_stack([given.dataset.values, given.dataset.values[:, 0] * given.dataset.values[:, 1] / 1e4])
    rows = Dataset.of(values, (*given.dataset.tags, Tag("power")), run=given.dataset.run)
    task = Infer(("power",))
    examples = task.examples(rows)
    folds = task.folds(examples)[:1]
    loss = {one.name: judge(one, examples, folds, task.loss, execute).loss for one in task.candidates(examples)
            if one.name.startswith("ridge")}
    assert loss["ridge engineered"] < 0.2 * loss["ridge now"]
