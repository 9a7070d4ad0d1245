"""Score and alarm: the smoothed energy in units of its limit, with hysteresis and debounce."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires


class Evened:
    """Wire ``energy`` [1] in units that mean the same in every mode: over exp(centre of the mode - mean of centres).

    It stands before the smoothing, so that what is held over a change of mode is right in the next one. Before a mode
    is known the energy stays as it is.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, centres: ArrayLike) -> None:
        self.centres = np.asarray(centres, np.float64)

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: the centres come out of the calibration."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        more = np.expm1(self.centres.mean() - self.centres)[:, None]
        return {"energy": g.multiply(wires["energy"], g.add(g.project(wires["mode"], more), 1.0))}


class Score:
    """Wire ``score`` [1]: (smooth - centre) / reach; 0 is the middle of normal operation, 1 the alarm limit."""

    reads: tuple[str, ...] = ()

    def __init__(self, centre: float, reach: float) -> None:
        self.centre, self.reach = centre, reach

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: both numbers come out of the calibration."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"score": g.multiply(g.subtract(wires["smooth"], self.centre), 1.0 / self.reach)}


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
