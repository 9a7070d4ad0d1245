"""DLinear: one linear map of the trend and one of the rest (Zeng et al., AAAI 2023), trained by gradient."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.forecast._network import Network, Weights
from lineshaft.model.forecast._ops import Ops
from lineshaft.model.forecaster import Plan
from lineshaft.model.head import Settings


class DLinear(Network):
    """The trend is the mean over about a season around each value of the window."""

    name: ClassVar[str] = "dlinear"
    cost: ClassVar[int] = 5

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.smoother = _moving_mean(self.memory, self.cycle // 2)

    def start(self, random: np.random.Generator) -> Weights:
        leads = len(self.plan.ahead)
        flat = np.full((self.memory, leads), 1.0 / self.memory, np.float32)
        return {"trend": flat, "rest": flat.copy()}

    def run(self, ops: Ops, weights: Any, window: Any) -> Any:
        trend = ops.project(window, ops.constant(self.smoother))
        rest = ops.add(window, ops.scale(trend, -1.0))
        return ops.add(ops.project(trend, weights["trend"]), ops.project(rest, weights["rest"]))


def _moving_mean(length: int, half: int) -> NDArray[np.float32]:
    """As a matrix [length, length]; beyond the ends the outermost values are repeated."""
    matrix = np.zeros((length, length), np.float32)
    for column in range(length):
        np.add.at(matrix[:, column], np.clip(np.arange(column - half, column + half + 1), 0, length - 1), 1.0)
    return matrix / np.float32(2 * half + 1)


FORECASTER = DLinear
