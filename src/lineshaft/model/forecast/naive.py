"""The baselines that any forecast has to beat: the last value, the last cycle, and the mean of the last seven."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecaster import Forecaster, Plan, Series, gathered, season_places
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires


class Naive(Forecaster):
    """The same place of the cycle before, averaged over the newest ``cycles`` of them; ``season`` 1: the last value."""

    name: ClassVar[str] = "naive"
    cost: ClassVar[int] = 0

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.season = int(self.settings.get("season", plan.season))
        self.cycles = int(self.settings.get("cycles", 1))
        self.memory = self.season * self.cycles

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        last: Settings = {"season": 1}
        return (last,) if plan.season == 1 else ({"season": plan.season}, last, {"season": plan.season, "cycles": 7})

    def learn(self, series: Series) -> None:
        """Nothing to learn."""

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        plan = Plan(self.plan.channels, self.plan.ahead, self.plan.targets, self.season)
        length = wires["past"].shape[0]
        found = [gathered(g, wires["past"], season_places(plan, length, back)) for back in range(self.cycles)]
        total = found[0]
        for one in found[1:]:
            total = g.add(total, one)
        return g.multiply(total, np.float32(1.0 / self.cycles)) if self.cycles > 1 else total


FORECASTER = Naive
