"""Soft sensors: what each learner promises, and that nothing is answered with the value it is compared with."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.graph.check import problems
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.examples import Examples
from lineshaft.model.learning import learnt, train
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.supervised import Candidate, fit, predict
from lineshaft.model.tasks.infer import Infer, errors

ROWS, FIT = 900, 600
QUALITY = ("works/quality",)
EVERY = 3  # ticks between two samples of the target


def plant(drift: float = 0.0, delay: int = 0, seed: int = 0) -> Dataset:
    """Three inputs that wander, and a laboratory value of two of them every third tick; its level drifts."""
    random = np.random.default_rng(seed)
    x = np.zeros((ROWS, 3))
    for tick in range(1, ROWS):
        x[tick] = 0.9 * x[tick - 1] + random.normal(size=3)
    y = 10 + 2 * x[:, 0] - x[:, 1] + drift * np.arange(ROWS) / ROWS + 0.1 * random.normal(size=ROWS)
    told = np.full(ROWS, np.nan)
    told[delay::EVERY] = y[:ROWS - delay:EVERY]
    return Dataset.of(np.column_stack([x, told]), tuple(Tag(f"works/{n}") for n in ("a", "b", "c", "quality")))


def named(name: str, examples: Examples, task: Infer) -> Candidate:
    return next(one for one in task.candidates(examples) if one.name == name)


@cache
def rmse(name: str, drift: float, adapt: bool = True, delay: int = 0) -> float:
    """On the last third, learnt from the first two."""
    task = Infer(QUALITY, adapt=adapt, delay=delay)
    examples = task.examples(plant(drift, delay))
    early = np.arange(ROWS) < FIT
    value = predict(fit(named(name, examples, task), examples, examples.known & early, execute), examples, execute)
    rows = examples.known & ~early
    return errors(examples.target[rows, 0], value[rows, 0])["rmse"]


ADAPTING = ("recent ridge", "recursive ridge", "change ridge", "moving 100 ridge")


@pytest.mark.parametrize("name", ADAPTING)
def test_what_adapts_follows_a_drift_that_a_static_one_misses(name: str) -> None:
    assert rmse(name, 30.0) < 0.6 * rmse("ridge now", 30.0, adapt=False)


@pytest.mark.parametrize("name", ["recent ridge", "recursive ridge"])
def test_without_drift_correction_costs_little(name: str) -> None:
    assert rmse(name, 0.0) < 1.5 * rmse("ridge now", 0.0, adapt=False)


@pytest.mark.parametrize("name", ADAPTING)
def test_samples_that_come_late_correct_what_they_are_about(name: str) -> None:
    assert rmse(name, 30.0, delay=4) < 0.7 * rmse("ridge now", 30.0, adapt=False, delay=4)


@pytest.mark.parametrize("delay", [0, 2])
def test_no_answer_knows_the_sample_that_comes_at_its_own_tick_or_later(delay: int) -> None:
    task = Infer(QUALITY, adapt=True, delay=delay)
    dataset = plant(5.0, delay)
    examples = task.examples(dataset)
    x, quality = step_inputs(dataset.rows(slice(0, 300)))
    other = x.copy()
    other[200:, 3] += 100.0
    for one in task.candidates(examples):
        if one.name.split()[0] not in ("recent", "recursive", "change", "moving", "naive"):
            continue
        if one.name.split()[-1] in ("forest", "trees", "blend"):
            continue
        graph = fit(one, examples, examples.known, execute).graph(("value",))
        run = Replay(graph, execute)
        before, after = (run(rows, quality)["value"] for rows in (x, other))
        arrival = 200 + (-(200 - delay)) % EVERY
        np.testing.assert_array_equal(before[:arrival + 1], after[:arrival + 1], err_msg=one.name)
        if one.name != "naive mean":
            assert np.abs(before[arrival + 1:] - after[arrival + 1:]).max() > 1.0, one.name


def test_every_learners_graph_is_sound_and_says_the_same_by_the_reference() -> None:
    task = Infer(QUALITY, adapt=True, equations="2 * a - b")
    examples = task.examples(plant(5.0))
    x, quality = step_inputs(examples.dataset.rows(slice(0, 60)))
    seen = set[str]()
    for one in task.candidates(examples):
        learner = one.name.split()[0]
        if learner in seen or one.name.endswith(("history", "now")):
            continue
        seen.add(learner)
        graph = fit(one, examples, examples.known, execute).graph(("value",))
        assert not problems(graph)
        wanted = golden(graph, x, quality, "some").outputs["value"]
        np.testing.assert_allclose(Replay(graph, execute)(x, quality)["value"], wanted, rtol=1e-3, atol=1e-3)
    assert {"naive", "change", "mechanism", "moving", "recent", "recursive"} <= seen


def test_a_stopped_analyser_leaves_the_static_answer() -> None:
    task = Infer(QUALITY, adapt=True)
    examples = task.examples(plant())
    graph = fit(named("recent ridge", examples, task), examples, examples.known, execute).graph(("value",))
    x, quality = step_inputs(examples.dataset)
    quality[:, 3] = 0.0
    value = Replay(graph, execute)(x, quality)["value"][:, 0]
    known = examples.known
    assert errors(examples.target[known, 0], value[known].astype(np.float64))["rmse"] < 0.3


def test_a_mechanism_is_better_than_data_alone_where_data_are_few() -> None:
    random = np.random.default_rng(0)
    wind = random.uniform(3, 12, 120)
    power = 0.4 * wind**3 * (1 + 0.05 * np.sin(wind)) + random.normal(size=120)
    told = np.where(np.arange(120) % 2, power, np.nan)
    rows = Dataset.of(np.column_stack([wind, told]), (Tag("wind"), Tag("power")))
    task = Infer(("power",), equations="0.4 * wind ** 3")
    examples = task.examples(rows)
    few = examples.known & (np.arange(120) < 60)

    def off(name: str) -> float:
        value = predict(fit(named(name, examples, task), examples, few, execute), examples, execute)[60:, 0]
        return float(np.sqrt(((value - power[60:]) ** 2).mean()))

    assert off("mechanism ridge") < 0.3 * off("ridge now")


def test_the_whole_task_ends_in_one_graph_that_says_everything() -> None:
    task = Infer(QUALITY, adapt=True)
    examples = task.examples(plant(5.0))
    held_out = task.held_out(examples)
    whole = learnt(task, named("recent ridge", examples, task), examples, held_out, execute)
    said = Replay(whole.graph(WITH_VALUE), execute)(*step_inputs(examples.dataset))
    assert set(WITH_VALUE) <= set(said)
    assert (said["low"] <= said["value"]).all() and (said["value"] <= said["high"]).all()
    assert task.figures(whole, examples, held_out, execute)["coverage"] > 0.7


def test_a_learner_that_was_asked_for_is_learnt_and_named() -> None:
    task = Infer(QUALITY)
    fitted = train(task, task.examples(plant()), execute, learner="ridge")
    assert fitted.learner.startswith("ridge") and [answer.name for answer in fitted.answers] == ["works/quality"]
    assert fitted.figures["rmse"] < 0.3


def shifted(found: Examples) -> NDArray[np.float64]:
    return found.target[:, 0]


def test_a_delayed_sample_teaches_the_row_that_it_is_about() -> None:
    values = np.array([[0.0, np.nan], [1.0, np.nan], [2.0, 7.0], [3.0, np.nan]])
    rows = Dataset.of(values, (Tag("a"), Tag("y")))
    np.testing.assert_array_equal(shifted(Infer(("y",), delay=2).examples(rows)), [7.0, np.nan, np.nan, np.nan])


def test_a_value_that_the_grid_holds_is_no_new_sample() -> None:
    rows = Dataset.of(np.column_stack([np.arange(6.0), [7.0, 7.0, 7.0, 8.0, 8.0, 7.0]]), (Tag("a"), Tag("y")))
    found = shifted(Infer(("y",)).examples(rows))
    np.testing.assert_array_equal(found, [7.0, np.nan, np.nan, 8.0, np.nan, 7.0])


def test_a_table_of_independent_rows_is_split_at_random_and_needs_no_history() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    table = Dataset.of(np.column_stack([x, x[:, 0]]), tuple(Tag(n) for n in "abcy"), run=np.arange(300, dtype=np.int32))
    task = Infer(("y",))
    examples = task.examples(table)
    held = task.held_out(examples)
    assert held.sum() == 30 and not held[-30:].all()
    assert all(not (fold.fit & fold.judge).any() and not (fold.judge & held).any() for fold in task.folds(examples))
    assert not any("history" in one.name for one in task.candidates(examples))


@pytest.mark.parametrize(("task", "told"), [
    (Infer(("nothing",)), "'nothing' is no tag"), (Infer(QUALITY, equations="q + 1"), "'q' is no tag"),
    (Infer(QUALITY, adapt=True, equations="quality + 1"), "what they are to tell")])
def test_a_mistake_is_told_with_what_to_do(task: Infer, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        task.candidates(task.examples(plant()))


def test_a_static_sensor_never_reads_its_target_and_reads_one_tag_alone() -> None:
    assert [tag.name for tag in Infer(QUALITY).examples(plant()).dataset.tags] == ["a", "b", "c"]
    with pytest.raises(UsageError, match="2 tags are named"):
        Infer(("a", "b"))


def test_a_negative_delay_and_a_target_never_measured_are_refused() -> None:
    with pytest.raises(UsageError, match="in the future"):
        Infer(("a",), delay=-1)
    with pytest.raises(UsageError, match="no good value"):
        Infer(("b",)).examples(Dataset.of(np.array([[1.0, np.nan]]), (Tag("a"), Tag("b"))))
