"""Remaining life: what the task promises on a fleet that wears out."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from tests.model.fleet import fleet

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import UsageError
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import WITH_VALUE, Fitted
from lineshaft.model.evaluate.cuts import at_cuts, held_groups
from lineshaft.model.learning import split, train
from lineshaft.model.pipeline import Pipeline, run_spans, step_inputs
from lineshaft.model.prognosis import Settings, learners, usual_life
from lineshaft.model.supervised import Candidate, fit, judge, predict
from lineshaft.model.tasks.prognose import Prognose

SETTINGS = Settings(cuts=5, youngest=5, folds=2, held_out=0.25, networks=1, steps=150)
LEARNERS = [name for name in learners() if name != "naive"]


def needs_torch(name: str) -> None:
    if "network" in name and find_spec("torch") is None and not os.environ.get("CI"):
        pytest.skip("PyTorch is not installed")


@cache
def candidates() -> dict[str, Candidate]:
    plain = Prognose(SETTINGS).candidates(fleet())
    return {c.name: c for one in plain for c in (one, *one.variants())}


@cache
def naive() -> float:
    """The least loss of what needs no tag, on the first fold."""
    task, given = Prognose(SETTINGS), fleet()
    folds = split(task, given)[1]
    return min(judge(c, given, folds[:1], task.loss, execute).loss for n, c in candidates().items() if "naive" in n)


NAMES = [name for name in candidates() if not name.startswith("naive")]


@cache
def learnt(name: str) -> Pipeline:
    given = fleet()
    return fit(candidates()[name], given, given.known, execute)


@cache
def trained() -> Fitted:
    return train(Prognose(SETTINGS), fleet(), execute, learner="trees")


@pytest.mark.parametrize("name", NAMES)
def test_a_learner_beats_what_needs_no_tag_on_machines_it_has_not_seen(name: str) -> None:
    needs_torch(name)
    task, given = Prognose(SETTINGS), fleet()
    _, folds = split(task, given)
    assert judge(candidates()[name], given, folds[:1], task.loss, execute).loss < 0.8 * naive()


@pytest.mark.parametrize("name", NAMES)
def test_a_learners_graph_says_the_same_by_the_reference(name: str) -> None:
    needs_torch(name)
    graph = learnt(name).graph(("value",))
    x, quality = step_inputs(fleet(1, seed=5).dataset.rows(slice(0, 30)))
    np.testing.assert_allclose(Replay(graph, execute)(x, quality)["value"], golden(graph, x, quality, "some")
                               .outputs["value"], rtol=1e-3, atol=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_later_ticks_never_change_an_earlier_answer(name: str) -> None:
    needs_torch(name)
    graph = learnt(name).graph(("value",))
    x, quality = step_inputs(fleet(1, seed=6).dataset)
    whole = Replay(graph, execute)(x, quality)["value"]
    changed = x.copy()
    changed[40:] = 1e3
    np.testing.assert_array_equal(Replay(graph, execute)(changed, quality)["value"][:40], whole[:40])
    np.testing.assert_array_equal(Replay(graph, execute)(x[:40], quality[:40])["value"], whole[:40])


@pytest.mark.parametrize("name", NAMES)
def test_every_machine_starts_anew(name: str) -> None:
    needs_torch(name)
    others = fleet(3, seed=7)
    together = predict(learnt(name), others, execute)
    for start, stop in run_spans(others.dataset.run):
        alone = predict(learnt(name), others.rows(slice(start, stop)), execute)
        np.testing.assert_allclose(together[start:stop], alone, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_lies_between_nothing_and_the_cap(name: str) -> None:
    needs_torch(name)
    value = predict(learnt(name), fleet(4, seed=8), execute)
    cap = Prognose(SETTINGS)._of(fleet()).cap
    assert value.min() >= 0 and value.max() <= cap


def test_equal_seeds_give_equal_graphs() -> None:
    given = fleet()
    for name in ("trees", "similarity"):
        again = fit(candidates()[name], given, given.known, execute)
        assert again.graph(("value",)) == learnt(name).graph(("value",))


def test_the_task_gives_every_wire_and_its_interval_covers_machines_of_another_day() -> None:
    others = fleet(40, seed=9)
    x, quality = step_inputs(others.dataset)
    rows = at_cuts(others, others.known, 5, 5)
    cap = trained().figures["cap"]
    found: dict[str, list[np.ndarray]] = {name: [] for name in WITH_VALUE}
    for start, stop in run_spans(others.dataset.run):
        said = Replay(trained().graph, execute)(x[start:stop], quality[start:stop])
        for name in WITH_VALUE:
            found[name].append(said[name])
    low, high, value = (np.concatenate(found[name])[:, 0] for name in ("low", "high", "value"))
    target = np.minimum(others.target[:, 0], cap)
    assert ((low <= target) & (target <= high))[rows].mean() > 0.8
    assert (low <= value + 1e-3).all() and (value <= high + 1e-3).all()
    assert low.min() >= 0 and high.max() <= cap


def test_the_alarm_comes_before_the_end_and_not_at_the_start() -> None:
    others = fleet(10, seed=10)
    x, quality = step_inputs(others.dataset)
    limit = Prognose(SETTINGS)._of(fleet()).limit
    for start, stop in run_spans(others.dataset.run):
        alarm = Replay(trained().graph, execute)(x[start:stop], quality[start:stop])["alarm"][:, 0]
        assert alarm[-1] == 1
        assert alarm[:20].mean() < 0.2
        assert stop - start - int(np.argmax(alarm)) > limit / 3


def test_conditions_are_found_and_wear_is_not_taken_for_one() -> None:
    from lineshaft.model.blocks.conditions import found

    assert found(fleet().dataset.values) == (0,)
    assert found(fleet(conditions=1).dataset.values) == ()


def test_the_cap_follows_the_life_of_the_machines() -> None:
    given = fleet()
    assert Prognose()._of(given).cap == round(0.63 * usual_life(given))
    assert Prognose(Settings(cap=30.0))._of(given).cap == 30.0


def test_cuts_leave_machines_whole_and_are_spread_over_their_lives() -> None:
    given = fleet()
    held = held_groups(given, 0.25)
    assert len(np.unique(given.group[held])) == 6 and not set(given.group[held]) & set(given.group[~held])
    rows = at_cuts(given, held, 5, 10)
    assert rows.sum() == 30 and not (rows & ~held).any()


@pytest.mark.parametrize(("made", "word"), [
    (lambda: Settings(cap=-1.0), "no times"), (lambda: Settings(cap=10.0, limit=20.0), "not below the cap"),
    (lambda: Prognose().candidates(fleet(1).rows(slice(0, 0))), "no column of remaining lives"),
    (lambda: Prognose().held_out(fleet(2)), "too few"),
    (lambda: Prognose(Settings(conditions=("none",))).candidates(fleet(3)), "no tag is called none")])
def test_what_can_not_be_learnt_is_refused_in_a_sentence(made: object, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        made()  # type: ignore[operator]
