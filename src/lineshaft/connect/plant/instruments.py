"""The instruments: what each reads from the process, and how it distorts it.

A first-order lag, white noise, a range and a resolution (IEC 61298-2 names the errors; the lag is the usual
first-order model of a transmitter, Bentley, *Principles of Measurement Systems*, ch. 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.plant.control import Control
from lineshaft.connect.plant.hydraulics import LITRES_PER_MINUTE as LPM
from lineshaft.core.quality import BAD_NO_COMMUNICATION

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Instrument:
    """``name`` is ``asset/tag``; ``steps`` is the resolution as steps per unit; ``lag`` s, ``noise`` one sigma.

    ``sets`` names what a write to it changes: a loop's set-point, or ``mode``.
    """

    name: str
    unit: str
    low: float
    high: float
    description: str
    reads: Callable[[Control], float]
    lag: float = 0.0
    noise: float = 0.0
    steps: float = 100.0
    sets: str = ""


def _setpoint(loop: str, unit: str, low: float, high: float, what: str) -> Instrument:
    return Instrument(f"{loop}/setpoint", unit, low, high, f"Set-point of {what}",
                      lambda c: c.sequencer.setpoint[loop], sets=loop)


def _output(loop: str, what: str) -> Instrument:
    return Instrument(f"{loop}/output", "%", 0.0, 100.0, f"Output of the {what} controller",
                      lambda c: c.loops[loop].output, steps=50.0)


def _position(valve: str, what: str) -> Instrument:
    return Instrument(f"{valve}/position", "%", 0.0, 100.0, f"Stem position of the {what} valve",
                      lambda c: c.cell.valves[valve].position, lag=0.5, noise=0.12, steps=20.0)


INSTRUMENTS: tuple[Instrument, ...] = (
    Instrument("CELL/mode", "1", 0.0, 2.0, "Operating mode: 0 low rate, 1 nominal, 2 high rate",
               lambda c: float(c.sequencer.mode), steps=1.0, sets="mode"),
    Instrument("CELL/load", "%", 80.0, 120.0, "Demand of the line behind the cell",
               lambda c: c.cell.air.load, steps=20.0),
    Instrument("CELL/ambient_temperature", "Cel", 0.0, 50.0, "Air temperature in the hall",
               lambda c: c.cell.air.ambient, 30.0, 0.05, 20.0),
    Instrument("T101/level", "%", 0.0, 100.0, "Level of feed tank A",
               lambda c: c.cell.t101.level(), 1.5, 0.15, 20.0),
    Instrument("T101/temperature", "Cel", 0.0, 60.0, "Temperature in feed tank A",
               lambda c: c.cell.t101.temperature, 12.0, 0.05, 20.0),
    Instrument("T101/makeup_flow", "L/min", 0.0, 250.0, "Make-up flow into feed tank A",
               lambda c: c.cell.makeup_a * LPM, 1.0, 0.6, 10.0),
    _position("LV101", "make-up A"),
    Instrument("P101/flow", "L/min", 0.0, 160.0, "Flow of feed A",
               lambda c: c.cell.p101.flow * LPM, 1.0, 0.35, 20.0),
    Instrument("P101/speed", "/min", 0.0, 3000.0, "Speed of feed pump A",
               lambda c: c.cell.p101.speed * 2900.0, 0.3, 1.5, 1.0),
    Instrument("P101/discharge_pressure", "bar", 0.0, 6.0, "Pressure after feed pump A",
               lambda c: c.cell.discharge_a(), 0.4, 0.008, 500.0),
    Instrument("P101/current", "A", 0.0, 6.0, "Motor current of feed pump A",
               lambda c: c.cell.p101.current(c.cell.air.mains), 0.5, 0.010, 200.0),
    Instrument("P101/vibration", "mm/s", 0.0, 12.0, "Vibration of feed pump A, RMS",
               lambda c: c.cell.p101.vibration(), 2.0, 0.06, 100.0),
    Instrument("P101/bearing_temperature", "Cel", 0.0, 120.0, "Bearing temperature of feed pump A",
               lambda c: c.cell.p101.bearing_temperature, 10.0, 0.08, 20.0),
    _setpoint("FIC101", "L/min", 40.0, 130.0, "feed A flow"),
    _output("FIC101", "feed A flow"),
    _position("FV101", "feed A"),
    _setpoint("PIC101", "bar", 1.5, 3.2, "feed A header pressure"),
    Instrument("T102/level", "%", 0.0, 100.0, "Level of feed tank B",
               lambda c: c.cell.t102.level(), 1.5, 0.15, 20.0),
    Instrument("T102/temperature", "Cel", 0.0, 60.0, "Temperature in feed tank B",
               lambda c: c.cell.t102.temperature, 12.0, 0.05, 20.0),
    _position("LV102", "make-up B"),
    Instrument("P102/flow", "L/min", 0.0, 80.0, "Flow of feed B",
               lambda c: c.cell.p102.flow * LPM, 1.0, 0.18, 50.0),
    Instrument("P102/discharge_pressure", "bar", 0.0, 6.0, "Pressure after feed pump B",
               lambda c: c.cell.discharge_b(), 0.4, 0.007, 500.0),
    Instrument("P102/current", "A", 0.0, 4.0, "Motor current of feed pump B",
               lambda c: c.cell.p102.current(c.cell.air.mains), 0.5, 0.006, 200.0),
    Instrument("P102/vibration", "mm/s", 0.0, 12.0, "Vibration of feed pump B, RMS",
               lambda c: c.cell.p102.vibration(), 2.0, 0.06, 100.0),
    _setpoint("FIC102", "L/min", 15.0, 70.0, "feed B flow (half of feed A's unless written)"),
    _output("FIC102", "feed B flow"),
    _position("FV102", "feed B"),
    Instrument("E101/outlet_temperature", "Cel", 0.0, 100.0, "Feed A after the preheater",
               lambda c: c.cell.e101.cold_out, 5.0, 0.06, 20.0),
    Instrument("E101/hot_flow", "L/min", 0.0, 250.0, "Hot water through the preheater",
               lambda c: c.cell.hot_flow * LPM, 1.0, 0.5, 10.0),
    Instrument("E101/hot_outlet_temperature", "Cel", 0.0, 100.0, "Hot water after the preheater",
               lambda c: c.cell.e101.hot_out, 5.0, 0.06, 20.0),
    Instrument("E101/pressure_drop", "bar", 0.0, 2.0, "Pressure drop of the preheater, feed side",
               lambda c: c.cell.preheater_drop(), 0.8, 0.003, 1000.0),
    _setpoint("TIC101", "Cel", 35.0, 55.0, "preheat temperature"),
    _output("TIC101", "preheat temperature"),
    _position("TV101", "hot-water"),
    Instrument("H201/temperature", "Cel", 0.0, 120.0, "Hot water from the boiler",
               lambda c: c.cell.h201.temperature, 6.0, 0.06, 20.0),
    Instrument("H201/power", "kW", 0.0, 350.0, "Electrical power of the boiler",
               lambda c: c.cell.h201.power * c.cell.air.mains**2, 1.0, 0.6, 10.0),
    _output("TIC201", "boiler temperature"),
    Instrument("R101/level", "%", 0.0, 100.0, "Level of the reactor",
               lambda c: c.cell.r101.level(), 1.5, 0.20, 20.0),
    Instrument("R101/temperature", "Cel", 0.0, 100.0, "Temperature in the reactor",
               lambda c: c.cell.r101.temperature, 6.0, 0.05, 20.0),
    Instrument("R101/concentration", "mol/L", 0.0, 1.5, "Reactant A left in the reactor, on-line analyser",
               lambda c: c.cell.r101.a, 20.0, 0.002, 1000.0),
    Instrument("R101/agitator_speed", "/min", 0.0, 200.0, "Speed of the agitator",
               lambda c: c.cell.r101.agitation * 140.0, 0.5, 0.15, 10.0),
    Instrument("R101/agitator_current", "A", 0.0, 12.0, "Motor current of the agitator",
               lambda c: 2.1 + 3.4 * c.cell.agitator_load() / c.cell.air.mains, 0.8, 0.02, 100.0),
    Instrument("R101/jacket_flow", "L/min", 0.0, 80.0, "Cooling water through the jacket",
               lambda c: c.cell.coolant * LPM, 1.0, 0.2, 20.0),
    Instrument("R101/jacket_outlet_temperature", "Cel", 0.0, 100.0, "Cooling water after the jacket",
               lambda c: c.cell.r101.jacket_temperature, 5.0, 0.06, 20.0),
    _setpoint("TIC102", "Cel", 50.0, 68.0, "reactor temperature"),
    _output("TIC102", "reactor temperature"),
    _position("TV102", "cooling-water"),
    _setpoint("LIC103", "%", 30.0, 80.0, "reactor level"),
    Instrument("P103/flow", "L/min", 0.0, 250.0, "Flow of product",
               lambda c: c.cell.p103.flow * LPM, 1.0, 0.5, 10.0),
    Instrument("P103/speed", "/min", 0.0, 3000.0, "Speed of the product pump",
               lambda c: c.cell.p103.speed * 2900.0, 0.3, 1.5, 1.0),
    Instrument("P103/discharge_pressure", "bar", 0.0, 4.0, "Pressure after the product pump",
               lambda c: c.cell.discharge_product(), 0.4, 0.006, 500.0),
    Instrument("P103/current", "A", 0.0, 6.0, "Motor current of the product pump",
               lambda c: c.cell.p103.current(c.cell.air.mains), 0.5, 0.010, 200.0),
    Instrument("CW/temperature", "Cel", 0.0, 50.0, "Cooling water from the main",
               lambda c: c.cell.air.cooling, 8.0, 0.05, 20.0),
    Instrument("CW/pressure", "bar", 0.0, 6.0, "Pressure of the cooling-water main",
               lambda c: c.cell.air.cooling_pressure, 0.5, 0.010, 500.0),
)

_ALL_GOOD = np.zeros(len(INSTRUMENTS), np.uint32)
_ALL_GOOD.flags.writeable = False

PLACE = {instrument.name: place for place, instrument in enumerate(INSTRUMENTS)}


class Panel:
    """All instruments read together; arrays [C] in the order of ``INSTRUMENTS`` that faults may change.

    ``offset`` in units, ``roughness`` multiplies the noise, ``frozen`` repeats the last value, ``offline``
    leaves it unread by the outside (the control system has wires of its own).
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._reads = tuple(each.reads for each in INSTRUMENTS)
        self._lag = np.array([each.lag for each in INSTRUMENTS])
        self._noise = np.array([each.noise for each in INSTRUMENTS])
        self._steps = np.array([each.steps for each in INSTRUMENTS])
        self._low = np.array([each.low for each in INSTRUMENTS])
        self._high = np.array([each.high for each in INSTRUMENTS])
        self._block, self._row = np.empty((0, 0)), 0
        self._lagged: NDArray[np.float64] | None = None
        self._dt, self._pull = float("nan"), self._lag
        count = len(INSTRUMENTS)
        self.offset = np.zeros(count)
        self.roughness = np.ones(count)
        self.frozen = np.zeros(count, np.bool_)
        self.offline = np.zeros(count, np.bool_)
        self.values = self._sent = np.zeros(count)

    def scan(self, control: Control, dt: float) -> NDArray[np.float64]:
        """What every instrument shows after ``dt`` more seconds: a new float64 [C]."""
        true = np.array([reads(control) for reads in self._reads])
        if dt != self._dt:
            self._dt = dt
            self._pull = -np.expm1(-dt / np.maximum(self._lag, 1e-9))
        self._lagged = true if self._lagged is None else self._lagged + self._pull * (true - self._lagged)
        shown = self._lagged + self.offset + self._noise * self.roughness * self._draw()
        shown = np.minimum(np.maximum(np.rint(shown * self._steps) / self._steps, self._low), self._high)
        self.values = np.where(self.frozen, self.values, shown) if self.frozen.any() else shown
        return self.values

    def published(self) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
        """Values and StatusCodes [C] as the outside gets them: what is offline keeps its last value, marked
        bad.
        """
        if not self.offline.any():
            self._sent = self.values
            return self._sent, _ALL_GOOD
        self._sent = np.where(self.offline, self._sent, self.values)
        return self._sent, np.where(self.offline, np.uint32(BAD_NO_COMMUNICATION), _ALL_GOOD)

    def _draw(self) -> NDArray[np.float64]:
        if self._row == len(self._block):
            self._block, self._row = self._random.standard_normal((_BLOCK, len(INSTRUMENTS))), 0
        row: NDArray[np.float64] = self._block[self._row]
        self._row += 1
        return row
