"""Plain library regressors and classifiers with their defaults: what a soft sensor or a table's model has to beat."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Baseline:
    """What one library model said [N] (or [N, K] probabilities) of the test rows, and the seconds it took."""

    value: Vector
    train_s: float
    decide_s: float
    """A row at a time, as beside a machine: the mean of some rows."""


def regressors(seed: int = 0) -> Mapping[str, Callable[[], Any]]:
    """Each with the defaults of its library; those that measure distances get scaled inputs."""
    from lightgbm import LGBMRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.svm import SVR

    return {"ridge": lambda: _scaled(Ridge()), "random forest": lambda: RandomForestRegressor(random_state=seed),
            "LightGBM": lambda: LGBMRegressor(random_state=seed, n_jobs=1, verbose=-1),
            "histogram boosting": lambda: HistGradientBoostingRegressor(random_state=seed),
            "neighbours": lambda: _scaled(KNeighborsRegressor()), "svr": lambda: _scaled(SVR())}


def classifiers(seed: int = 0) -> Mapping[str, Callable[[], Any]]:
    """Each with the defaults of its library; those that measure distances get scaled inputs."""
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    return {"logistic": lambda: _scaled(LogisticRegression(max_iter=1000)),
            "random forest": lambda: RandomForestClassifier(random_state=seed),
            "LightGBM": lambda: LGBMClassifier(random_state=seed, n_jobs=1, verbose=-1),
            "histogram boosting": lambda: HistGradientBoostingClassifier(random_state=seed),
            "neighbours": lambda: _scaled(KNeighborsClassifier()), "svc": lambda: _scaled(SVC())}


def tried(make: Callable[[], Any], x: Matrix, y: Vector, test: Matrix, said: str = "predict") -> Baseline:
    """Learnt from ``x`` [N, F] and ``y`` [N], asked by its method ``said`` about ``test`` [M, F]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begun = time.perf_counter()
        model = make().fit(x, y)
        learnt = time.perf_counter() - begun
        value = np.asarray(getattr(model, said)(test), np.float64)
        rows = min(20, len(test))
        begun = time.perf_counter()
        for row in range(rows):
            getattr(model, said)(test[row:row + 1])
        return Baseline(value, learnt, (time.perf_counter() - begun) / rows)


def _scaled(model: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), model)
