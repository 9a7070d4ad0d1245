"""Peers that learn and decide when they are asked; imported where they are installed, else run by ``peers.Talking``."""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

WINDOW, LEAD = 100, 1


class Rows:
    """A model of scikit-learn's form on single rows; ``said`` is the method that decides."""

    def __init__(self, make: Callable[[], Any], said: str = "predict", scaled: bool = False) -> None:
        self.make, self.said, self.scaled = make, said, scaled

    def learn(self, given: Mapping[str, Any]) -> None:
        model = self.make()
        if self.scaled:
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler

            model = make_pipeline(StandardScaler(), model)
        self.model = model.fit(given["x"], given["y"])
        self.decides = getattr(self.model, self.said)

    def decide(self, given: Mapping[str, Any], i: int) -> Any:
        return self.decides(given["next_x"][i:i + 1])


class Online:
    """A detector of river's, which goes on learning as it scores: that is its use."""

    def learn(self, given: Mapping[str, Any]) -> None:
        from river import anomaly, compose, preprocessing

        self.model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=0))
        for row in given["x"]:
            self.model.learn_one(dict(enumerate(row)))

    def decide(self, given: Mapping[str, Any], i: int) -> Any:
        named = dict(enumerate(given["next_x"][i]))
        found = self.model.score_one(named)
        self.model.learn_one(named)
        return found


class Windows:
    """A classifier of windows [C, WINDOW] of the newest rows; ``plain`` ones get four statistics of each tag."""

    def __init__(self, make: Callable[[], Any], plain: bool = False) -> None:
        self.make, self.plain = make, plain

    def learn(self, given: Mapping[str, Any]) -> None:
        ends = np.arange(WINDOW, len(given["x"]), 10)
        windows = np.stack([given["x"][end - WINDOW:end].T for end in ends])
        self.model = self.make()
        self.model.fit(self._of(windows), given["y"][ends - 1].astype(int))
        self.history = np.vstack([given["x"][-WINDOW:], given["next_x"]])

    def decide(self, given: Mapping[str, Any], i: int) -> Any:
        return self.model.predict(self._of(self.history[i + 1:i + 1 + WINDOW].T[None]))

    def _of(self, windows: Any) -> Any:
        if not self.plain:
            return windows
        return np.hstack([windows.mean(axis=2), windows.std(axis=2), windows.min(axis=2), windows.max(axis=2)])


class Frame:
    """A regressor on lags by mlforecast; it is told each new value before it says the next."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def learn(self, given: Mapping[str, Any]) -> None:
        from mlforecast import MLForecast

        self.model = MLForecast(models={"m": self.make()}, freq=1, lags=list(range(1, 25)))
        self.model.fit(_table(given["y"], 0), static_features=[])

    def decide(self, given: Mapping[str, Any], i: int) -> Any:
        self.model.update(_table(given["next_y"][i:i + 1], len(given["y"]) + i))
        return self.model.predict(h=LEAD)


class Series:
    """A model of statsforecast's, whose parameters stay; it is given all values so far."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def learn(self, given: Mapping[str, Any]) -> None:
        self.model = self.make().fit(given["y"])
        self.history = np.concatenate([given["y"], given["next_y"]])

    def decide(self, given: Mapping[str, Any], i: int) -> Any:
        return self.model.forward(self.history[:len(given["y"]) + i + 1], h=LEAD)


def _table(values: Any, start: int) -> Any:
    import pandas as pd

    return pd.DataFrame({"unique_id": "a", "ds": np.arange(start, start + len(values)), "y": values})


