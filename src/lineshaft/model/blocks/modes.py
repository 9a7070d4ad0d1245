"""Operating modes: which one is on, and for how long, from the tags that say so (a mode word, set-points).

Normal means something else at half load. Later blocks scale per mode, and the score rests while the plant
moves from one mode to the next.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Block, Seen, Wires

MOST_MODES = 32
FARTHEST = 4.0  # ranges beyond which a mode word is simply far; keeps squares of wild values finite
TIE = 1e-5


class OfModes(Block, Protocol):
    """A block that gives ``mode`` [K], one-hot or 0 while none was told yet, ``since_mode`` [1], ticks since it
    changed, and ``mode_known`` [1], 0 where the plant is in none of them.

    It stands behind ``front``. Where a mode is told by the plant's own signals, and so only once they are there, it is
    not ``at_once``.
    """

    @property
    def front(self) -> tuple[Block, ...]: ...

    @property
    def at_once(self) -> bool: ...

    @property
    def count(self) -> int:
        """K, once it was fitted."""

    @property
    def numbers(self) -> NDArray[np.float64]:
        """What each mode is called [K], once it was fitted."""


class Modes:
    """The nearest known mode [K] as one-hot wire ``mode``; ``since_mode`` [1] counts ticks since it changed.

    Modes are the distinct combinations of the mode tags' values, rounded to ``resolution`` of their range, that
    fill at least ``least`` of the rows. Without mode tags there is one mode. Entering or leaving a combination
    that is no known mode counts as a change, so a set-point on its way is given time and one that stays there is
    judged by the nearest mode. An unreadable mode tag changes nothing; until all were readable once, ``mode`` and
    ``since_mode`` are 0.
    """

    reads: tuple[str, ...] = ("x", "quality")
    front: ClassVar[tuple[Block, ...]] = ()
    at_once: ClassVar[bool] = True

    def __init__(self, columns: tuple[int, ...] = (), resolution: float = 0.02, least: float = 0.01,
                 longest: int = 10_000) -> None:
        self.columns, self.resolution, self.least, self.longest = columns, resolution, least, longest
        self.centres: NDArray[np.float64] = np.zeros((1, len(columns)))
        self.origin: NDArray[np.float64] = np.zeros(len(columns))
        self.scale: NDArray[np.float64] = np.ones(len(columns))

    @property
    def count(self) -> int:
        return len(self.centres)

    @property
    def numbers(self) -> NDArray[np.float64]:
        """A single mode word's own values, else 1 to K."""
        if len(self.columns) != 1:
            return np.arange(1.0, self.count + 1.0)
        return np.asarray(np.round(self.origin[0] + self.centres[:, 0] * self.scale[0], 6), np.float64)

    def fit(self, seen: Seen) -> None:
        if not self.columns:
            return
        at = list(self.columns)
        values = np.asarray(seen["x"][:, at], np.float64)[(seen["quality"][:, at] > 0).all(axis=1)]
        if not len(values):
            raise UsageError("the mode tags have no row of normal operation with a usable value", where="modes",
                             do="name other tags, or none")
        self.origin, spread = values.min(axis=0), np.ptp(values, axis=0)
        self.scale = np.where(spread > 0, spread, 1.0)
        places = (values - self.origin) / self.scale
        _, cell, count = np.unique(np.round(places / self.resolution), axis=0, return_inverse=True, return_counts=True)
        known = np.flatnonzero(count >= self.least * len(values))
        if not 1 <= len(known) <= MOST_MODES:
            raise UsageError(f"the mode tags take {len(known)} steady values, from 1 to {MOST_MODES} are possible",
                             where="modes", do="name tags that hold few, steady values (a mode word, a set-point)")
        self.centres = np.stack([places[cell.reshape(-1) == k].mean(axis=0) for k in known])

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        if len(self.centres) == 1:
            one = g.add(g.multiply(g.slice(wires["x"], 0, 1), 0.0), 1.0)
            return {"mode": one, "since_mode": g.multiply(one, float(self.longest)), "mode_known": one}
        readable = g.greater(g.smallest(self._of(g, wires["quality"])), 0.5)
        distance = self._distance(g, self._of(g, wires["x"]))
        nearest = g.number(g.at_least(g.smallest(distance), distance))
        foreign = g.number(g.greater(g.smallest(distance), (1.5 * self.resolution) ** 2 + TIE * len(self.centres)))
        now = g.concat([nearest, foreign])
        old = g.state("mode_held", now.shape)
        held = g.where(readable, now, old)
        g.keep("mode_held", held)
        mode = g.slice(held, 0, len(self.centres))
        known = g.multiply(g.largest(mode), g.subtract(1.0, g.slice(held, len(self.centres), len(self.centres) + 1)))
        return {"mode": mode, "since_mode": since_change(g, held, old, mode, self.longest), "mode_known": known}

    def _of(self, g: StepBuilder, row: Wire) -> Wire:
        return g.concat([g.slice(row, c, c + 1) for c in self.columns])

    def _distance(self, g: StepBuilder, word: Wire) -> Wire:
        """Squared distance [K] to each mode; a hair more to later ones, so the nearest is always a single one."""
        place = g.clip(g.multiply(g.subtract(word, self.origin), 1.0 / self.scale), -FARTHEST, FARTHEST)
        gap = g.subtract(g.reshape(place, (1, *place.shape)), self.centres)
        square = g.reshape(g.sum(g.square(gap)), (len(self.centres),))
        return g.add(square, TIE * np.arange(len(self.centres)))


def since_change(g: StepBuilder, held: Wire, old: Wire, mode: Wire, longest: int) -> Wire:
    """Ticks [1] since what is ``held`` changed, at most ``longest``; 0 until there is a ``mode`` [K]."""
    changed = g.greater(g.largest(g.absolute(g.subtract(held, old))), 0.5)
    counted = g.minimum(g.add(g.state("mode_age", (1,)), 1.0), float(longest))
    since = g.multiply(g.where(changed, 0.0, counted), g.largest(mode))
    g.keep("mode_age", since)
    return since
