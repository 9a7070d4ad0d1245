"""Counter-flow plate exchanger and the hot-water boiler that feeds it.

Effectiveness-NTU method: Kays and London, *Compact Heat Exchangers* (3rd ed.), ch. 2. Film coefficients rise
with flow to the power 0.8 (Dittus-Boelter); fouling is a resistance in series. The heat of each step is taken
from one side and given to the other, each with its hold-up, so energy is conserved at every step and not only
in steady state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SPECIFIC_HEAT = 4.18
"""kJ/(kg K)"""


def effectiveness(ntu: float, ratio: float) -> float:
    """Counter-flow effectiveness (0..1) at NTU and heat-capacity-rate ratio Cmin/Cmax.

    >>> round(effectiveness(1.0, 1.0), 6), round(effectiveness(2.0, 0.0), 6)
    (0.5, 0.864665)
    """
    if ratio > 0.9999:
        return ntu / (1.0 + ntu)
    decay = math.exp(-ntu * (1.0 - ratio))
    return (1.0 - decay) / (1.0 - ratio * decay)


@dataclass(slots=True)
class Exchanger:
    """``cold_film`` and ``hot_film`` are kW/K at 1 kg/s; ``fouling`` K/kW; hold-ups kg; temperatures Cel at
    the outlets.
    """

    cold_film: float = 9.0
    hot_film: float = 9.5
    fouling: float = 0.0
    cold_holdup: float = 14.0
    hot_holdup: float = 14.0
    cold_out: float = 46.0
    hot_out: float = 50.0

    def conductance(self, cold: float, hot: float) -> float:
        """UA in kW/K at the two flows (kg/s)."""
        films = 1.0 / (self.cold_film * math.pow(cold, 0.8)) + 1.0 / (self.hot_film * math.pow(hot, 0.8))
        return 1.0 / (films + self.fouling)

    def heat(self, cold: float, cold_in: float, hot: float, hot_in: float) -> float:
        """kW from hot to cold at flows in kg/s and inlet temperatures in Cel."""
        if cold < 1e-3 or hot < 1e-3:
            return 0.0
        small, large = (cold, hot) if cold < hot else (hot, cold)
        small_rate = small * SPECIFIC_HEAT
        return (effectiveness(self.conductance(cold, hot) / small_rate, small / large)
                * small_rate * (hot_in - cold_in))

    def step(self, cold: float, cold_in: float, hot: float, hot_in: float, dt: float) -> float:
        """Advance both outlets by ``dt`` seconds; gives the heat exchanged (kW)."""
        heat = self.heat(cold, cold_in, hot, hot_in)
        self.cold_out += (cold * (cold_in - self.cold_out) + heat / SPECIFIC_HEAT) * dt / self.cold_holdup
        self.hot_out += (hot * (hot_in - self.hot_out) - heat / SPECIFIC_HEAT) * dt / self.hot_holdup
        return heat


@dataclass(slots=True)
class Boiler:
    """Electric hot-water boiler: ``holdup`` kg, ``rated`` kW of which ``available`` (0..1) can be had."""

    holdup: float = 320.0
    rated: float = 320.0
    available: float = 1.0
    loss: float = 0.06
    temperature: float = 80.0
    power: float = 160.0

    def step(self, demand: float, flow: float, return_temperature: float, ambient: float, dt: float) -> None:
        """Advance ``dt`` seconds at ``demand`` percent of rated power and ``flow`` kg/s through it.

        The elements follow the demand with a 4 s lag; what has failed of them caps the power.
        """
        wanted = self.rated * min(0.01 * demand, self.available)
        self.power += (wanted - self.power) * (1.0 - math.exp(-dt / 4.0))
        taken = flow * SPECIFIC_HEAT * (self.temperature - return_temperature)
        lost = self.loss * (self.temperature - ambient)
        self.temperature += (self.power - taken - lost) * dt / (self.holdup * SPECIFIC_HEAT)
