"""Linear discriminant analysis (Fisher, Ann. Eugen. 7, 1936) with a covariance shrunk by Ledoit and Wolf's rule
(J. Multivar. Anal. 88, 2004), by scikit-learn: few examples of many features do no harm to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.head import Kind, Settings
from lineshaft.model.library import library
from lineshaft.model.linear import LinearClasses

Matrix = NDArray[np.float64]


class Discriminant(LinearClasses):
    """One normal distribution a class, all with one covariance; each class as likely as another beforehand.

    ``shrinkage`` is the weight of the plain diagonal, from 0 to 1; "auto" asks the data.
    """

    name: ClassVar[str] = "discriminant"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"class"})
    farthest: ClassVar[float] = 20.0

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        told = (settings or {}).get("shrinkage", "auto")
        super().__init__(outputs)
        self.shrinkage = told if told == "auto" else float(told)

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"shrinkage": 0.1}, {"shrinkage": 0.5})

    def learnt(self, z: Matrix, classes: NDArray[np.int64], count: int) -> tuple[Matrix, Matrix]:
        model = library("sklearn.discriminant_analysis").LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage=self.shrinkage, priors=np.full(count, 1.0 / count)).fit(z, classes)
        return model.coef_.T, model.intercept_


HEAD = Discriminant
