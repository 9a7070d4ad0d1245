"""What the tail of a task promises: coverage, knowing what it knows, and shares that add up."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import WITH_VALUE
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.examples import Examples
from lineshaft.model.head import Kind, heads
from lineshaft.model.pipeline import Block, Pipeline, Seen, Wires, replay, step_inputs
from lineshaft.model.supervised import Candidate, fit
from lineshaft.model.tail import finish

TAGS, GROUPS, EACH = 4, 150, 8
CASES: list[tuple[Kind, str]] = [("number", "ridge"), ("number", "trees"), ("class", "trees")]


class Raw:
    """The tags themselves as features, warm after some ticks."""

    reads: tuple[str, ...] = ()

    def __init__(self, ticks: int = 0) -> None:
        self.ticks = ticks

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        warm: Wires = {"warm": g.at_least(g.ticks("age", self.ticks), float(self.ticks))} if self.ticks else {}
        return {"features": wires["x"], **warm}


class Quantiles:
    """A head that knows its noise but states it half as wide as it is."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        value = g.slice(wires["features"], 0, 1)
        half = g.multiply(noise_of(g, wires), 0.5)
        return {"value": value, "value_low": g.subtract(value, half), "value_high": g.add(value, half)}


def noise_of(g: StepBuilder, wires: Wires) -> Wire:
    return g.add(g.absolute(g.slice(wires["features"], 1, 2)), 0.2)


def examples(kind: Kind, seed: int, groups: int = GROUPS, ticks: int = 1) -> Examples:
    """Groups of rows that share an offset which no tag tells: rows of one group err alike. Tag 3 says nothing."""
    random = np.random.default_rng(seed)
    rows = groups * EACH * ticks
    group = np.repeat(np.arange(groups, dtype=np.int32), EACH * ticks)
    x = random.normal(size=(rows, TAGS))
    hidden = np.repeat(random.normal(size=groups), EACH * ticks)
    noise = 0.7 * hidden + (np.abs(x[:, 1]) + 0.2) * random.normal(size=rows)
    if kind == "number":
        target = (2 * x[:, 0] + noise)[:, None]
    else:
        target = np.digitize(2 * x[:, 0] + x[:, 2] + noise, (-1.5, 1.0))[:, None].astype(np.float64)
    dataset = Dataset.of(x, tuple(Tag(f"t{i}") for i in range(TAGS)), run=group)
    return Examples(dataset, target, group, ("y",) if kind == "number" else ("a", "b", "c"))


def candidate(kind: Kind, name: str, ticks: int = 0) -> Candidate:
    def head() -> Block:
        return heads(kind)[name](1 if kind == "number" else 3, kind, {"trees": 40} if name == "trees" else None)

    return Candidate(name, "raw", lambda: (Raw(ticks),), head)


def two_thirds(given: Examples) -> NDArray[np.bool_]:
    return np.asarray(given.group % 3 > 0)


@cache
def learnt(kind: Kind, name: str, seed: int = 0, ticks: int = 0) -> Pipeline:
    given = examples(kind, seed)
    held_out = two_thirds(given)
    return finish(fit(candidate(kind, name, ticks), given, ~held_out, execute), given, held_out, execute, kind=kind)


def said(pipeline: Pipeline, given: Examples) -> Seen:
    return replay(pipeline, given.dataset, WITH_VALUE, execute)


def inside(seen: Seen, given: Examples, kind: Kind) -> NDArray[np.bool_]:
    truth = given.target if kind == "number" else np.eye(3)[given.target[:, 0].astype(int)]
    return np.asarray(((truth >= seen["low"]) & (truth <= seen["high"])).all(axis=1))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_the_interval_holds_the_truth_as_often_as_stated_in_groups_that_it_never_saw(kind: Kind, name: str) -> None:
    fresh = examples(kind, seed=77, groups=600)
    held = inside(said(learnt(kind, name), fresh), fresh, kind)
    own = np.array([held[fresh.group == g].mean() for g in range(600)])
    slack = 3 * float(own.std()) / 600**0.5 + 3 * float(own.std()) / (GROUPS / 3) ** 0.5
    assert 0.9 - slack < own.mean() < 0.9 + slack + 3 / GROUPS


