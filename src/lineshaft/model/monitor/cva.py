"""Canonical variate analysis: what the plant's own dynamics do not explain.

Past and future are whitened and their cross-covariance decomposed (Larimore 1983; Russell, Chiang and Braatz,
Chemom. Intell. Lab. Syst. 51, 2000). The energy is the residual-space statistic: the whitened past outside the
states that predict the future.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lineshaft.model.learner import standard_scale
from lineshaft.model.pipeline import Seen
from lineshaft.model.quadratic import Quadratic, inverse_root

STATES_PER_TAG = 0.5


class Cva(Quadratic):
    """Residual statistic of CVA with a future of one tick and half as many states as tags."""

    name: ClassVar[str] = "cva"
    features: ClassVar[Literal["level", "past", "signal"]] = "past"
    aside: ClassVar[str] = ""

    def fit(self, seen: Seen) -> None:
        features = np.asarray(seen["features"], np.float64)
        self.centre, self.scale = standard_scale(features)
        z = (features - self.centre) / self.scale
        follows = (np.diff(seen.age) == 1) & (np.diff(seen.run) == 0)
        past, future = z[:-1][follows], z[1:][follows][:, :self.channels]
        whiten = inverse_root(past.T @ past / len(past))
        cross = inverse_root(future.T @ future / len(past)) @ (future.T @ past / len(past)) @ whiten
        _, _, directions = np.linalg.svd(cross, full_matrices=False)
        states = directions[:max(1, round(STATES_PER_TAG * self.channels))]
        self.root = (whiten - states.T @ (states @ whiten)).T


LEARNER = Cva
