"""Boosted trees on lags: what the tags read lately, one and more seasons ago, and what is known of the time ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.forecaster import Forecaster, Plan, Series, gathered
from lineshaft.model.head import Head, Settings, heads
from lineshaft.model.pipeline import Seen, Wires

MOST_ANSWERS = 64
NEWEST, CYCLES_BACK = 3, 4
MOST_PAIRS = 20_000
FEWEST = 60


class Trees(Forecaster):
    """One forest for each lead and tag, of the change from the window's mean, so that a new level is no new world.

    Lags: the newest 3, and the place of each lead in the last 4 cycles; every tag sees those of all tags.
    """

    name: ClassVar[str] = "trees"
    cost: ClassVar[int] = 4

    def __init__(self, plan: Plan, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(plan, settings, seed)
        self.lags = _lags(plan)
        self.memory = max(int(self.lags.max()) + 1, plan.season, NEWEST)
        self.head: Head = heads("number")["trees"](plan.shape[0] * plan.shape[1], "number", self.settings, seed)

    @classmethod
    def choices(cls, plan: Plan) -> Sequence[Settings]:
        return tuple(heads("number")["trees"].choices("number"))

    def learn(self, series: Series) -> None:
        leads, tags = self.plan.shape
        if leads * tags > MOST_ANSWERS:
            raise UsageError(f"{leads} leads of {tags} tags would be {leads * tags} forests, {MOST_ANSWERS} are the "
                             "most", where="trees", do="forecast fewer leads or tags")
        step = max(1, series.count(self.memory, self.plan.reach) // MOST_PAIRS)
        past, future = series.pairs(self.memory, self.plan, step)
        if len(past) < FEWEST:
            raise UsageError(f"{len(past)} windows are too few for trees", where="history", do="give a longer history")
        mean = past.mean(axis=2)
        moved = past[:, :, self.memory - 1 - self.lags] - mean[:, :, None]
        features = np.concatenate([moved.transpose(0, 2, 1).reshape(len(past), -1), mean], axis=1)
        target = (future - mean[:, :, None]).transpose(0, 2, 1).reshape(len(past), -1)
        self.head.fit(Seen({"features": features, "target": target}, np.zeros(len(past), np.int32),
                           np.arange(len(past))))

    def forecast(self, g: StepBuilder, wires: Wires) -> Wire:
        past = g.slice(wires["past"], wires["past"].shape[0] - self.memory, wires["past"].shape[0])
        mean = g.mean(past, axis=0)
        moved = g.subtract(gathered(g, past, self.memory - 1 - self.lags), mean)
        tags = past.shape[1]
        features = g.concat([g.reshape(moved, (len(self.lags) * tags,)), g.reshape(mean, (tags,))])
        return g.add(g.reshape(self.head.emit(g, {"features": features})["value"], self.plan.shape), mean)


def _lags(plan: Plan) -> NDArray[np.intp]:
    """How many periods back each lag is, 0 the newest."""
    cycles = [plan.season * (-(-lead // plan.season) + back) - lead
              for lead in plan.ahead for back in range(CYCLES_BACK)]
    return np.array(sorted({*range(NEWEST), *(cycles if plan.season > 1 else range(2 * CYCLES_BACK))}), np.intp)


FORECASTER = Trees
