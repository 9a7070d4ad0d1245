"""Ridge regression in closed form; its penalty by generalised cross-validation unless it is given.

Hoerl and Kennard, Technometrics 12, 1970; Golub, Heath and Wahba, Technometrics 21, 1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.head import Kind, Settings
from lineshaft.model.linear import Linear
from lineshaft.model.pipeline import Seen

Matrix = NDArray[np.float64]
PENALTIES = np.logspace(-6, 3, 28)  # a row, of standardised features


class Ridge(Linear):
    """One linear map [F, V] of standardised features, least squares with a penalty on its size.

    Wire ``effect`` [F] >= 0 is what each feature moves the answer from its mean, in deviations of each place's target
    and averaged over the places.

    >>> from lineshaft.model.pipeline import Seen
    >>> x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    >>> head = Ridge(1, "number")
    >>> head.fit(Seen({"features": x, "target": x @ [[1.0], [0.0], [2.0]]}, np.zeros(200, np.int32), np.arange(200)))
    >>> bool(abs(head.weights[2, 0] / head.scale[2] - 2.0) < 0.01)
    True
    """

    name: ClassVar[str] = "ridge"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number"})

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(outputs)
        self.penalty = float((settings or {}).get("penalty", 0.0))
        self.effect: Matrix = np.zeros(1)

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"penalty": 0.01}, {"penalty": 1.0})

    def fit(self, seen: Seen) -> None:
        features, target = (np.asarray(seen[name], np.float64) for name in self.reads)
        self.offset = target.mean(axis=0)
        z, y = self.standardised(features), target - self.offset
        values, vectors = np.linalg.eigh(z.T @ z / len(z))
        values = np.maximum(values, 0.0)
        pull = vectors.T @ (z.T @ y) / len(z)
        penalty = self.penalty or _by_gcv(values, pull, y)
        self.weights = vectors @ (pull / (values + penalty)[:, None])
        self.effect = (np.abs(self.weights) / np.maximum(y.std(axis=0), 1e-12)).mean(axis=1)


def _by_gcv(values: Matrix, pull: Matrix, y: Matrix) -> float:
    """The penalty whose residual over (1 - degrees of freedom / rows) squared is least."""
    rows, whole = len(y), float((y**2).mean(axis=0).sum())
    losses = []
    for penalty in PENALTIES:
        shrunk = pull / (values + penalty)[:, None]
        residual = whole - float((2 * shrunk * pull - values[:, None] * shrunk**2).sum())
        freedom = float((values / (values + penalty)).sum())
        losses.append(residual / max(1.0 - freedom / rows, 1e-3) ** 2)
    return float(PENALTIES[int(np.argmin(losses))])


HEAD = Ridge
