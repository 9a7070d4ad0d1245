"""Process, control system and instruments wired together: one scan of the whole cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.connect.plant.cell import Cell
from lineshaft.connect.plant.control import Control
from lineshaft.connect.plant.instruments import INSTRUMENTS, Panel
from lineshaft.connect.plant.recipe import Sequencer
from lineshaft.connect.plant.surroundings import Surroundings

_NAMES = tuple(instrument.name for instrument in INSTRUMENTS)


class Rig:
    """The closed loop without a clock. Equal seeds and equal scans give equal values, bit for bit."""

    def __init__(self, seed: int) -> None:
        air, recipe, noise = (np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(3))
        self.cell = Cell(Surroundings(air))
        self.control = Control(self.cell, Sequencer(recipe))
        self.panel = Panel(noise)
        self.panel.scan(self.control, 1.0)

    def scan(self, dt: float) -> NDArray[np.float64]:
        """Control, process, instruments, once: values [C] after ``dt`` seconds (at most 1)."""
        self.control.scan(dict(zip(_NAMES, self.panel.values.tolist(), strict=True)), dt)
        self.cell.advance(dt)
        return self.panel.scan(self.control, dt)
