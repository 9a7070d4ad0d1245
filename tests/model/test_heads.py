"""Heads beside the libraries that taught them, and what each promises by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.replay import Replay
from lineshaft.model.head import Kind, Settings, heads
from lineshaft.model.heads.forest import RandomTrees
from lineshaft.model.heads.neighbours import remembered
from lineshaft.model.heads.process import Process
from lineshaft.model.heads.svm import Svm
from lineshaft.model.pipeline import Seen

Matrix = NDArray[np.float64]
CLASSES = 4


def table(rows: int, seed: int) -> tuple[Matrix, Matrix, Matrix]:
    """Features [N, 6], a curved number [N, 1] and one of four classes [N, 1]."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 6)).astype(np.float32).astype(np.float64) * 3.0 + 50.0
    number = (x[:, :1] - 50) * (x[:, 1:2] - 50) + 3 * np.sin(x[:, 2:3]) + 0.1 * random.normal(size=(rows, 1))
    return x, number, np.digitize(number, (-5.0, 0.0, 5.0)).astype(np.float64)


def said(head: Any, x: Matrix, target: Matrix, judged: Matrix, wire: str = "value") -> Matrix:
    head.fit(Seen({"features": x.astype(np.float32), "target": target}, np.zeros(len(x), np.int32), np.arange(len(x))))
    g = StepBuilder(judged.shape[1])
    graph = g.model({"said": head.emit(g, {"features": g.x})[wire]})
    rows = judged.astype(np.float32)[None]
    return np.asarray(Replay(graph, execute)(rows, np.ones_like(rows))["said"][0], np.float64)


@pytest.mark.parametrize("kind", ["extra", "random"])
def test_one_node_says_what_scikit_learns_forest_says(kind: str) -> None:
    from sklearn import ensemble

    x, number, classes = table(300, 0)
    judged = table(100, 1)[0]
    settings: Settings = {"kind": kind, "trees": 20}
    grown = {"extra": "ExtraTrees", "random": "RandomForest"}[kind]
    told = {"n_estimators": 20, "max_leaf_nodes": 500, "min_samples_leaf": 2, "max_features": 0.5, "random_state": 0}
    wanted = getattr(ensemble, grown + "Regressor")(**told).fit(x, number[:, 0]).predict(judged)
    np.testing.assert_allclose(said(RandomTrees(1, "number", settings), x, number, judged)[:, 0], wanted, rtol=1e-4,
                               atol=1e-4)
    shares = getattr(ensemble, grown + "Classifier")(**told).fit(x, classes[:, 0]).predict_proba(judged)
    np.testing.assert_allclose(said(RandomTrees(CLASSES, "class", settings), x, classes, judged), shares, atol=1e-5)


def test_pls_gives_what_scikit_learns_pls_gives() -> None:
    from sklearn.cross_decomposition import PLSRegression

    x, number, _ = table(200, 0)
    targets = np.hstack([number, x[:, :1] - 2 * x[:, 3:4]])
    for columns in (1, 2):
        wanted = PLSRegression(3).fit(x, targets[:, :columns]).predict(x)
        found = said(heads("number")["pls"](columns, "number", {"components": 3}), x, targets[:, :columns], x)
        tolerance = 1e-3 if columns == 1 else 0.15  # SIMPLS and NIPALS part ways with several targets
        assert np.abs(found - wanted.reshape(found.shape)).max() < tolerance * targets.std()


def test_support_vectors_decide_as_scikit_learns_machines_do() -> None:
    from sklearn.svm import SVC, SVR

    x, number, classes = table(250, 0)
    z = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    y = (number[:, 0] - number.mean()) / number.std(ddof=1)
    wanted = SVR(C=3.0, gamma=1 / 6, epsilon=0.05).fit(z, y).predict(z) * number.std(ddof=1) + number.mean()
    np.testing.assert_allclose(said(Svm(1, "number"), x, number, x)[:, 0], wanted, atol=1e-2)
    for kept in ((0, 1, 2, 3), (1, 3)):
        rows = np.isin(classes[:, 0], kept)
        machine = SVC(C=3.0, gamma=1 / 6, decision_function_shape="ovo").fit(z[rows], classes[rows, 0])
        head = Svm(CLASSES, "class")
        head.centre, head.scale, head.gain = x.mean(axis=0), x.std(axis=0, ddof=1), 1 / 6
        head._classes(z[rows], classes[rows, 0].astype(np.int64))
        head.decided = None
        g = StepBuilder(6)
        graph = g.model({"said": head.emit(g, {"features": g.x})["value"]})
        decided = Replay(graph, execute)(x[None].astype(np.float32), np.ones((1, *x.shape), np.float32))["said"][0]
        np.testing.assert_allclose(decided, machine.decision_function(z).reshape(decided.shape), atol=2e-3)


def test_the_process_is_less_sure_where_it_has_seen_nothing() -> None:
    x, number, _ = table(400, 0)
    far = np.vstack([x[:50], x[:50] + 60.0])
    deviation = said(Process(1, "number"), x, number, far, "value_deviation")[:, 0]
    assert deviation[50:].min() > 2 * np.median(deviation[:50])


def test_the_process_covers_what_it_says_it_covers() -> None:
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, (1000, 2))
    number = np.sin(2 * x[:, :1]) + 0.2 * random.normal(size=(1000, 1))
    head = Process(1, "number")
    value = said(head, x[:600], number[:600], x[600:])
    deviation = said(head, x[:600], number[:600], x[600:], "value_deviation")
    inside = np.abs(number[600:] - value) < 1.645 * deviation
    assert 0.85 < inside.mean() < 0.95


@pytest.mark.parametrize("name", list(heads("class")))
def test_a_class_that_taught_nothing_is_never_the_answer(name: str) -> None:
    x, _, classes = table(200, 0)
    for kept in ((0, 2), (3,)):
        rows = np.isin(classes[:, 0], kept)
        value = said(heads("class")[name](CLASSES, "class"), x[rows], classes[rows], x)
        absent = [one for one in range(CLASSES) if one not in kept]
        assert np.isfinite(value).all() and np.allclose(value.sum(axis=1), 1.0, atol=1e-4)
        assert value[:, absent].max() < 0.01


@pytest.mark.parametrize("kind", ["number", "class"])
def test_every_head_answers_with_finite_numbers_far_from_what_it_saw(kind: Kind) -> None:
    x, number, classes = table(200, 0)
    for name, head in heads(kind).items():
        made = head(1, kind) if kind == "number" else head(CLASSES, kind)
        assert np.isfinite(said(made, x, number if kind == "number" else classes, x * 1e6)).all(), name


def test_a_rare_class_is_remembered_whole_before_a_common_one_is_thinned() -> None:
    classes = np.array([0] * 900 + [1] * 20 + [2] * 80)
    kept = classes[remembered(classes, 100)]
    assert np.bincount(kept).tolist() == [40, 20, 40]
