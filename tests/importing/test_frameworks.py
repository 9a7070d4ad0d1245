"""Models trained by their own frameworks: what the framework predicts, the step graph predicts."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, PolynomialFeatures, RobustScaler, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM
from tests.importing.through import BARE, gap, referenced, stepped

from lineshaft.app.importing import Around, import_model
from lineshaft.core.errors import LineshaftError, Refused, UsageError
from lineshaft.graph.importing.reading import How, from_file

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(240, 5)).astype(np.float32)
NEW = RANDOM.normal(size=(240, 5)).astype(np.float32)
TWO = (X[:, 0] + X[:, 1] ** 2 > 0.7).astype(int)
THREE = np.digitize(X[:, 0] - X[:, 2], [-0.6, 0.6])
REAL = np.exp(0.3 * X[:, 0]) + np.sin(X[:, 1])
MANY = {"random_state": 0, "n_estimators": 6}

CLASSIFIERS = [
    LogisticRegression(), RandomForestClassifier(**MANY), GradientBoostingClassifier(**MANY),
    HistGradientBoostingClassifier(max_iter=6), MLPClassifier((6,), max_iter=60, random_state=0), GaussianNB(),
    KNeighborsClassifier(4), make_pipeline(StandardScaler(), PCA(3), LogisticRegression()),
    make_pipeline(SimpleImputer(), RobustScaler(), RandomForestClassifier(**MANY)),
    make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=4)),
    make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=4, n_jobs=1))]
REGRESSORS = [
    Ridge(), RandomForestRegressor(**MANY), HistGradientBoostingRegressor(max_iter=6), SVR(), KNeighborsRegressor(4),
    make_pipeline(MinMaxScaler(), PolynomialFeatures(2), Ridge()), make_pipeline(Normalizer(), SVR(kernel="poly"))]


def named(model: Any) -> str:
    return "+".join(type(step).__name__ for _, step in model.steps) if hasattr(model, "steps") else type(model).__name__


def both(model: Any, name: str, wanted: Any, around: Around = BARE) -> None:
    """On ONNX Runtime and on the reference, on rows that no threshold of a tree was set at."""
    made = import_model(model, around)
    assert gap(stepped(made, NEW)[name], wanted) < 1e-4
    assert gap(referenced(made, NEW[:20])[name], np.asarray(wanted)[:20]) < 1e-4


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", CLASSIFIERS, ids=named)
@pytest.mark.parametrize("classes", [TWO, THREE], ids=["two", "three"])
def test_a_scikit_learn_classifier(model: Any, classes: Any) -> None:
    model.fit(X, classes)
    both(model, "probabilities", model.predict_proba(NEW))
    both(model, "label", model.predict(NEW))


@pytest.mark.parametrize("model", REGRESSORS, ids=named)
def test_a_scikit_learn_regressor(model: Any) -> None:
    model.fit(X, REAL)
    both(model, "prediction" if "Hist" in named(model) else "variable", model.predict(NEW))


@pytest.mark.parametrize("model", [SVC(), LinearSVC()], ids=named)
def test_a_support_vector_classifier_of_three_classes(model: Any) -> None:
    model.fit(X, THREE)
    made = import_model(model, BARE)
    out = stepped(made, X)
    label, scores = (next(v for n, v in out.items() if part in n) for part in ("label", "prob"))
    assert (label.ravel() == model.predict(X)).all()
    assert gap(scores, model.decision_function(X)) < 1e-4


@pytest.mark.parametrize("model", [OneClassSVM(), IsolationForest(**MANY), LocalOutlierFactor(8, novelty=True)],
                         ids=named)
def test_a_scikit_learn_detector(model: Any) -> None:
    model.fit(X)
    both(model, "scores", model.decision_function(NEW))


def test_what_scikit_learn_transforms_and_groups() -> None:
    both(PCA(2).fit(X), "variable", PCA(2).fit(X).transform(NEW))
    groups = KMeans(3, n_init=1, random_state=0).fit(X)
    both(groups, "label", groups.predict(NEW))
    mixture = GaussianMixture(2, random_state=0).fit(X.astype(np.float64))
    both(mixture, "probabilities", mixture.predict_proba(NEW))


def test_classes_that_are_words_are_numbered_and_told() -> None:
    model = LogisticRegression().fit(X, np.array(["worn", "good"])[TWO])
    made = import_model(model, BARE)
    assert "0: good, 1: worn" in "".join(made.notes)
    assert (np.array(["good", "worn"])[stepped(made, X)["label"].ravel().astype(int)] == model.predict(X)).all()


BOOSTED = [
    (lightgbm.LGBMClassifier, TWO, {}), (lightgbm.LGBMClassifier, THREE, {}), (lightgbm.LGBMRegressor, REAL, {}),
    (lightgbm.LGBMRegressor, np.exp(REAL), {"objective": "poisson"}),
    (lightgbm.LGBMClassifier, TWO, {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}),
    (xgboost.XGBClassifier, TWO, {}), (xgboost.XGBClassifier, THREE, {}), (xgboost.XGBRegressor, REAL, {}),
    (xgboost.XGBRegressor, np.exp(REAL), {"objective": "count:poisson"}),
    (xgboost.XGBRegressor, REAL, {"booster": "dart", "rate_drop": 0.5}), (xgboost.XGBRFClassifier, TWO, {})]


def boosted(kind: Any, y: Any, more: dict[str, Any], x: Any) -> tuple[Any, Any]:
    quiet = {"verbose": -1} if kind.__module__.startswith("lightgbm") else {}
    model = kind(n_estimators=7, n_jobs=1, **quiet, **more).fit(x, y)
    return model, model.predict_proba(x) if hasattr(model, "predict_proba") else model.predict(x)


@pytest.mark.parametrize(("kind", "y", "more"), BOOSTED, ids=lambda v: getattr(v, "__name__", ""))
def test_boosted_trees_with_values_that_are_missing(kind: Any, y: Any, more: dict[str, Any]) -> None:
    x = np.where(RANDOM.random(X.shape) < 0.1, np.float32(np.nan), X)
    model, wanted = boosted(kind, y, more, x)
    made = import_model(model, Around(mask="nan"))
    found = stepped(made, np.nan_to_num(x), np.isfinite(x).astype(np.float32))
    assert gap(found[list(found)[-1]], wanted) < 1e-5
    if "label" in found:
        assert (found["label"].ravel() == model.predict(x)).all()


@pytest.mark.parametrize("ending", ["txt", "json", "ubj"])
def test_files_of_boosted_trees_are_read_without_their_library(ending: str, tmp_path: Path) -> None:
    kind = lightgbm.LGBMClassifier if ending == "txt" else xgboost.XGBClassifier
    model, wanted = boosted(kind, TWO, {}, X)
    path = tmp_path / f"m.{ending}"
    (model.booster_ if ending == "txt" else model).save_model(str(path))
    assert gap(stepped(import_model(path, BARE), X)["probabilities"], wanted) < 1e-5


def test_trees_of_categories_are_refused() -> None:
    x = np.column_stack([X[:, 0], RANDOM.integers(0, 9, len(X))])
    lgb = lightgbm.train({"verbose": -1, "min_data_per_group": 1, "cat_smooth": 0},
                         lightgbm.Dataset(x, x[:, 1] % 3, categorical_feature=[1]), 3)
    with pytest.raises(Refused, match="splits by categories"):
        import_model(lgb)
    frame = xgboost.DMatrix(x, x[:, 1] % 3, feature_types=["q", "c"], enable_categorical=True)
    with pytest.raises(Refused, match="splits by categories"):
        import_model(xgboost.train({"max_cat_to_onehot": 1}, frame, 3))


@pytest.mark.parametrize("ending", ["txt", "json", "ubj", "onnx", "pkl", "pt2", "skops"])
@pytest.mark.parametrize("content", [b"", b"tree\n", b"{", b'{"learner": {}}', b"{U\x07learner{}}", b"\x00\xff" * 40])
def test_a_file_of_something_else_is_one_sentence(ending: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"m.{ending}"
    path.write_bytes(content)
    with pytest.raises(LineshaftError) as caught:
        import_model(path)
    assert "m." in str(caught.value) and "\n" not in str(caught.value)


def test_a_changed_file_of_trees_is_read_or_refused(tmp_path: Path) -> None:
    model, _ = boosted(xgboost.XGBClassifier, TWO, {}, X)
    lgb, _ = boosted(lightgbm.LGBMClassifier, TWO, {}, X)
    raws = {"ubj": bytes(model.get_booster().save_raw("ubj")), "json": bytes(model.get_booster().save_raw("json")),
            "txt": lgb.booster_.model_to_string().encode()}
    for ending, raw in raws.items():
        for _ in range(12):
            changed = bytearray(raw)
            for place in RANDOM.integers(0, len(raw), 4):
                changed[place] = RANDOM.integers(0, 256)
            path = tmp_path / f"m.{ending}"
            path.write_bytes(changed)
            try:
                import_model(path)
            except LineshaftError as error:
                assert "\n" not in str(error)


def test_a_pickle_runs_only_where_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    model = Ridge().fit(X, REAL)
    path.write_bytes(pickle.dumps(model))
    with pytest.raises(Refused, match="runs whatever program is in it; add --trust-pickle"):
        from_file(path)
    assert gap(stepped(import_model(path, BARE, how=How(trust=True)), X)["variable"], model.predict(X)) < 1e-5


def test_an_object_of_nothing_known_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no reader takes a builtins.dict"):
        import_model({})


def test_an_estimator_that_can_not_be_converted_is_named() -> None:
    from sklearn.neighbors import NearestCentroid

    with pytest.raises(Refused, match="NearestCentroid"):
        import_model(NearestCentroid().fit(X, TWO))
