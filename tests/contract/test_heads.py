"""What every head promises, whoever wrote it."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.reference import golden
from lineshaft.graph.replay import Replay
from lineshaft.model.evaluate.splits import stratified
from lineshaft.model.examples import Examples
from lineshaft.model.head import Kind, heads
from lineshaft.model.pipeline import Block, Pipeline, step_inputs
from lineshaft.model.supervised import Candidate, fit, predict

ROWS, CHANNELS = 600, 5
CASES = [(kind, name) for kind in ("number", "class") for name in heads(kind)]


class Plain:
    """The tags themselves as features."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: object) -> None:
        """Nothing to learn."""

    def emit(self, g: object, wires: dict[str, object]) -> dict[str, object]:
        return {"features": wires["x"]}


def examples(kind: Kind, seed: int = 0) -> Examples:
    """Two numbers, or three classes, that depend on four of five tags; the fifth never moves."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(ROWS, CHANNELS))
    x[:, 4] = 7.0
    if kind == "number":
        target = np.stack([2 * x[:, 0] - x[:, 1], x[:, 2] + 0.5 * x[:, 0]], axis=1)
        target = target + 0.1 * random.normal(size=(ROWS, 2))
    else:
        target = np.digitize(x[:, 0] + x[:, 1] + 0.2 * random.normal(size=ROWS), (-0.7, 0.7))[:, None].astype(float)
    dataset = Dataset.of(x, tuple(Tag(f"t{i}") for i in range(CHANNELS)), run=np.arange(ROWS, dtype=np.int32))
    names = ("a", "b") if kind == "number" else ("a", "b", "c")
    return Examples(dataset, target, np.arange(ROWS, dtype=np.int32), names)


def candidate(kind: Kind, name: str, setting: int = 0) -> Candidate:
    head = heads(kind)[name]
    front = (Plain(),)

    def last() -> Block:
        return head(2 if kind == "number" else 3, kind, head.choices(kind)[setting])

    return Candidate(name, "plain", lambda: front, last)  # type: ignore[arg-type, return-value]


@cache
def learnt(kind: Kind, name: str) -> tuple[Pipeline, NDArray[np.float64], Examples, NDArray[np.bool_]]:
    given = examples(kind)
    fold = stratified(given, 3)[0]
    pipeline = fit(candidate(kind, name), given, fold.fit, execute)
    return pipeline, predict(pipeline, given, execute), given, fold.judge


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_head_learns_what_can_be_learnt_and_says_it_for_rows_it_has_not_seen(kind: Kind, name: str) -> None:
    _, value, given, rows = learnt(kind, name)
    target = given.target[rows]
    if kind == "number":
        assert value.shape[1] == 2
        assert (((value[rows] - target) ** 2).mean(axis=0) < 0.4 * target.var(axis=0)).all()
    else:
        assert np.allclose(value.sum(axis=1), 1.0, atol=1e-4) and (value >= -1e-6).all()
        assert (value[rows].argmax(axis=1) == target[:, 0]).mean() > 0.75


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_heads_graph_says_the_same_by_the_reference(kind: Kind, name: str) -> None:
    pipeline, _, given, _ = learnt(kind, name)
    graph = pipeline.graph(("value",))
    onnx.checker.check_model(onnx.load_from_string(graph))
    x, quality = step_inputs(given.dataset.rows(slice(0, 40)))
    wanted = golden(graph, x, quality, "some").outputs["value"]
    np.testing.assert_allclose(Replay(graph, execute)(x, quality)["value"], wanted, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_equal_seeds_give_equal_heads(kind: Kind, name: str) -> None:
    again = learnt.__wrapped__(kind, name)[0]
    assert learnt(kind, name)[0].graph(("value",)) == again.graph(("value",))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_every_setting_that_a_head_offers_can_be_learnt(kind: Kind, name: str) -> None:
    given = examples(kind)
    few = given.rows(np.arange(len(given)) < 200)
    for setting in range(len(heads(kind)[name].choices(kind))):
        pipeline = fit(candidate(kind, name, setting), few, few.known, execute)
        assert np.isfinite(predict(pipeline, few, execute)).all()
