"""The cell's control system: which loop measures what and moves what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lineshaft.connect.plant.cell import Cell
from lineshaft.connect.plant.pid import PID
from lineshaft.connect.plant.recipe import Sequencer


@dataclass(frozen=True, slots=True)
class Loop:
    """``measures`` is an instrument's name, ``moves`` a valve, a drive or the heater; the rest tunes the PID.
    """

    measures: str
    moves: str
    gain: float
    reset: float
    rate: float = 0.0
    low: float = 0.0
    output: float = 50.0


LOOPS = {
    "LIC101": Loop("T101/level", "LV101", 3.0, 220.0, output=60.0),
    "LIC102": Loop("T102/level", "LV102", 3.0, 220.0, output=60.0),
    "LIC103": Loop("R101/level", "P103", -3.0, 180.0, low=20.0, output=75.0),
    "PIC101": Loop("P101/discharge_pressure", "P101", 7.0, 7.0, low=30.0, output=80.0),
    "FIC101": Loop("P101/flow", "FV101", 0.20, 4.0, output=68.0),
    "FIC102": Loop("P102/flow", "FV102", 0.40, 4.0, output=62.0),
    "TIC101": Loop("E101/outlet_temperature", "TV101", 1.4, 24.0, output=60.0),
    "TIC201": Loop("H201/temperature", "H201", 12.0, 110.0),
    "TIC102": Loop("R101/temperature", "TV102", -11.0, 100.0, rate=10.0, output=55.0),
}


class Control:
    """All loops of the cell. Measured values come from the instruments, not from the process: faults of either
    show.
    """

    def __init__(self, cell: Cell, sequencer: Sequencer) -> None:
        self.cell = cell
        self.sequencer = sequencer
        self.loops = {name: PID(loop.gain, loop.reset, loop.rate, loop.low, output=loop.output)
                      for name, loop in LOOPS.items()}

    def scan(self, measured: Mapping[str, float], dt: float) -> None:
        """Read, compute and command every loop once."""
        self.sequencer.step(self.cell.air.load, dt)
        for name, loop in LOOPS.items():
            output = self.loops[name].update(measured[loop.measures], self.sequencer.setpoint[name], dt)
            self._command(loop.moves, output)

    def detune(self, name: str, factor: float) -> None:
        """Multiply the loop's tuned gain, and divide its integral time, by ``factor`` (1 is as tuned)."""
        tuned = LOOPS[name]
        self.loops[name].retune(tuned.gain * factor, tuned.reset / factor)

    def _command(self, actuator: str, output: float) -> None:
        if actuator in self.cell.valves:
            self.cell.command[actuator] = output
        elif actuator in self.cell.drive:
            self.cell.drive[actuator] = 0.01 * output
        else:
            self.cell.heater = output
