"""Bridge: what a seasonal signal would read while it can't be used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires

FADING = 0.9


class Bridge:
    """Wire ``series`` [K]: the standardised tags ``columns``, gaps bridged.

    A masked tag reads what it read one ``season`` ago plus how far it was from that when last seen, which fades by a
    tenth a tick; without a season (1) its last value is held. So a gap as long as several seasons repeats the last one.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, columns: Sequence[int], season: int) -> None:
        self.columns, self.season = tuple(columns), season

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["series"] if "series" in wires else columns(g, wires["z"], self.columns)
        masked = g.greater(columns(g, wires["held"], self.columns), 0.5)
        old = g.state("season_before", (self.season, *z.shape))
        before = g.reshape(g.slice(old, 0, 1), z.shape)
        offset = g.multiply(g.state("season_offset", z.shape), FADING if self.season > 1 else 0.0)
        series = g.where(masked, g.add(before, offset), z)
        g.keep("season_offset", g.where(masked, offset, g.subtract(z, before)))
        newest = g.reshape(series, (1, *z.shape))
        g.keep("season_before", g.concat([g.slice(old, 1, self.season), newest]) if self.season > 1 else newest)
        return {"series": series}


def columns(g: StepBuilder, wire: Wire, places: Sequence[int]) -> Wire:
    """Some columns of [C], in that order."""
    if tuple(places) == tuple(range(wire.shape[0])):
        return wire
    return g.op("Gather", [wire, g.constant(np.asarray(places), np.int64)], (len(places),), axis=1)
