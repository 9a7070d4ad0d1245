"""Detectors of PyOD and river on files with a normal start; its text is run by ``peers.run``, in their environment."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

DECISIONS = 100


def judged(given: Mapping[str, Any], fit: int, normal: int) -> dict[str, Any]:
    """For each detector its scores of every file [N, C], seconds to learn all, and microseconds a decision.

    The first ``fit`` rows teach, those up to ``normal`` are left for the limit.
    """
    found: dict[str, Any] = {}
    for name, make in detectors().items():
        spent, scores = 0.0, {}
        micros: list[float] = []
        for file, values in given.items():
            z = (values - values[:fit].mean(axis=0)) / np.maximum(values[:fit].std(axis=0), 1e-9)
            detector = make()
            begun = time.perf_counter()
            detector.learn(z[:fit])
            spent += time.perf_counter() - begun
            if not micros:
                micros = [timed(detector, row) for row in z[normal:normal + DECISIONS]]
            scores[file] = np.asarray(detector.score(z), float).tolist()
        found[name] = {"learn_s": spent, "decision_us": float(np.median(micros)), "scores": scores}
    return found


def timed(detector: Any, row: Any) -> float:
    begun = time.perf_counter()
    detector.one(row)
    return (time.perf_counter() - begun) * 1e6


class Batch:
    """A detector of PyOD's."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def learn(self, rows: Any) -> None:
        self.model.fit(rows)

    def score(self, rows: Any) -> Any:
        return self.model.decision_function(rows)

    def one(self, row: Any) -> Any:
        return self.model.decision_function(row[None])


class Online:
    """Half-space trees of river's, which go on learning as they score: that is their use."""

    def __init__(self) -> None:
        from river import anomaly, compose, preprocessing

        self.model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=0))

    def learn(self, rows: Any) -> None:
        for row in rows:
            self.model.learn_one(dict(enumerate(row)))

    def score(self, rows: Any) -> Any:
        return np.array([self.one(row) for row in rows])

    def one(self, row: Any) -> Any:
        named = dict(enumerate(row))
        found = self.model.score_one(named)
        self.model.learn_one(named)
        return found


def detectors() -> dict[str, Callable[[], Any]]:
    from pyod.models.ecod import ECOD
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.pca import PCA

    return {"pyod IForest": lambda: Batch(IForest(random_state=0)), "pyod ECOD": lambda: Batch(ECOD()),
            "pyod KNN": lambda: Batch(KNN()), "pyod PCA": lambda: Batch(PCA(random_state=0)),
            "river HalfSpaceTrees": Online}
