"""What the cell does not control: weather, mains, supplies and the demand of the line behind it.

Each disturbance is a stationary Ornstein-Uhlenbeck process (Gillespie 1996, Phys. Rev. E 54, 2084: exact at
any step), some with a cycle on top. The "day" is 30 minutes of process time, so that two hours hold several.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY = 1800.0
LOAD_CYCLE = 1070.0
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Standard deviation and correlation time (s of process) of a zero-mean random walk that is pulled back."""

    deviation: float
    correlation: float


DISTURBANCES = {
    "ambient": Disturbance(0.5, 120.0),  # K
    "load": Disturbance(1.4, 80.0),  # % of the recipe's rate
    "supply_a": Disturbance(0.9, 100.0),  # K, make-up of feed A
    "supply_b": Disturbance(0.8, 100.0),  # K
    "strength_a": Disturbance(0.020, 100.0),  # mol/L
    "strength_b": Disturbance(0.030, 100.0),  # mol/L
    "cooling": Disturbance(0.5, 80.0),  # K
    "cooling_pressure": Disturbance(0.06, 30.0),  # bar
    "header_pressure": Disturbance(0.08, 40.0),  # bar
    "mains": Disturbance(0.008, 30.0),  # fraction of 400 V
    "torque": Disturbance(0.02, 8.0),  # fraction, swirl at the agitator
    "burst": Disturbance(1.0, 0.7),  # vapour bursts in a pump's eye
}


class Surroundings:
    """Attributes in engineering units; ``step`` advances all of them. ``*_shift`` are levels that faults move.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._deviation = np.array([each.deviation for each in DISTURBANCES.values()])
        self._correlation = np.array([each.correlation for each in DISTURBANCES.values()])
        self._state = self._deviation * random.standard_normal(len(DISTURBANCES))
        self._day, self._cycle = (float(phase) for phase in random.uniform(0.0, 2.0 * math.pi, 2))
        self._block, self._row = np.empty((0, 0)), 0
        self._dt = math.nan
        self.supply_a_shift = self.strength_a_shift = self.cooling_shift = self.cooling_pressure_shift = 0.0
        self.step(1.0)

    def step(self, dt: float) -> None:
        """Advance ``dt`` seconds of process time."""
        if dt != self._dt:
            self._dt = dt
            self._keep = np.exp(-dt / self._correlation)
            self._spread = self._deviation * np.sqrt(1.0 - self._keep**2)
        self._state = self._keep * self._state + self._spread * self._draw()
        self._day += 2.0 * math.pi * dt / DAY
        self._cycle += 2.0 * math.pi * dt / LOAD_CYCLE
        self._publish(*self._state.tolist())

    def _draw(self) -> NDArray[np.float64]:
        if self._row == len(self._block):
            self._block, self._row = self._random.standard_normal((_BLOCK, len(DISTURBANCES))), 0
        row: NDArray[np.float64] = self._block[self._row]
        self._row += 1
        return row

    def _publish(self, ambient: float, load: float, supply_a: float, supply_b: float, strength_a: float,
                 strength_b: float, cooling: float, cooling_pressure: float, header_pressure: float,
                 mains: float, torque: float, burst: float) -> None:
        self.ambient = 21.0 + 4.0 * math.sin(self._day) + ambient
        self.load = 100.0 + 3.0 * math.sin(self._cycle) + 1.2 * math.sin(2.7 * self._cycle) + load
        outdoors = self.ambient - 21.0
        self.supply_a = 19.0 + 0.35 * outdoors + supply_a + self.supply_a_shift
        self.supply_b = 20.0 + 0.35 * outdoors + supply_b
        self.strength_a = 2.5 + strength_a + self.strength_a_shift
        self.strength_b = 5.4 + strength_b
        self.cooling = 16.5 + 0.4 * outdoors + cooling + self.cooling_shift
        self.cooling_pressure = max(3.0 + cooling_pressure + self.cooling_pressure_shift, 0.0)
        self.header_pressure = 3.0 + header_pressure
        self.mains = 1.0 + mains
        self.torque = 1.0 + torque
        self.burst = burst
