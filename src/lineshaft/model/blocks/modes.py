"""Operating modes: which one is on, and for how long, from the tags that say so (a mode word, set-points).

Normal means something else at half load. Later blocks scale per mode, and the score rests while the plant
moves from one mode to the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires

MOST_MODES = 32


class Modes:
    """The nearest known mode [K] as one-hot wire ``mode``; ``since_mode`` [1] counts ticks since it changed.

    Modes are the distinct combinations of the mode tags' values, rounded to ``resolution`` of their range, that
    fill at least ``least`` of the rows. Without mode tags there is one mode.
    """

    reads: tuple[str, ...] = ("x",)

    def __init__(self, columns: tuple[int, ...] = (), resolution: float = 0.02, least: float = 0.01,
                 longest: int = 10_000) -> None:
        self.columns, self.resolution, self.least, self.longest = columns, resolution, least, longest
        self.centres: NDArray[np.float64] = np.zeros((1, len(columns)))
        self.scale: NDArray[np.float64] = np.ones(len(columns))

    def fit(self, seen: Seen) -> None:
        if not self.columns:
            return
        values = np.asarray(seen["x"][:, list(self.columns)], np.float64)
        spread = np.ptp(values, axis=0)
        self.scale = np.where(spread > 0, spread, 1.0)
        cells, count = np.unique(np.round(values / self.scale / self.resolution), axis=0, return_counts=True)
        cells = cells[count >= self.least * len(values)]
        if not 1 <= len(cells) <= MOST_MODES:
            raise UsageError(f"the mode tags take {len(cells)} different values, from 1 to {MOST_MODES} are possible",
                             where="modes", do="name tags that hold few, steady values (a mode word, a set-point)")
        self.centres = cells * self.resolution

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        if len(self.centres) == 1:
            one = g.add(g.multiply(g.slice(wires["x"], 0, 1), 0.0), 1.0)
            return {"mode": one, "since_mode": g.multiply(one, float(self.longest))}
        word = g.concat([g.slice(wires["x"], c, c + 1) for c in self.columns])
        known = g.smallest(g.concat([g.slice(wires["quality"], c, c + 1) for c in self.columns]))
        distance = self._distance(g, g.multiply(word, 1.0 / self.scale))
        now = g.number(g.at_least(g.smallest(distance), distance))
        first = g.divide(now, g.maximum(g.sum(now), 1.0))
        old = g.state("mode_held", first.shape)
        # An unreadable mode word changes nothing: the last mode known stays on.
        mode = g.where(g.greater(known, 0.5), first, old)
        g.keep("mode_held", mode)
        changed = g.greater(g.largest(g.absolute(g.subtract(mode, old))), 0.5)
        counted = g.minimum(g.add(g.state("mode_age", (1,)), 1.0), float(self.longest))
        since = g.where(changed, 0.0, counted)
        g.keep("mode_age", since)
        return {"mode": mode, "since_mode": since}

    def _distance(self, g: StepBuilder, word: Wire) -> Wire:
        """Squared distance [K] up to a term that is the same for all: |c|^2 - 2 c.w."""
        return g.subtract((self.centres**2).sum(axis=1), g.multiply(g.project(word, self.centres.T), 2.0))
