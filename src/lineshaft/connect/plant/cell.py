"""The process cell: units joined by their streams, advanced by one scan.

Feed A from tank T101 is pumped by P101 through the preheater E101 into the reactor R101; feed B from T102
follows by P102; P103 draws the product off. H201 heats the water for E101, a cooling-water main feeds the
reactor's jacket.
"""

from __future__ import annotations

import math

from lineshaft.connect.plant.exchanger import Boiler, Exchanger
from lineshaft.connect.plant.hydraulics import Pump, pipe_flow
from lineshaft.connect.plant.reactor import Reactor, Stream
from lineshaft.connect.plant.surroundings import Surroundings
from lineshaft.connect.plant.tank import Tank
from lineshaft.connect.plant.valve import Valve

KG_PER_S = 1.0 / 3.6
"""kg/s of water in one m3/h."""

LIFT = 0.55
"""bar from pump level to the top of the reactor."""

PREHEATER_FRICTION = 0.0085
FEED_A_FRICTION = 0.0070
FEED_B_FRICTION = 0.030
PRODUCT_FRICTION = 0.0155
PRODUCT_LIFT = 0.45
HOT_FRICTION = 0.0030
STRAINER_FRICTION = 0.010
LEAK_CONDUCTANCE = 1.1


class Cell:
    """All state of the process. Flows are m3/h, pressures bar (gauge), temperatures Cel; read, don't set.

    Commands come in through ``valves[...]`` (percent, by ``command``) and the drives' speeds (fraction); what
    faults change are attributes of the units and ``blockage``, ``line_leak``, ``agitator_slip``, ``strainer``
    (all 0..1).
    """

    def __init__(self, air: Surroundings) -> None:
        self.air = air
        self.t101 = Tank(0.50, 1.5, 0.45, 19.0, 2.5)
        self.t102 = Tank(0.28, 1.3, 0.218, 20.0, 5.4, loss=0.03)
        self.p101 = Pump(4.5, 0.020, 7.4, rated_power=1.5)
        self.p102 = Pump(3.4, 0.045, 3.8, rated_power=0.75, speed=1.0)
        self.p103 = Pump(3.4, 0.0060, 11.0, rated_power=1.5)
        self.p201 = Pump(2.2, 0.0060, 9.0, rated_power=1.1, speed=1.0)
        self.e101, self.h201, self.r101 = Exchanger(), Boiler(), Reactor()
        self.valves = {
            "LV101": Valve(9.0, 60.0, lag=3.0), "LV102": Valve(4.5, 60.0, lag=3.0), "FV101": Valve(16.0, 68.0),
            "FV102": Valve(8.0, 62.0), "TV101": Valve(16.0, 60.0, lag=3.0), "TV102": Valve(3.0, 55.0, lag=3.0),
        }
        self.command = {name: valve.position for name, valve in self.valves.items()}
        self.drive = {"P101": 0.80, "P103": 0.75}
        self.heater = 50.0
        self.makeup_a = self.makeup_b = self.hot_flow = self.coolant = self.leaked = 0.0
        self.heat_exchanged = 0.0
        self.blockage = self.line_leak = self.agitator_slip = self.strainer = 0.0
        self._actuate(1.0)
        self._flow()

    def advance(self, dt: float) -> None:
        """One scan of ``dt`` seconds (at most 1 s): actuators, flows, then every balance."""
        self.air.step(dt)
        self._actuate(dt)
        self._flow()
        self._balance(dt)
        for pump in (self.p101, self.p102, self.p103):
            pump.warm_bearing(self.air.ambient, dt)

    def feed_flow(self) -> float:
        """Feed A that reaches the reactor (m3/h)."""
        return self.p101.flow - self.leaked

    def discharge_a(self) -> float:
        """Pressure (bar) after P101."""
        suction = self.t101.head() - STRAINER_FRICTION * (1.0 + 5.0 * self.strainer) * self.p101.flow**2
        return suction + self.p101.head(self.p101.flow)

    def discharge_b(self) -> float:
        """Pressure (bar) after P102."""
        return self.t102.head() + self.p102.head(self.p102.flow)

    def discharge_product(self) -> float:
        """Pressure (bar) after P103."""
        return self.r101.head() + self.p103.head(self.p103.flow)

    def preheater_drop(self) -> float:
        """Pressure drop (bar) of the preheater's feed side; deposits narrow the channels."""
        return self._preheater_friction() * self.p101.flow**2

    def agitator_load(self) -> float:
        """Shaft power over rated: cube of speed (turbulent power number), wetted height, swirl."""
        wetted = min(self.r101.level() / 60.0, 1.4)
        return self.r101.agitation**3 * (0.55 + 0.45 * wetted) * self.air.torque

    def _preheater_friction(self) -> float:
        return PREHEATER_FRICTION * (1.0 + 7.0 * self.e101.fouling)

    def _actuate(self, dt: float) -> None:
        for name, valve in self.valves.items():
            valve.move(self.command[name], dt)
        pull = 1.0 - math.exp(-dt / 2.0)
        self.p101.speed += (self.drive["P101"] - self.p101.speed) * pull
        self.p103.speed += (self.drive["P103"] - self.p103.speed) * pull
        self.p101.burst = self.air.burst
        self.r101.agitation += (1.0 - self.agitator_slip - self.r101.agitation) * pull

    def _flow(self) -> None:
        valves, air = self.valves, self.air
        self.makeup_a = pipe_flow(air.header_pressure - 0.2, valves["LV101"].resistance())
        self.makeup_b = pipe_flow(air.header_pressure - 0.2, valves["LV102"].resistance())
        hot_line = self.p201.droop + HOT_FRICTION + valves["TV101"].resistance()
        self.hot_flow = pipe_flow(self.p201.push(), hot_line)
        self.coolant = pipe_flow(air.cooling_pressure, 0.02 + valves["TV102"].resistance())
        suction = STRAINER_FRICTION * (1.0 + 5.0 * self.strainer)
        line = suction + self.p101.droop + self._preheater_friction() + FEED_A_FRICTION
        self.p101.flow = _drawn(self.t101.level()) * pipe_flow(
            self.t101.head() + self.p101.push() - LIFT, line + valves["FV101"].resistance())
        self.p102.flow = _drawn(self.t102.level()) * pipe_flow(
            self.t102.head() + self.p102.push() - LIFT,
            self.p102.droop + FEED_B_FRICTION + valves["FV102"].resistance())
        self.p103.flow = _drawn(self.r101.level()) * pipe_flow(
            self.r101.head() + self.p103.push() - PRODUCT_LIFT,
            self.p103.droop + PRODUCT_FRICTION * (1.0 + 1.6 * self.blockage))
        pressure = LIFT + FEED_A_FRICTION * self.p101.flow**2
        self.leaked = min(LEAK_CONDUCTANCE * self.line_leak * math.sqrt(pressure), 0.9 * self.p101.flow)

    def _balance(self, dt: float) -> None:
        air, feed_a, feed_b = self.air, self.feed_flow(), self.p102.flow
        hot = self.hot_flow * KG_PER_S
        self.heat_exchanged = self.e101.step(self.p101.flow * KG_PER_S, self.t101.temperature, hot,
                                             self.h201.temperature, dt)
        self.h201.step(self.heater, hot, self.e101.hot_out, air.ambient, dt)
        feeds = (Stream(feed_a, self.e101.cold_out, a=self.t101.concentration),
                 Stream(feed_b, self.t102.temperature, b=self.t102.concentration))
        self.r101.step(feeds, self.p103.flow, self.coolant, air.cooling, air.ambient, dt)
        self.t101.step(self.makeup_a, air.supply_a, air.strength_a, self.p101.flow, air.ambient, dt)
        self.t102.step(self.makeup_b, air.supply_b, air.strength_b, self.p102.flow, air.ambient, dt)


def _drawn(level: float) -> float:
    """Share of its flow that a pump still gets when the tank runs empty (air is drawn in below 3 %)."""
    return min(max(level / 3.0, 0.0), 1.0)
