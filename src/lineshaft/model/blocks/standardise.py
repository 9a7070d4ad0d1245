"""Standardise: every tag to zero mean and unit spread of its operating mode; the last good value is held."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
CLIP = 1e3
FEWEST_KNOWN = 8
RESOLUTION = 1e-6  # of its size: less than this is the rounding of float32 and no movement
FEWEST_COUNTS = 30


class Standardise:
    """Wire ``z`` [C]: (x - mean) / deviation of the mode; a masked tag keeps its last z, 0 before the first.

    ``z`` is clipped at +-1000 deviations so that one wild value can't overflow float32 statistics. A tag that
    never moved in normal operation gets a scale of 0.1 % of its size, so that a later move counts and the
    rounding of float32 does not (of its instrument range, ``spans`` [C], where that is larger). A tag that was never
    read in normal operation has no normal and stays 0. ``held`` [C] counts the ticks for which a tag has been masked.

    Without ``totals``, a tag that only ever went one way in normal operation, as a meter or a clock does, stays 0 too:
    it never comes back to where it was learnt (unless there are no others). ``counting`` [C] says which do.
    """

    reads: tuple[str, ...] = ("x", "quality", "mode")

    def __init__(self, channels: int, spans: ArrayLike = 0.0, longest_hold: int = 1_000_000, totals: bool = True
                 ) -> None:
        self.longest_hold, self.totals = longest_hold, totals
        self.counting = np.zeros(channels, np.bool_)
        self.spans = np.broadcast_to(np.asarray(spans, np.float64), channels)
        self.mean: Matrix = np.zeros((1, channels))
        self.deviation: Matrix = np.ones((1, channels))

    def fit(self, seen: Seen) -> None:
        x = np.where(seen["quality"] > 0, seen["x"], np.nan).astype(np.float64)
        if not self.totals:
            counting = np.array([only_one_way(column, seen.run) for column in x.T], np.bool_)
            self.counting = counting & ~counting.all()
        mode = seen["mode"].argmax(axis=1)
        count = seen["mode"].shape[1]
        mean, deviation = self._moments(x, np.zeros(x.shape[1]), np.full(x.shape[1], np.inf))
        moments = [self._moments(x[mode == k], mean, deviation) for k in range(count)]
        self.mean = np.stack([own for own, _ in moments])
        self.deviation = np.maximum(np.stack([own for _, own in moments]), 1e-3 * deviation)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        mean, gain = self.mean, np.where(self.counting, 0.0, 1.0 / self.deviation)
        if len(mean) == 1:
            z = g.multiply(g.subtract(wires["x"], mean[0]), gain[0])
        else:
            z = g.multiply(g.subtract(wires["x"], g.project(wires["mode"], mean)), g.project(wires["mode"], gain))
        usable = g.greater(wires["quality"], 0.5)
        z = g.where(usable, g.clip(z, -CLIP, CLIP), g.state("z_held", z.shape))
        g.keep("z_held", z)
        age = g.add(g.state("held_for", z.shape), 1.0)
        held = g.where(usable, 0.0, g.minimum(age, float(self.longest_hold)))
        g.keep("held_for", held)
        return {"z": z, "held": held}

    def _moments(self, x: Matrix, mean: Matrix, deviation: Matrix) -> tuple[Matrix, Matrix]:
        """Mean and deviation per column of known values; the given ones where fewer than 8 are known."""
        known = np.isfinite(x)
        count = known.sum(axis=0)
        own = np.where(known, x, 0.0).sum(axis=0) / np.maximum(count, 1)
        spread = np.sqrt((np.where(known, x - own, 0.0) ** 2).sum(axis=0) / np.maximum(count - 1, 1))
        size = np.abs(own)
        moved = spread > RESOLUTION * size
        spread = np.where(moved, spread, 1e-3 * np.maximum(np.maximum(size, self.spans), 1e-6))
        enough = count >= FEWEST_KNOWN
        return np.where(enough, own, mean), np.where(enough, spread, deviation)


def only_one_way(value: Matrix, run: NDArray[np.integer]) -> bool:
    """Whether known values [N] only ever rise, or only ever fall, within each run, thirty times or more.

    >>> ticks = np.arange(300.0)
    >>> only_one_way(ticks // 2, np.zeros(300, np.int32)), only_one_way(ticks % 150, np.zeros(300, np.int32))
    (True, False)
    """
    known = np.isfinite(value)
    steps = np.diff(value[known])[np.diff(run[known]) == 0]
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    return min(up, down) == 0 and max(up, down) >= FEWEST_COUNTS
