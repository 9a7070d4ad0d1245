"""Stirred-tank reactor with a cooled jacket: A + B -> C, second order, mildly exothermic.

Mole and energy balances of an ideally mixed tank with Arrhenius kinetics: Fogler, *Elements of Chemical
Reaction Engineering* (5th ed.), ch. 11-13. The jacket film follows the agitator's speed to the power 2/3
(Chilton, Drew and Jebens 1944) and coolant flow. The kinetic constants are illustrative and belong to no real
product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lineshaft.connect.plant.hydraulics import BAR_PER_METRE
from lineshaft.connect.plant.tank import HEAT_CAPACITY

GAS_CONSTANT = 8.314462618e-3
"""kJ/(mol K)"""


@dataclass(frozen=True, slots=True)
class Kinetics:
    """``rate_60`` L/(mol s) at 60 Cel, ``activation`` kJ/mol, ``heat`` released kJ/mol."""

    rate_60: float = 0.11
    activation: float = 52.0
    heat: float = 80.0

    def constant(self, temperature: float) -> float:
        """L/(mol s) at a temperature in Cel (Arrhenius).

        >>> Kinetics().constant(60.0)
        0.11
        """
        exponent = self.activation / GAS_CONSTANT * (1.0 / 333.15 - 1.0 / (temperature + 273.15))
        return self.rate_60 * math.exp(exponent)


@dataclass(frozen=True, slots=True)
class Stream:
    """What flows in: ``flow`` m3/h, ``temperature`` Cel, ``a`` and ``b`` mol/L."""

    flow: float
    temperature: float
    a: float = 0.0
    b: float = 0.0


@dataclass(slots=True)
class Reactor:
    """``area`` m2, ``height`` m, ``volume`` m3; ``a``, ``b``, ``c`` mol/L; ``film`` kW/K of the jacket at
    rated speed.

    ``agitation`` is the agitator's speed as a fraction of rated, ``jacket_volume`` m3.
    """

    kinetics: Kinetics = Kinetics()
    area: float = 0.5
    height: float = 1.2
    volume: float = 0.36
    temperature: float = 60.0
    a: float = 0.25
    b: float = 0.35
    c: float = 1.4
    film: float = 3.2
    agitation: float = 1.0
    jacket_volume: float = 0.05
    jacket_temperature: float = 38.0
    loss: float = 0.08

    def level(self) -> float:
        """Percent of the height."""
        return 100.0 * self.volume / (self.area * self.height)

    def head(self) -> float:
        """Pressure (bar) at the floor."""
        return BAR_PER_METRE * self.volume / self.area

    def reaction(self) -> float:
        """kmol/s turned over in the whole tank."""
        return self.kinetics.constant(self.temperature) * self.a * self.b * self.volume

    def jacket_heat(self, coolant: float) -> float:
        """kW into the jacket at ``coolant`` m3/h: inner film, outer film, wetted height."""
        inner = self.film * math.pow(max(self.agitation, 0.05), 2.0 / 3.0) * self.volume / 0.36
        outer = 6.0 * math.pow(0.15 + coolant, 0.8)
        return (self.temperature - self.jacket_temperature) / (1.0 / inner + 1.0 / outer)

    def step(self, feeds: tuple[Stream, Stream], flow_out: float, coolant: float, coolant_in: float,
             ambient: float, dt: float) -> None:
        """Advance ``dt`` seconds; flows m3/h, temperatures Cel."""
        hours = dt / 3600.0
        turned = min(self.reaction() * dt, 0.5 * self.volume * min(self.a, self.b))
        jacket = self.jacket_heat(coolant)
        taken = min(flow_out * hours, 0.95 * self.volume)
        kept = self.volume - taken
        one, two = feeds
        in_one, in_two = one.flow * hours, two.flow * hours
        volume = kept + in_one + in_two
        warmed = self.kinetics.heat * 1000.0 * turned
        warmed -= (jacket + self.loss * (self.temperature - ambient)) * dt
        heat = kept * self.temperature + in_one * one.temperature + in_two * two.temperature
        self.temperature = (heat + warmed / HEAT_CAPACITY) / volume
        self.a = (kept * self.a + in_one * one.a + in_two * two.a - turned) / volume
        self.b = (kept * self.b + in_one * one.b + in_two * two.b - turned) / volume
        self.c = (kept * self.c + turned) / volume
        self.volume = min(volume, self.area * self.height)
        swept = coolant * hours * (coolant_in - self.jacket_temperature)
        self.jacket_temperature += (swept + jacket * dt / HEAT_CAPACITY) / self.jacket_volume
