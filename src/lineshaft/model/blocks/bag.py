"""Bag of codes: which of the known codes a sequence holds, how often, and which came last."""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires


class Bag:
    """Wire ``features`` [3 K] of ``x`` [T], a sequence of codes padded with 0.

    For each of K codes whether it occurs, ln(1 + how often), and how near to the newest its last occurrence is: 1 the
    newest, halved every ``half`` places.
    """

    reads: tuple[str, ...] = ("x",)

    def __init__(self, length: int, half: float = 8.0) -> None:
        self.length, self.half = length, half
        self.codes = np.zeros(1)

    def fit(self, seen: Seen) -> None:
        codes = np.unique(seen["x"][:, :self.length])
        self.codes = codes[codes > 0].astype(np.float64)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        sequence = g.reshape(g.slice(wires["x"], 0, self.length), (self.length, 1))
        apart = g.absolute(g.subtract(sequence, self.codes[None, :]))
        there = g.number(g.less(apart, 0.5))
        count = g.reshape(g.sum(there, axis=0), self.codes.shape)
        filled = g.sum(g.number(g.greater(g.slice(wires["x"], 0, self.length), 0.5)))
        back = g.subtract(filled, np.arange(1.0, self.length + 1.0))  # places before the newest; below 0 is padding
        nearness = g.exp(g.multiply(g.maximum(back, 0.0), -float(np.log(2.0)) / self.half))
        last = g.largest(g.multiply(there, g.reshape(nearness, (self.length, 1))), axis=0)
        parts = [g.minimum(count, 1.0), g.log(g.add(count, 1.0)), g.reshape(last, self.codes.shape)]
        return {"features": g.concat(parts)}
