"""Harmonics: the season as a few smooth waves, from the one pair of columns that tells how much of the year has gone.

Smooth functions of the season are low orders of a Fourier series (Harvey and Shephard, Handbook of Statistics 11,
1993); orders follow from the first by the addition theorem, so the plant has to send one sine and one cosine.
"""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.bridge import columns
from lineshaft.model.pipeline import Seen, Wires

MOST = 10  # a shortest wave of five weeks


class Harmonics:
    """Wire ``harmonics`` [2 * MOST]: sine and cosine of the first order, then of the second, and so on.

    ``pair`` are the columns of the first sine and cosine; a masked one keeps its last value.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, pair: tuple[int, int]) -> None:
        self.pair = pair

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        x, quality = (columns(g, wires[name], self.pair) for name in ("x", "quality"))
        pair = g.where(g.greater(quality, 0.5), x, g.state("place_in_year", x.shape))
        g.keep("place_in_year", pair)
        sine, cosine = g.slice(pair, 0, 1), g.slice(pair, 1, 2)
        while sine.shape[0] < MOST:
            sine, cosine = _longer(g, sine, cosine, min(sine.shape[0], MOST - sine.shape[0]))
        stacked = g.concat([g.reshape(wire, (1, MOST)) for wire in (sine, cosine)])
        return {"harmonics": g.reshape(g.transpose(stacked, (1, 0)), (2 * MOST,))}


def _longer(g: StepBuilder, sine: Wire, cosine: Wire, more: int) -> tuple[Wire, Wire]:
    """Orders 1 to n + ``more`` from those of 1 to n, by the sum of the angles n and 1 to ``more``."""
    n = sine.shape[0]
    last_sine, last_cosine = (g.slice(wire, n - 1, n) for wire in (sine, cosine))
    s, c = (g.slice(wire, 0, more) for wire in (sine, cosine))
    further = g.add(g.multiply(s, last_cosine), g.multiply(c, last_sine))
    across = g.subtract(g.multiply(c, last_cosine), g.multiply(s, last_sine))
    return g.concat([sine, further]), g.concat([cosine, across])
