"""What every learner of operating modes promises."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.clusters import learners
from lineshaft.model.learning import train
from lineshaft.model.pipeline import Pipeline, extend, replay, step_inputs
from lineshaft.model.tasks.segment import ONE, Segment

STAY = 60
MODES = np.array([[0.0, 0.0, 5.0], [6.0, 2.0, 5.0], [-4.0, 8.0, 5.0]])


def plant(modes: int, stays: int = 24, seed: int = 0) -> tuple[Dataset, NDArray[np.intp]]:
    """A plant that stays in one of its modes for a minute and moves on; the third tag knows nothing of it."""
    random = np.random.default_rng(seed)
    mode = np.repeat(random.permutation(np.arange(stays) % modes), STAY)
    values = MODES[mode] + random.normal(size=(len(mode), 3)) * [0.6, 0.6, 1.0]
    return Dataset.of(values, (Tag("speed"), Tag("load"), Tag("other"))), mode


def learnt(name: str, dataset: Dataset, modes: int = 0) -> Pipeline:
    task = Segment()
    candidate = next(c for c in Segment(modes=modes).candidates(task.examples(dataset)) if c.name == name)
    every = np.ones(len(dataset), np.bool_)
    every[:task.level] = False
    return extend(Pipeline(3, ()), (*candidate.front(), candidate.head()), dataset, every, execute)


def agreement(found: NDArray[np.intp], mode: NDArray[np.intp]) -> float:
    """Share of rows of which the found mode stands for the true one, each found mode for one; settled rows alone."""
    settled = np.arange(len(mode)) % STAY >= 20
    found, mode = found[settled], mode[settled]
    return sum(int(np.bincount(mode[found == k]).max(initial=0)) for k in np.unique(found)) / len(mode)


@pytest.mark.parametrize("name", learners())
def test_a_learner_finds_the_modes_of_a_plant_it_was_not_told(name: str) -> None:
    dataset, mode = plant(3)
    value = replay(learnt(name, dataset), dataset, ("value",), execute)["value"]
    assert np.allclose(value.sum(axis=1), 1.0, atol=1e-4) and (value >= 0).all()
    assert 3 <= value.shape[1] <= 6
    assert agreement(value.argmax(axis=1), mode) > 0.97


@pytest.mark.parametrize("name", ["kmeans", "mixture", "hierarchical", "hmm", "affinity"])
def test_a_learner_takes_the_number_of_modes_that_it_is_told(name: str) -> None:
    dataset, _ = plant(3)
    assert replay(learnt(name, dataset, 2), dataset, ("value",), execute)["value"].shape[1] <= 2


@pytest.mark.parametrize("name", learners())
def test_a_learners_graph_says_the_same_by_the_reference(name: str) -> None:
    dataset, _ = plant(2, stays=6)
    graph = learnt(name, dataset).graph(("value",))
    x, quality = step_inputs(dataset.rows(slice(0, 100)))
    quality[30:40, 0] = 0.0
    np.testing.assert_allclose(Replay(graph, execute)(x, quality)["value"], golden(graph, x, quality, "some").outputs[
        "value"], rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", learners())
def test_equal_seeds_give_equal_modes(name: str) -> None:
    dataset, _ = plant(2, stays=6)
    assert learnt(name, dataset).graph(("value",)) == learnt(name, dataset).graph(("value",))


def test_the_task_finds_the_modes_and_does_not_know_what_it_never_saw() -> None:
    dataset, mode = plant(3)
    fitted = train(Segment(), Segment().examples(dataset), execute)
    assert [answer.name for answer in fitted.answers][:3] == ["mode 1", "mode 2", "mode 3"]
    assert fitted.learner != ONE and len(fitted.answers) == fitted.figures["modes"]
    x, quality = step_inputs(dataset)
    said = Replay(fitted.graph, execute)(x, quality)
    assert agreement(said["value"].argmax(axis=1), mode) > 0.97
    assert said["known"][mode == mode[-1]].mean() > 0.8
    strange = np.tile(np.array([30.0, -30.0, 5.0], np.float32), (60, 1))
    there = Replay(fitted.graph, execute)(strange, np.ones_like(strange))
    assert not there["known"][20:].any() and there["alarm"][30:].all() and there["cause"][-1, :2].sum() > 0.8


def test_a_plant_of_one_mode_is_not_cut_in_pieces() -> None:
    random = np.random.default_rng(1)
    slow = np.zeros((1500, 3))
    for tick in range(1, 1500):
        slow[tick] = 0.98 * slow[tick - 1] + random.normal(size=3)
    dataset = Dataset.of(slow, (Tag("a"), Tag("b"), Tag("c")))
    assert train(Segment(), Segment().examples(dataset), execute).figures["modes"] <= 2
