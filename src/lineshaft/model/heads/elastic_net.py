"""Elastic net and lasso (Zou and Hastie, J. R. Stat. Soc. B 67, 2005; Tibshirani, 1996), by scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.evaluate.blocks import left_out
from lineshaft.model.head import Kind, Settings
from lineshaft.model.learner import standard_scale
from lineshaft.model.library import library
from lineshaft.model.linear import Linear
from lineshaft.model.pipeline import Seen

Matrix = NDArray[np.float64]
PENALTIES = 30


class ElasticNet(Linear):
    """One linear map of standardised features, most of whose weights are 0.

    ``ratio`` 1 is the lasso; the penalty is the one with the least error on blocks of rows left out in turn.
    """

    name: ClassVar[str] = "elastic_net"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number"})

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(outputs)
        self.ratio = float((settings or {}).get("ratio", 0.5))

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"ratio": 1.0}, {"ratio": 0.1})

    def fit(self, seen: Seen) -> None:
        features, target = (np.asarray(seen[name], np.float64) for name in self.reads)
        self.offset, size = standard_scale(target)
        z, y = self.standardised(features), (target - self.offset) / size
        self.weights = np.stack([self._learnt(z, column) for column in y.T], axis=1) * size

    def _learnt(self, z: Matrix, column: Matrix) -> Matrix:
        blocks = [(fit.nonzero()[0], judge.nonzero()[0]) for fit, judge in left_out(np.zeros(len(z), np.int64))]
        model = library("sklearn.linear_model").ElasticNetCV(
            l1_ratio=self.ratio, alphas=PENALTIES, eps=1e-4, cv=blocks, fit_intercept=False, max_iter=2000, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a penalty too small to settle in its rounds is one that is not chosen
            return np.asarray(model.fit(z, column).coef_, np.float64)


HEAD = ElasticNet
