"""Means and slopes over the newest ticks, right from the first tick on: a window counts the ticks that it has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire


def weighted(g: StepBuilder, name: str, a: Wire, weight: float) -> Wire:
    """Exponentially weighted mean of ``a`` [n] since the start, without pull towards the zero state."""
    mean = g.ewma(name, a, weight)
    old = g.state(f"{name}_share", (1,))
    share = g.add(old, g.multiply(g.subtract(np.ones(1), old), weight))
    g.keep(f"{name}_share", share)
    return g.divide(mean, share)


class Windows:
    """Means and slopes of ``a`` [n] over several windows, from one buffer of the longest.

    ``age`` [1] counts ticks, this one being 1. A slope is per tick, by least squares; 0 before the third tick.
    """

    def __init__(self, g: StepBuilder, name: str, a: Wire, lengths: Sequence[int], age: Wire) -> None:
        self.g, self.lengths = g, tuple(lengths)
        longest = max(self.lengths)
        window = g.transpose(g.window(name, a, longest), (1, 0))  # zeros before the first tick: they add nothing
        place = np.arange(longest) - (longest - 1.0)
        inside = np.stack([place > -length for length in self.lengths], axis=1).astype(np.float64)
        self.sums = g.project(window, inside)
        self.moments = g.project(window, inside * place[:, None])
        self.counts = g.minimum(age, np.asarray(self.lengths, np.float32))

    def means(self) -> Wire:
        """[n, windows]"""
        return self.g.divide(self.sums, self._row(self.counts))

    def slopes(self) -> Wire:
        """[n, windows]"""
        g, n = self.g, self.counts
        middle = g.multiply(g.subtract(n, 1.0), 0.5)
        top = g.add(self.moments, g.multiply(self.sums, self._row(middle)))
        below = g.multiply(g.multiply(n, g.subtract(g.square(n), 1.0)), 1.0 / 12.0)
        enough = g.number(g.at_least(n, 3.0))
        return g.multiply(top, self._row(g.divide(enough, g.maximum(below, 1.0))))

    def _row(self, wire: Wire) -> Wire:
        return self.g.reshape(wire, (1, *wire.shape))
