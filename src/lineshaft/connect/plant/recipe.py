"""Operating modes: the set-points of each, how long they are held, and the ramps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Mode:
    """One row of the recipe: feed A L/min, reactor and preheat Cel, header pressure bar."""

    name: str
    feed: float
    reactor: float
    preheat: float
    pressure: float


MODES = (
    Mode("low rate", feed=62.0, reactor=59.0, preheat=44.0, pressure=2.00),
    Mode("nominal", feed=90.0, reactor=60.0, preheat=46.0, pressure=2.35),
    Mode("high rate", feed=115.0, reactor=61.0, preheat=48.0, pressure=2.75),
)

RATIO_B = 0.50
"""Feed B to feed A by volume."""

_RAMPS = {"FIC101": 0.30, "FIC102": 0.15, "TIC102": 0.012, "TIC101": 0.035, "PIC101": 0.005}
_FIXED = {"LIC101": 60.0, "LIC102": 60.0, "LIC103": 60.0, "TIC201": 80.0}
_SHORTEST, _LONGEST = 300.0, 600.0


class Sequencer:
    """Walks through the modes (low and high once, nominal twice a round, in random order) and ramps the
    set-points.

    ``setpoint`` holds the present set-point of every loop. What an operator writes stands until the next
    change of mode brings a new recipe, as on a plant with a batch sequencer.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._round: list[int] = []
        self._written: dict[str, float] = {}
        self._left = 0.0
        self.mode = 1
        self.feed = MODES[1].feed
        self._enter(1)
        self.setpoint: dict[str, float] = {**_FIXED, **self._targets(100.0)}

    def step(self, load: float, dt: float) -> None:
        """Advance ``dt`` seconds of process time at ``load`` percent of the recipe's rate."""
        self._left -= dt
        if self._left <= 0.0:
            self._enter(self._next())
        for loop, target in self._targets(load).items():
            self._ramp(loop, target, _RAMPS[loop] * dt)

    def write(self, loop: str, value: float) -> None:
        """An operator's set-point, reached along the loop's ramp."""
        if loop in _FIXED:
            self.setpoint[loop] = value
        else:
            self._written[loop] = value

    def enter(self, mode: int) -> None:
        """An operator's change of mode; the walk goes on from there."""
        self._enter(mode)

    def _enter(self, mode: int) -> None:
        self.mode = mode
        self._written.clear()
        self._left = float(self._random.uniform(_SHORTEST, _LONGEST))

    def _next(self) -> int:
        if not self._round:
            self._round = [0, 1, 2, 1] if self._random.random() < 0.5 else [2, 1, 0, 1]
        return self._round.pop(0)

    def _targets(self, load: float) -> dict[str, float]:
        mode = MODES[self.mode]
        feed = self._written.get("FIC101", mode.feed * 0.01 * load)
        recipe = {"FIC101": feed, "FIC102": RATIO_B * feed, "TIC102": mode.reactor, "TIC101": mode.preheat,
                  "PIC101": mode.pressure}
        return {**recipe, **self._written}

    def _ramp(self, loop: str, target: float, step: float) -> None:
        now = self.setpoint[loop]
        self.setpoint[loop] = min(max(target, now - step), now + step)
