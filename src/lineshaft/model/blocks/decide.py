"""Score and alarm: the smoothed energy in units of its limit, with hysteresis and debounce."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires


class Score:
    """Wire ``score`` [1]: (smooth - centre) / reach; 0 is the middle of normal operation, 1 the alarm limit.

    With as many ``centre`` as there are modes, each mode has its own; their mean while no mode is known.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, centre: ArrayLike, reach: float) -> None:
        self.centre, self.reach = np.atleast_1d(np.asarray(centre, np.float64)), reach

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: both numbers come out of the calibration."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        usual = float(self.centre.mean())
        gap = g.subtract(wires["smooth"], usual)
        if len(self.centre) > 1:
            gap = g.subtract(gap, g.project(wires["mode"], (self.centre - usual)[:, None]))
        return {"score": g.multiply(gap, 1.0 / self.reach)}


class Alarm:
    """Wire ``alarm`` [1], 0 or 1: on after ``debounce`` ticks above 1 in a row, off once below ``release``."""

    reads: tuple[str, ...] = ()

    def __init__(self, release: float, debounce: int = 1) -> None:
        self.release, self.debounce = release, debounce

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        score = wires["score"]
        above = g.greater(score, 1.0)
        if self.debounce > 1:
            count = g.add(g.state("above_for", (1,)), 1.0)
            held = g.where(above, g.minimum(count, float(self.debounce)), 0.0)
            g.keep("above_for", held)
            above = g.at_least(held, np.full(1, self.debounce, np.float32))
        stays = g.both(g.greater(g.state("alarm_on", (1,)), 0.5), g.greater(score, self.release))
        alarm = g.number(g.either(above, stays))
        g.keep("alarm_on", alarm)
        return {"alarm": alarm}