def peers(task: str) -> dict[str, Callable[[], Any]]:
    """Peers of a task by their library and name; what they need is imported when one is made."""
    found: dict[str, dict[str, Callable[[], Any]]] = {
        "monitor": {"pyod PCA": lambda: Rows(_pyod("pca", "PCA"), "decision_function"),
                    "pyod IForest": lambda: Rows(_pyod("iforest", "IForest"), "decision_function"),
                    "pyod KNN": lambda: Rows(_pyod("knn", "KNN"), "decision_function"),
                    "river HalfSpaceTrees": Online},
        "forecast": {"mlforecast Ridge": lambda: Frame(_sklearn("linear_model", "Ridge")),
                     "mlforecast LightGBM": lambda: Frame(_lightgbm),
                     "statsforecast AutoETS": lambda: Series(_statsforecast("AutoETS")),
                     "statsforecast AutoARIMA": lambda: Series(_statsforecast("AutoARIMA"))},
        "diagnose": {"scikit-learn RandomForest": lambda: Windows(
                         _sklearn("ensemble", "RandomForestClassifier", random_state=0), plain=True),
                     "aeon MiniRocket": lambda: Windows(_aeon)},
        "infer": {"scikit-learn Ridge": lambda: Rows(_sklearn("linear_model", "Ridge"), scaled=True),
                  "scikit-learn RandomForest": lambda: Rows(_sklearn("ensemble", "RandomForestRegressor",
                                                                     random_state=0)),
                  "scikit-learn HistGradientBoosting": lambda: Rows(
                      _sklearn("ensemble", "HistGradientBoostingRegressor", random_state=0)),
                  "scikit-learn PLS": lambda: Rows(_sklearn("cross_decomposition", "PLSRegression"))},
        "segment": {"scikit-learn KMeans": lambda: Rows(_sklearn("cluster", "KMeans", n_clusters=3, random_state=0),
                                                        scaled=True),
                    "scikit-learn GaussianMixture": lambda: Rows(
                        _sklearn("mixture", "GaussianMixture", n_components=3, random_state=0), scaled=True)}}
    return found[task]


def _sklearn(module: str, name: str, **settings: Any) -> Callable[[], Any]:
    import importlib

    kind = getattr(importlib.import_module(f"sklearn.{module}"), name)
    return lambda: kind(**settings)


def _pyod(module: str, name: str) -> Callable[[], Any]:
    import importlib

    return getattr(importlib.import_module(f"pyod.models.{module}"), name)  # type: ignore[no-any-return]


def _statsforecast(name: str) -> Callable[[], Any]:
    from statsforecast import models

    return lambda: getattr(models, name)(season_length=1)


def _aeon() -> Any:
    from aeon.classification.convolution_based import MiniRocketClassifier

    return MiniRocketClassifier(random_state=0)


def _lightgbm() -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_estimators=100, num_threads=1, verbose=-1)


class Party:
    """Answers one question after another about the peers of one case."""

    def __init__(self, task: str, given: Mapping[str, Any]) -> None:
        self.task, self.given, self.made = task, given, dict[str, Any]()

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Seconds of one learning, or of each of so many decisions; ``why`` there are none."""
        name = question["name"]
        try:
            if question["do"] == "learn":
                peer = peers(self.task)[name]()
                begun = time.perf_counter()
                peer.learn(self.given)
                self.made[name] = peer
                return {"seconds": time.perf_counter() - begun}
            return {"seconds": self._decisions(self.made[name], question["count"])}
        except ImportError:
            return {"why": "not installed"}
        except Exception as problem:  # noqa: BLE001  # a peer that fails is a row that says so
            return {"why": f"{type(problem).__name__}: {problem}"[:200]}

    def _decisions(self, peer: Any, count: int) -> list[float]:
        spent = []
        for i in range(min(count, len(self.given["next_x"]))):
            begun = time.perf_counter()
            peer.decide(self.given, i)
            spent.append(time.perf_counter() - begun)
        return spent


def serve(given: Mapping[str, Any]) -> None:
    """Lines of JSON in, lines of JSON out, until there are no more; what libraries print goes to stderr."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    party = Party(str(given["task"]), given)
    with os.fdopen(os.dup(0)) as questions:
        for line in questions:
            out.write(json.dumps(party.answer(json.loads(line))) + "\n")
            out.flush()
