"""What can go wrong: one table. A fault is a function of how far it has come; at 0 everything is healthy
again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lineshaft.connect.plant.instruments import INSTRUMENTS, PLACE
from lineshaft.connect.plant.rig import Rig

Apply = Callable[[Rig, float], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """``apply(rig, extent)`` sets the state for an extent of 0..1 (severity times how far the ramp has come).

    ``sentence`` says what happens at extent 1; ``ramp`` is seconds of source time from first sign to full
    extent; ``expected`` are the instruments (``asset/tag``) any of which a good diagnosis names first.
    """

    name: str
    sentence: str
    expected: tuple[str, ...]
    apply: Apply
    ramp: float = 0.0
    group: str = "process"


def _offset(instrument: str, shift: float) -> Apply:
    place = PLACE[instrument]

    def apply(rig: Rig, extent: float) -> None:
        rig.panel.offset[place] = shift * extent

    return apply


def _noise(instrument: str, factor: float) -> Apply:
    place = PLACE[instrument]

    def apply(rig: Rig, extent: float) -> None:
        rig.panel.roughness[place] = 1.0 + (factor - 1.0) * extent

    return apply


def _freeze(instrument: str) -> Apply:
    place = PLACE[instrument]

    def apply(rig: Rig, extent: float) -> None:
        rig.panel.frozen[place] = extent > 0.0

    return apply


def _offline(instruments: tuple[str, ...]) -> Apply:
    places = [PLACE[instrument] for instrument in instruments]

    def apply(rig: Rig, extent: float) -> None:
        rig.panel.offline[places] = extent > 0.0

    return apply


def _stiction(valve: str, band: float) -> Apply:
    def apply(rig: Rig, extent: float) -> None:
        sticky = rig.cell.valves[valve]
        sticky.static = 0.25 + 0.75 * band * extent
        sticky.kinetic = 0.15 + 0.25 * band * extent

    return apply


def _stuck_preheat_valve(rig: Rig, extent: float) -> None:
    rig.cell.valves["TV101"].stuck = extent > 0.0


def _fouling(rig: Rig, extent: float) -> None:
    rig.cell.e101.fouling = 0.11 * extent


def _tank_leak(rig: Rig, extent: float) -> None:
    rig.cell.t101.leak = 1.6e-4 * extent


def _line_leak(rig: Rig, extent: float) -> None:
    rig.cell.line_leak = extent


def _cavitation(rig: Rig, extent: float) -> None:
    rig.cell.strainer = rig.cell.p101.cavitation = extent


def _wear(rig: Rig, extent: float) -> None:
    rig.cell.p102.wear = extent


def _bearing(rig: Rig, extent: float) -> None:
    rig.cell.p101.bearing = extent


def _composition(rig: Rig, extent: float) -> None:
    rig.cell.air.strength_a_shift = -0.60 * extent


def _cold_supply(rig: Rig, extent: float) -> None:
    rig.cell.air.supply_a_shift = -9.0 * extent


def _mistuned(rig: Rig, extent: float) -> None:
    rig.control.detune("TIC102", 1.0 + 5.0 * extent)


def _blocked_line(rig: Rig, extent: float) -> None:
    rig.cell.blockage = extent


def _heater_loss(rig: Rig, extent: float) -> None:
    rig.cell.h201.available = 1.0 - 0.70 * extent


def _warm_cooling_water(rig: Rig, extent: float) -> None:
    rig.cell.air.cooling_shift = 7.0 * extent


def _cooling_pressure_loss(rig: Rig, extent: float) -> None:
    rig.cell.air.cooling_pressure_shift = -2.0 * extent


def _agitator_slip(rig: Rig, extent: float) -> None:
    rig.cell.agitator_slip = 0.35 * extent


_STATION_B = tuple(each.name for each in INSTRUMENTS
                   if each.name.startswith(("T102/", "LV102/", "P102/", "FV102/")))

FAULTS: dict[str, Fault] = {fault.name: fault for fault in (
    Fault("sensor-drift",
          "The boiler's temperature transmitter drifts 8 K high: the water is colder than it seems.",
          ("H201/temperature", "TV101/position", "TIC101/output", "E101/hot_flow",
           "E101/hot_outlet_temperature", "TIC201/output"),
          _offset("H201/temperature", 8.0), ramp=20.0, group="sensor"),
    Fault("sensor-freeze",
          "The flow meter of feed B repeats its last value for ever: the loop drives the valve away.",
          ("P102/flow", "FIC102/output", "FV102/position", "P102/current", "P102/discharge_pressure",
           "P102/vibration", "R101/concentration"), _freeze("P102/flow"), group="sensor"),
    Fault("sensor-bias",
          "The product flow meter reads 20 L/min low after a wrong calibration; nothing else changes.",
          ("P103/flow",), _offset("P103/flow", -20.0), group="sensor"),
    Fault("sensor-noise",
          "A loose wire makes the reactor's level reading fifteen times as noisy.",
          ("R101/level", "P103/speed", "P103/flow", "P103/discharge_pressure", "P103/current"),
          _noise("R101/level", 15.0), group="sensor"),
    Fault("communication-loss",
          "The remote I/O station of feed B stops answering: its values are BadNoCommunication.",
          _STATION_B, _offline(_STATION_B), group="sensor"),
    Fault("valve-stiction",
          "The feed A valve sticks and jumps (S 8 %, J 4 %): flow and pressure hunt.",
          ("FV101/position", "FIC101/output", "P101/flow", "P101/discharge_pressure", "P101/speed"),
          _stiction("FV101", 8.0), ramp=2.0, group="actuator"),
    Fault("valve-stuck",
          "The hot-water valve does not move any more.",
          ("TV101/position", "TIC101/output", "E101/outlet_temperature", "E101/hot_flow"),
          _stuck_preheat_valve, group="actuator"),
    Fault("controller-mistuned",
          "Somebody set the reactor temperature controller six times too fast: it oscillates.",
          ("TIC102/output", "TV102/position", "R101/jacket_flow", "R101/jacket_outlet_temperature",
           "R101/temperature"), _mistuned, group="actuator"),
    Fault("exchanger-fouling",
          "Deposits take a third of the preheater's conductance and narrow its channels.",
          ("E101/pressure_drop", "TV101/position", "TIC101/output", "E101/hot_flow",
           "E101/hot_outlet_temperature", "E101/outlet_temperature"), _fouling, ramp=20.0),
    Fault("tank-leak",
          "Tank A leaks through a 14 mm hole: the level controller makes up for it.",
          ("T101/makeup_flow", "LV101/position", "T101/level"), _tank_leak, ramp=1.0),
    Fault("line-leak",
          "The feed line leaks between flow meter and reactor: less product leaves than is fed.",
          ("P103/flow", "P103/speed", "P103/current", "P103/discharge_pressure", "R101/level",
           "R101/concentration"), _line_leak, ramp=1.0),
    Fault("blocked-line",
          "The product line silts up to 2.6 times its friction: more speed for the same flow.",
          ("P103/discharge_pressure", "P103/speed", "P103/current", "P103/flow", "R101/level"),
          _blocked_line, ramp=5.0),
    Fault("pump-cavitation",
          "A clogged strainer lets feed pump A cavitate: vibration, lost head, rough flow.",
          ("P101/vibration", "P101/speed", "P101/discharge_pressure", "P101/current", "P101/flow"),
          _cavitation, ramp=5.0, group="machine"),
    Fault("pump-wear",
          "Feed pump B wears: less head, less efficiency, more vibration.",
          ("P102/discharge_pressure", "P102/vibration", "P102/current", "FV102/position", "FIC102/output"),
          _wear, ramp=20.0, group="machine"),
    Fault("bearing-damage",
          "A bearing of feed pump A breaks up: vibration first, then heat.",
          ("P101/vibration", "P101/bearing_temperature"), _bearing, ramp=10.0, group="machine"),
    Fault("agitator-slip",
          "The agitator's belt slips 35 %: less current, and less heat reaches the jacket.",
          ("R101/agitator_speed", "R101/agitator_current"), _agitator_slip, ramp=1.0, group="machine"),
    Fault("feed-composition",
          "Feed A comes 24 % weaker: less reacts, less heat is released.",
          ("R101/concentration", "TV102/position", "TIC102/output", "R101/jacket_flow",
           "R101/jacket_outlet_temperature", "R101/temperature"), _composition, ramp=1.0, group="supply"),
    Fault("feed-temperature",
          "Feed A is delivered 9 K colder: the preheater has to make up for it.",
          ("T101/temperature", "TV101/position", "TIC101/output", "E101/hot_flow", "H201/power",
           "TIC201/output"), _cold_supply, ramp=1.0, group="supply"),
    Fault("heater-loss",
          "Elements of the boiler fail: only 30 % of its power is left, the hot water cools down.",
          ("H201/temperature", "H201/power", "TIC201/output", "TV101/position", "TIC101/output",
           "E101/hot_flow"), _heater_loss, group="supply"),
    Fault("cooling-water-warm",
          "The cooling tower fails: cooling water arrives 7 K warmer.",
          ("CW/temperature",), _warm_cooling_water, ramp=5.0, group="supply"),
    Fault("cooling-water-pressure",
          "A second user draws the cooling-water main down by 2 bar.",
          ("CW/pressure", "TV102/position", "TIC102/output"), _cooling_pressure_loss, ramp=1.0, group="supply"),
)}
