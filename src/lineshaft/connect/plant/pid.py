"""PID controller as a PLC runs it: derivative on the measurement, back-calculation against wind-up, bumpless
changes.

Source: Astrom and Hagglund, *Advanced PID Control* (ISA, 2006), ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PID:
    """Ideal form with a first-order filter on the derivative.

    ``gain`` in percent per engineering unit (negative where more output lowers the measurement), ``reset`` the
    integral time and ``rate`` the derivative time in seconds; ``output`` percent within ``low..high``.

    >>> loop = PID(gain=2.0, reset=10.0, output=40.0)
    >>> [round(loop.update(measured=50.0, setpoint=51.0, dt=1.0), 2) for _ in range(3)]
    [40.2, 40.4, 40.6]
    """

    gain: float
    reset: float
    rate: float = 0.0
    low: float = 0.0
    high: float = 100.0
    output: float = 50.0
    automatic: bool = True
    _integral: float | None = None
    _measured: float | None = None
    _slope: float = 0.0
    _error: float = 0.0

    def update(self, measured: float, setpoint: float, dt: float) -> float:
        """One scan; in manual the output stays and the integral follows it, so that the switch back is
        bumpless.
        """
        self._error = setpoint - measured
        damping = self._derivative(measured, dt)
        proportional = self.gain * self._error - damping
        if self._integral is None or not self.automatic:
            self._integral = self.output - proportional
            if not self.automatic:
                return self.output
        self._integral += self.gain * self._error * dt / self.reset
        wanted = proportional + self._integral
        self.output = self.low if wanted < self.low else self.high if wanted > self.high else wanted
        if wanted != self.output:
            self._integral += (self.output - wanted) * min(1.0, dt / (0.3 * self.reset))
        return self.output

    def retune(self, gain: float, reset: float) -> None:
        """New settings without a step of the output."""
        if self._integral is not None:
            self._integral += (self.gain - gain) * (self._error - self.rate * self._slope)
        self.gain, self.reset = gain, reset

    def _derivative(self, measured: float, dt: float) -> float:
        if self.rate == 0.0:
            return 0.0
        before = measured if self._measured is None else self._measured
        self._measured = measured
        smooth = dt / (dt + 0.2 * self.rate)
        self._slope += smooth * ((measured - before) / dt - self._slope)
        return self.gain * self.rate * self._slope
