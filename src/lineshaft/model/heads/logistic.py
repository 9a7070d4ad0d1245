"""Multinomial logistic regression with a squared penalty (Cox, J. R. Stat. Soc. B 20, 1958), by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.head import Kind, Settings
from lineshaft.model.library import library
from lineshaft.model.linear import LinearClasses

Matrix = NDArray[np.float64]
DEFAULT = {"strength": 1.0, "balanced": 0}


class Logistic(LinearClasses):
    """Probabilities by softmax of one linear map [F, V] of standardised features.

    ``strength`` is the inverse of the penalty on the whole sum of losses; ``balanced`` 1 weighs classes by rarity.
    """

    name: ClassVar[str] = "logistic"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"class"})

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(outputs)
        self.settings = {**DEFAULT, **(settings or {})}

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"strength": 0.01}, {"strength": 0.1}, {"strength": 10.0}, {"balanced": 1})

    def learnt(self, z: Matrix, classes: NDArray[np.int64], count: int) -> tuple[Matrix, Matrix]:
        model = library("sklearn.linear_model").LogisticRegression(
            C=float(self.settings["strength"]), max_iter=500, tol=1e-5,
            class_weight="balanced" if self.settings["balanced"] else None).fit(z, classes)
        return model.coef_.T, model.intercept_


HEAD = Logistic
