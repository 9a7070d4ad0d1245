"""Two forecasters in one graph, their mean with fixed weights.

Fixed weights are hard to beat, since learnt ones are as uncertain as the forecasts themselves (Clemen, Int. J.
Forecasting 5, 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lineshaft.core import discovery
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecaster import FAMILY, Forecaster, Plan, Series
from lineshaft.model.head import Settings
from lineshaft.model.pipeline import Wires


class Blend(Forecaster):
    """A map of the window and a recursion: they err in different ways. ``weight`` is how much the first counts."""

    name: ClassVar[str] = "blend"
    cost: ClassVar[int] = 3

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        names = (str(self.settings.get("first", "ridge")), str(self.settings.get("second", "smoothing")))
        kinds: list[type[Forecaster]] = [discovery.load(FAMILY, name).FORECASTER for name in names]
        self.parts = [kind(plan, kind.choices(plan)[0], seed) for kind in kinds]
        self.weight = float(self.settings.get("weight", 0.75))
        self.memory = max(part.memory for part in self.parts)

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        return ({}, {"weight": 0.5}, {"second": "trees", "weight": 0.5}, {"second": "arima"},
                {"first": "arima", "weight": 0.5})

    def learn(self, series: Series) -> None:
        for part in self.parts:
            part.learn(series)

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        first, second = (part.forecast(g, wires) for part in self.parts)
        return g.add(g.multiply(first, self.weight), g.multiply(second, 1.0 - self.weight))


FORECASTER = Blend
