"""Two forecasters in one graph, their plain mean.

Equal weights are hard to beat, since learnt ones are as uncertain as the forecasts themselves (Clemen, Int. J.
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
    """A map of the window and a recursion: they err in different ways."""

    name: ClassVar[str] = "blend"
    cost: ClassVar[int] = 3

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        names = (str(self.settings.get("first", "ridge")), str(self.settings.get("second", "smoothing")))
        kinds: list[type[Forecaster]] = [discovery.load(FAMILY, name).FORECASTER for name in names]
        self.parts = [kind(plan, kind.choices(plan)[0], seed) for kind in kinds]
        self.memory = max(part.memory for part in self.parts)

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        return ({}, {"second": "arima"}, {"first": "arima"})

    def learn(self, series: Series) -> None:
        for part in self.parts:
            part.learn(series)

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        first, second = (part.forecast(g, wires) for part in self.parts)
        return g.multiply(g.add(first, second), 0.5)


FORECASTER = Blend