def test_a_head_that_gives_quantiles_has_these_calibrated() -> None:
    given, fresh = examples("number", 0), examples("number", 77, groups=600)
    pipeline = Pipeline(TAGS, (Raw(), Quantiles()))
    whole = finish(pipeline, given, two_thirds(given), execute, kind="number")
    seen = said(whole, fresh)
    assert 0.85 < inside(seen, fresh, "number").mean() < 0.95
    width = (seen["high"] - seen["low"])[:, 0]
    assert np.corrcoef(width, np.abs(fresh.dataset.values[:, 1]))[0, 1] > 0.95


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_rows_like_the_learnt_ones_are_near_and_others_are_not_known(kind: Kind, name: str) -> None:
    fresh = examples(kind, seed=5)
    usual = said(learnt(kind, name), fresh)
    assert (usual["score"] > 1).mean() < 0.04
    far = Examples(Dataset.of(fresh.dataset.values + 8.0, fresh.dataset.tags, run=fresh.dataset.run), fresh.target,
                   fresh.group, fresh.names)
    strange = said(learnt(kind, name), far)
    assert (strange["known"] == 0).all() and (strange["alarm"] == 1).all() and (strange["confidence"] > 0.98).all()


def test_the_score_grows_with_the_distance_from_what_was_learnt() -> None:
    steps = np.linspace(0, 20, 50)[:, None] * np.array([[1.0, -1.0, 0.5, 0.0]])
    rows = Dataset.of(steps, examples("number", 0).dataset.tags, run=np.arange(50, dtype=np.int32))
    score = replay(learnt("number", "ridge"), rows, ("score",), execute)["score"][:, 0]
    assert (np.diff(score) > -1e-5).all()


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_shares_add_up_to_one_and_a_masked_tag_has_none(kind: Kind, name: str) -> None:
    fresh = examples(kind, seed=5)
    cause = said(learnt(kind, name), fresh)["cause"]
    assert (cause >= 0).all() and np.allclose(cause.sum(axis=1), 1.0, atol=1e-4)
    masked = fresh.dataset.values.copy()
    masked[:, 0] = np.nan
    lost = replay(learnt(kind, name), Dataset.of(masked, fresh.dataset.tags, run=fresh.dataset.run), ("cause",),
                  execute)["cause"]
    assert (lost[:, 0] == 0).all() and (lost.sum(axis=1) < 1 + 1e-4).all()


def test_the_tag_that_drives_the_answer_and_the_tag_that_is_strange_are_named() -> None:
    rows = np.zeros((2, TAGS))
    rows[0, 0], rows[1, 3] = 2.0, 50.0
    table = Dataset.of(rows, examples("number", 0).dataset.tags, run=np.arange(2, dtype=np.int32))
    for name in ("ridge", "trees"):
        cause = replay(learnt("number", name), table, ("cause",), execute)["cause"]
        assert cause[0].argmax() == 0 and cause[1].argmax() == 3


def test_until_windows_are_full_nothing_is_known_and_nothing_alarms() -> None:
    seen = said(learnt("number", "ridge", ticks=5), examples("number", 5))
    early = seen.age < 4
    assert all((seen[wire][early] == 0).all() for wire in ("known", "alarm", "score", "cause"))
    assert (seen["known"][~early] == 1).mean() > 0.9


def test_the_bounds_of_a_class_say_whether_it_may_be_and_whether_it_is_alone() -> None:
    seen = said(learnt("class", "trees"), examples("class", 5))
    size = seen["high"].sum(axis=1)
    assert set(np.unique(np.hstack([seen["low"], seen["high"]]))) <= {0.0, 1.0}
    assert (seen["low"] <= seen["high"]).all()
    assert ((seen["low"].sum(axis=1) == 1) == (size == 1)).all()
    assert (seen["known"][size != 1] == 0).all()
    assert np.allclose(seen["value"].sum(axis=1), 1.0, atol=1e-4)


