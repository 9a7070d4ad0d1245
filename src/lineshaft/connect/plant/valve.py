"""Control valves: characteristic, actuator and stiction.

Sizing: ``flow [m3/h] = Kv * sqrt(dp [bar])`` for water (IEC 60534-2-1); the inherent characteristic is equal
percentage (IEC 60534-2-4), shifted so that the valve shuts off. Stiction: He, Wang, Pottmann and Qin (2007),
Ind. Eng. Chem. Res. 46, 4549, a static and a kinetic friction band; in the two parameters of Choudhury,
Thornhill and Shah (2005) its stick band plus dead band is ``S = static + kinetic`` and its slip jump ``J =
static - kinetic``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Valve:
    """A pneumatic control valve; positions and friction bands in percent of travel, ``lag`` in seconds."""

    kv: float
    position: float = 50.0
    lag: float = 2.5
    rangeability: float = 30.0
    static: float = 0.25
    kinetic: float = 0.15
    stuck: bool = False
    _held: float = math.nan
    _command: float = math.nan
    _residual: float = 0.0

    def move(self, command: float, dt: float) -> None:
        """Follow the command (percent) as far as friction lets go, then with the actuator's lag."""
        if math.isnan(self._held):
            self._held = self._command = self.position
        self._slip(command)
        if not self.stuck:
            self.position += (self._held - self.position) * (1.0 - math.exp(-dt / self.lag))

    def _slip(self, command: float) -> None:
        force = self._residual + command - self._command
        self._command = command
        if abs(force) <= self.static:
            self._residual = force
            return
        direction = math.copysign(1.0, force)
        self._held = min(max(command - direction * self.kinetic, 0.0), 100.0)
        self._residual = direction * self.kinetic

    def conductance(self) -> float:
        """Kv (m3/h at 1 bar) at the present position."""
        span = self.rangeability - 1.0
        return max(self.kv * (math.pow(self.rangeability, 0.01 * self.position) - 1.0) / span, 1e-4)

    def resistance(self) -> float:
        """bar h2/m6, to be added to that of the pipe."""
        conductance = self.conductance()
        return 1.0 / (conductance * conductance)
