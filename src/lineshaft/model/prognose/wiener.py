"""Wiener process with drift: damage grows at a rate and by chance, and life ends when it first passes its end.

The first passage time has an inverse Gaussian distribution (Whitmore, Lifetime Data Analysis 1, 1995; Si, Wang, Hu and
Zhou, Eur. J. Oper. Res. 213, 2011): mean way / drift, variance way * diffusion / drift^3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.degradation import Rate, with_damage
from lineshaft.model.examples import Examples
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.prognosis import Settings
from lineshaft.model.supervised import Candidate

NORMAL_95 = 1.645
LEAST_DIFFUSION = 1e-8


class FirstPassage:
    """Wires ``value``, ``value_low`` and ``value_high`` [1]: the mean time, and its 5 and 95 % points to first
    order."""

    reads: tuple[str, ...] = ("damage", "damage_slope", "target")

    def __init__(self, cap: float) -> None:
        self.cap, self.rate = cap, Rate(0)
        self.diffusion = LEAST_DIFFUSION

    def fit(self, seen: Seen) -> None:
        self.rate.fit(seen, self.cap)
        follows = (np.diff(seen.age) == 1) & (np.diff(seen.run) == 0)
        steps = np.diff(np.asarray(seen["damage"], np.float64)[:, 0])[follows]
        self.diffusion = max(float(steps.var()) if len(steps) else 0.0, LEAST_DIFFUSION)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        way, rate = self.rate.emit(g, wires)
        time = g.divide(way, rate)
        spread = g.sqrt(g.divide(g.multiply(time, self.diffusion), g.square(rate)))
        half = g.multiply(spread, NORMAL_95)
        low, high = (g.clip(bound, 0.0, self.cap) for bound in (g.subtract(time, half), g.add(time, half)))
        return {"value": time, "value_low": low, "value_high": high}


class Wiener:
    """Steady growth with noise."""

    name: ClassVar[str] = "wiener"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (with_damage("wiener", examples, settings, lambda: FirstPassage(settings.cap)),)


LEARNER = Wiener
