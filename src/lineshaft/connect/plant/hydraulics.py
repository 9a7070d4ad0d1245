"""Pumps and pipes: affinity laws and the quasi-steady flow they give.

Flow settles in well under a second in pipes this short, so it is solved algebraically at every scan instead of
being integrated. Units: flow m3/h, pressure bar, speed as a fraction of rated speed.

Sources: affinity laws and the quadratic head curve, Karassik et al., *Pump Handbook* (4th ed.), ch. 2;
efficiency as a parabola around the best-efficiency point of flow over speed (same chapter).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BAR_PER_METRE = 0.0980665
"""Pressure of a metre of water at 1000 kg/m3."""

LITRES_PER_MINUTE = 1000.0 / 60.0
"""L/min in one m3/h."""

_VOLT_ROOT3 = 0.4 * math.sqrt(3.0)
_POWER_FACTOR = 0.82
_MAGNETISING_SHARE = 0.45


def pipe_flow(push: float, resistance: float) -> float:
    """Flow (m3/h) at which friction ``resistance * flow**2`` uses up ``push`` (bar); none runs backwards.

    >>> pipe_flow(2.25, 0.25), pipe_flow(-1.0, 0.25)
    (3.0, 0.0)
    """
    return math.sqrt(push / resistance) if push > 0.0 else 0.0


@dataclass(slots=True)
class Pump:
    """A centrifugal pump.

    ``shutoff`` is the head (bar) at no flow and rated speed, ``droop`` its loss per flow squared (bar h2/m6),
    ``best_flow`` and ``best_efficiency`` the best point at rated speed. ``wear`` (0..1) opens the clearance:
    less head and less efficiency; ``bearing`` (0..1) is bearing damage; ``cavitation`` (0..1) takes head away
    in bursts.
    """

    shutoff: float
    droop: float
    best_flow: float
    rated_rpm: float = 2900.0
    best_efficiency: float = 0.62
    rated_power: float = 1.5
    speed: float = 0.75
    flow: float = 0.0
    wear: float = 0.0
    bearing: float = 0.0
    cavitation: float = 0.0
    burst: float = 0.0
    bearing_temperature: float = 40.0

    def push(self) -> float:
        """Head (bar) at the present speed and no flow."""
        lost = 0.30 * self.wear + self.cavitation * min(max(0.12 + 0.05 * self.burst, 0.0), 0.4)
        return self.speed * self.speed * self.shutoff * (1.0 - min(lost, 0.9))

    def head(self, flow: float) -> float:
        """Head (bar) at the present speed: ``head(q, s) = s**2 head(q/s, 1)``, the affinity law."""
        return self.push() - self.droop * flow * flow

    def efficiency(self) -> float:
        """Hydraulic efficiency at the present flow and speed."""
        off = self.flow / (max(self.speed, 0.05) * self.best_flow) - 1.0
        return max(self.best_efficiency * (1.0 - off * off) * (1.0 - 0.35 * self.wear), 0.08)

    def shaft_power(self) -> float:
        """kW: hydraulic power over efficiency, and disc friction with the cube of speed."""
        hydraulic = self.flow / 3600.0 * max(self.head(self.flow), 0.0) * 100.0
        return hydraulic / self.efficiency() + 0.05 * self.rated_power * self.speed**3 * (1.0 + self.bearing)

    def current(self, voltage: float) -> float:
        """Line current (A) at a mains of ``voltage`` times 400 V: active and magnetising part."""
        active = self.shaft_power() / (_VOLT_ROOT3 * voltage * 0.88)
        magnetising = _MAGNETISING_SHARE * self.rated_power / (_VOLT_ROOT3 * _POWER_FACTOR) * voltage
        return math.sqrt(active * active + magnetising * magnetising)

    def vibration(self) -> float:
        """RMS velocity (mm/s, ISO 20816): imbalance with speed squared, and running off the best point."""
        off = self.flow / (max(self.speed, 0.05) * self.best_flow) - 1.0
        running = 1.6 * self.speed * self.speed * (1.0 + 0.8 * off * off)
        rough = self.cavitation * (3.2 + 0.9 * abs(self.burst)) + 1.5 * self.wear + 2.6 * self.bearing
        return running + rough * self.speed

    def warm_bearing(self, ambient: float, dt: float) -> None:
        """One step of the bearing's heat balance: friction against the air, 240 s time constant."""
        settled = ambient + 24.0 * self.speed * (1.0 + 1.6 * self.bearing)
        self.bearing_temperature += (settled - self.bearing_temperature) * dt / 240.0