def test_temperature_mends_probabilities_that_boast() -> None:
    """Classes drawn from softmax(z), said to be softmax(3 z)."""
    from lineshaft.model.blocks.classes import Temperature

    random = np.random.default_rng(0)
    z = 1.5 * random.normal(size=(3000, 3))
    true = (z + random.gumbel(size=z.shape)).argmax(axis=1)
    boast = np.exp(3 * z) / np.exp(3 * z).sum(axis=1, keepdims=True)
    block = Temperature()
    group = np.arange(3000)
    block.fit(Seen({"value": boast, "target": true[:, None], "group": group}, group.astype(np.int32), group))
    assert 2.7 < block.temperature < 3.3


def test_a_task_may_give_its_own_score_and_alarm() -> None:
    class Judge(Raw):
        def emit(self, g: StepBuilder, wires: Wires) -> Wires:
            score = g.multiply(wires["value"], 0.5)
            return {"task_score": score, "task_alarm": g.number(g.less(score, -1.0))}

    given = examples("number", 0)
    held_out = two_thirds(given)
    whole = finish(fit(candidate("number", "ridge"), given, ~held_out, execute), given, held_out, execute,
                   kind="number", judges=(Judge(),))
    seen = said(whole, given)
    assert np.allclose(seen["score"], 0.5 * seen["value"], atol=1e-5)
    assert np.array_equal(seen["alarm"][:, 0], seen["score"][:, 0] < -1.0)


def test_a_forecast_of_many_places_has_a_width_for_each() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(1200, 2))
    noise = np.linspace(0.1, 3.0, 60) * random.normal(size=(1200, 60))
    given = Examples(Dataset.of(x, (Tag("a"), Tag("b"))), x[:, :1] + noise, np.zeros(1200, np.int32),
                     tuple(f"h{i}" for i in range(60)))
    held_out = np.arange(1200) >= 700
    head = heads("number")["ridge"]
    one = Candidate("ridge", "raw", lambda: (Raw(),), lambda: head(60, "number"))
    whole = finish(fit(one, given, ~held_out, execute), given, held_out, execute, kind="number")
    seen = said(whole, given)
    width = (seen["high"] - seen["low"])[held_out].mean(axis=0)
    assert width[-1] > 10 * width[0]
    covered = ((given.target >= seen["low"]) & (given.target <= seen["high"]))[held_out].mean(axis=0)
    assert (covered > 0.84).all() and (covered < 0.97).all()


def test_the_graph_says_the_same_by_the_reference() -> None:
    for kind, name in CASES:
        graph = learnt(kind, name).graph(WITH_VALUE)
        x, quality = step_inputs(examples(kind, 5).dataset.rows(slice(0, 30)))
        wanted = golden(graph, x, quality, "some").outputs
        found = Replay(graph, execute)(x, quality)
        for wire in WITH_VALUE:
            np.testing.assert_allclose(found[wire], wanted[wire], rtol=2e-3, atol=2e-3)


def test_features_over_several_ticks_are_traced_to_their_tags() -> None:
    from lineshaft.model.blocks.features import Past
    from lineshaft.model.blocks.impute import Impute
    from lineshaft.model.blocks.modes import Modes

    given = examples("number", 0)
    head = heads("number")["ridge"]
    one = Candidate("ridge", "past", lambda: (Modes(), Standardise(TAGS), Impute(TAGS), Past(3)),
                    lambda: head(1, "number"))
    held_out = two_thirds(given)
    whole = finish(fit(one, given, ~held_out, execute), given, held_out, execute, kind="number")
    cause = said(whole, given)["cause"]
    assert cause.mean(axis=0).argmax() == 0


def test_no_held_out_row_is_told_in_a_sentence() -> None:
    given = examples("number", 0)
    nothing = np.zeros(len(given), np.bool_)
    pipeline = fit(candidate("number", "ridge"), given, ~nothing, execute)
    with pytest.raises(UsageError, match="no held-out row has a known target"):
        finish(pipeline, given, nothing, execute, kind="number")


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_what_it_is_sure_of_comes_true_as_often_as_it_says(kind: Kind, name: str) -> None:
    from lineshaft.model.evaluate.reliability import calibration_error
    from lineshaft.model.tail import reliability

    given = examples(kind, 0)
    marks = reliability(learnt(kind, name), given, two_thirds(given), execute)
    assert calibration_error(marks) < 0.12
    few = given.rows(given.group < 40)
    assert not reliability(learnt(kind, name), few, two_thirds(few), execute)
