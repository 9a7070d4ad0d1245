"""Novelty: how far each signal is from anything it has been before, judged by how far it usually is.

For one signal that nobody has labelled, with no look ahead and no training but a scale: the distance to the nearest
earlier value is the simplest conformity measure there is (Burnaev and Ishimtsev, arXiv:1608.04585, on windows), and
judging it by its own running mean and deviation is the anomaly likelihood of Ahmad et al. (Neurocomputing 262, 2017).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.standardise import CLIP
from lineshaft.model.pipeline import Seen, Wires

LEVEL_WEIGHT, SPREAD_WEIGHT = 0.02, 0.1
LEAST_SPREAD = 0.05  # deviations: less spread is no spread
STEP = 0.05  # of the grid, in asinh of deviations: as fine as a twentieth of one near the middle, relative far out
FAR = 1e5
RESOLUTION = 0.1  # deviations: nearer than this is not new
LEAST_DEVIATION = 1e-3
FEWEST = 20  # ticks out of which a mean and a deviation may be told
REST = 100  # ticks until there is a past to be compared with
LONGEST_MEMORY = 10_000  # ticks over which the usual novelty is averaged


class Novelty:
    """Wires ``novelty`` [1], ``contribution`` [C], and ``warm`` [1] once there is a past.

    Novelty is by how many deviations the tags are newer than they usually are.

    Of each tag three things are looked at: its value, its level (about the newest 50 ticks) and its spread (about the
    newest 10). A masked tag is no news and teaches nothing. What each has been is kept on a grid, a flag a cell, which
    never grows nor forgets.
    """

    reads: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.middle, self.half = grid()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: the scale is ``Standardise``'s."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["z"]
        usable = g.number(g.less(wires["held"], 0.5))
        level = g.state("level", z.shape)
        nearer = g.add(level, g.multiply(g.multiply(usable, LEVEL_WEIGHT), g.subtract(z, level)))
        g.keep("level", nearer)
        looks = g.concat([z, nearer, self._spread(g, z, usable)])
        known = g.subtract(g.ticks("stream_age", LONGEST_MEMORY + REST), float(REST))
        surprise = self._likelihood(g, g.log(g.add(self._distance(g, looks), RESOLUTION)), known)
        by_tag = g.reshape(g.largest(g.reshape(surprise, (3, *z.shape)), axis=0), z.shape)
        strange = g.multiply(g.relu(by_tag), usable)
        return {"novelty": g.largest(strange), "contribution": strange, "warm": g.greater(known, float(FEWEST))}

    def _spread(self, g: StepBuilder, z: Wire, usable: Wire) -> Wire:
        """ln of the deviation over about the newest 10 ticks; what happened in a gap is no deviation."""
        lost = g.both(g.greater(g.state("lost_before", usable.shape), 0.5), g.greater(usable, 0.5))
        g.keep("lost_before", g.subtract(1.0, usable))
        mean, variance = g.state("near", z.shape), g.state("near_variance", z.shape)
        weight, gap = g.multiply(usable, SPREAD_WEIGHT), g.subtract(z, mean)
        g.keep("near", g.where(lost, z, g.add(mean, g.multiply(weight, gap))))
        toward = g.where(lost, variance, g.add(variance, g.multiply(weight, g.square(gap))))
        new = g.multiply(g.subtract(1.0, weight), toward)
        g.keep("near_variance", new)
        return g.log(g.add(g.sqrt(new), LEAST_SPREAD))

    def _distance(self, g: StepBuilder, looks: Wire) -> Wire:
        """From each look [K] to the nearest cell that was visited at an earlier tick."""
        place = g.reshape(looks, (*looks.shape, 1))
        outside = g.relu(g.subtract(g.absolute(g.subtract(place, self.middle)), self.half))
        visited = g.state("visited", outside.shape)
        g.keep("visited", g.maximum(visited, g.number(g.less(outside, 1e-9))))
        away = g.add(outside, g.multiply(g.subtract(1.0, visited), FAR))
        return g.reshape(g.smallest(away), looks.shape)

    def _likelihood(self, g: StepBuilder, novelty: Wire, known: Wire) -> Wire:
        """Deviations [K] above the running mean of the ticks ``known`` [1] before; 0 while there are few."""
        weight = g.where(g.greater(known, 0.5), g.divide(1.0, g.maximum(known, 1.0)), 0.0)
        mean, variance = g.state("usual_novelty", novelty.shape), g.state("novelty_variance", novelty.shape)
        gap = g.subtract(novelty, mean)
        g.keep("usual_novelty", g.add(mean, g.multiply(weight, gap)))
        toward = g.subtract(g.multiply(g.square(gap), g.subtract(1.0, weight)), variance)
        g.keep("novelty_variance", g.add(variance, g.multiply(weight, toward)))
        deviations = g.divide(gap, g.add(g.sqrt(g.relu(variance)), LEAST_DEVIATION))
        return g.where(g.greater(known, float(FEWEST)), deviations, 0.0)


class News:
    """Wires ``score`` [1] and ``alarm`` [1] of the wire ``novelty``, in units of ``limit``.

    ``score`` is the novelty of a tick that is newer than each of the ``quiet`` ticks before it and 0 at others: one
    event is told once, as it begins. ``alarm`` stays for ``quiet`` ticks after a score above 1.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, limit: float, quiet: int) -> None:
        self.limit, self.quiet = limit, quiet

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        now = g.multiply(wires["novelty"], 1.0 / self.limit)
        before = g.state("newest", (self.quiet,))
        g.keep("newest", g.concat([g.slice(before, 1, self.quiet), now]))
        record = g.largest(before)
        alarm = g.number(g.greater(g.maximum(now, record), 1.0))
        return {"score": g.where(g.greater(now, record), now, 0.0), "alarm": alarm}


def grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles and half widths [G] of the cells, from -1000 to 1000 deviations.

    >>> middle, half = grid()
    >>> bool(np.allclose(middle[1:] - half[1:], middle[:-1] + half[:-1])), len(middle)
    (True, 309)
    """
    most = int(np.ceil(np.arcsinh(CLIP) / STEP)) + 1
    edges = np.sinh(STEP * (np.arange(-most, most + 2) - 0.5))
    return (edges[1:] + edges[:-1]) / 2.0, np.diff(edges) / 2.0
