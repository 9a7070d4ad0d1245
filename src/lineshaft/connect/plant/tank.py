"""A stirred buffer tank: volume, heat and dissolved reactant, each as what is stored, so that balances are
exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lineshaft.connect.plant.hydraulics import BAR_PER_METRE

HEAT_CAPACITY = 4180.0
"""kJ/(m3 K) of a dilute aqueous solution."""

_ORIFICE = 3.6e3 * 0.62 * math.sqrt(2.0 * 9.80665)


@dataclass(slots=True)
class Tank:
    """An open tank, ``area`` m2, ``height`` m, ``loss`` kW/K to the air; ``leak`` is a hole in its floor, m2.
    """

    area: float
    height: float
    volume: float
    temperature: float
    concentration: float
    loss: float = 0.05
    leak: float = 0.0
    spilt: float = 0.0

    def level(self) -> float:
        """Percent of the height."""
        return 100.0 * self.volume / (self.area * self.height)

    def head(self) -> float:
        """Pressure (bar) at the floor."""
        return BAR_PER_METRE * self.volume / self.area

    def leak_flow(self) -> float:
        """m3/h through the hole (Torricelli, contraction 0.62)."""
        return _ORIFICE * self.leak * math.sqrt(max(self.volume, 0.0) / self.area)

    def step(self, flow_in: float, temperature_in: float, concentration_in: float, flow_out: float,
             ambient: float, dt: float) -> None:
        """Advance ``dt`` seconds; flows in m3/h, ``flow_out`` without the leak. What overflows is ``spilt``
        (m3/h).
        """
        hours = dt / 3600.0
        out = flow_out + self.leak_flow()
        taken = min(out * hours, 0.999 * self.volume)
        volume = self.volume - taken + flow_in * hours
        brim = self.area * self.height
        heat = (self.volume - taken) * self.temperature + flow_in * hours * temperature_in
        heat -= self.loss * (self.temperature - ambient) * dt / HEAT_CAPACITY
        amount = (self.volume - taken) * self.concentration + flow_in * hours * concentration_in
        self.temperature = heat / volume
        self.concentration = amount / volume
        self.spilt = max(volume - brim, 0.0) / hours
        self.volume = min(volume, brim)
