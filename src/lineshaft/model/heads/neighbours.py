"""Nearest neighbours, for numbers and classes (Fix and Hodges, 1951; Cover and Hart, IEEE Trans. Inf. Theory 13, 1967).

Weights fall off linearly to zero at the neighbour after the last that counts (the triangular kernel of Hechenbichler
and Schliep, 2004), so that no answer jumps where two rows are equally far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.classes import numbers_of, one_hot
from lineshaft.model.head import Kind, Settings
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
DEFAULT = {"neighbours": 5, "bank": 4096}
SMALLEST = 1e-9


class Neighbours:
    """The weighted mean target of the nearest remembered rows, in standardised features.

    At most ``bank`` rows are remembered, evenly spread over time; with classes each keeps at least its even share.
    """

    name: ClassVar[str] = "neighbours"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number", "class"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.outputs, self.kind, self.settings = outputs, kind, {**DEFAULT, **(settings or {})}
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.bank: Matrix = np.zeros((2, 1))
        self.told: Matrix = np.zeros((2, outputs))

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"neighbours": 1}, {"neighbours": 10}, {"neighbours": 25})

    def fit(self, seen: Seen) -> None:
        features, target = np.asarray(seen["features"], np.float64), np.asarray(seen["target"], np.float64)
        classes = numbers_of(target) if self.kind == "class" else np.zeros(len(target), np.int64)
        keep = remembered(classes, int(self.settings["bank"]))
        self.centre, self.scale = standard_scale(features)
        self.bank = (features[keep] - self.centre) / self.scale
        self.told = one_hot(classes, self.outputs)[keep] if self.kind == "class" else target[keep]

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        count, width = min(int(self.settings["neighbours"]) + 1, len(self.bank)), z.shape[0]
        # |z - b|^2 without |z|^2 keeps the order; distances are then of the rows themselves, where nothing cancels.
        closeness = g.subtract(g.multiply(g.project(z, self.bank.T), 2.0), (self.bank**2).sum(axis=1))
        nearest = g.nearest_rows(closeness, np.hstack([self.bank, self.told]), count)
        gap = g.subtract(g.reshape(z, (1, width)), g.slice(nearest, 0, width, axis=1))
        distance = g.sqrt(g.sum(g.square(gap)))
        farthest = g.maximum(g.largest(distance, axis=0), SMALLEST)
        weight = g.add(g.subtract(1.0, g.divide(distance, farthest)), SMALLEST)
        told = g.slice(nearest, width, width + self.outputs, axis=1)
        value = g.divide(g.sum(g.multiply(weight, told), axis=0), g.sum(weight, axis=0))
        return {"value": g.reshape(value, (self.outputs,))}


def remembered(classes: NDArray[np.int64], most: int) -> NDArray[np.intp]:
    """Places of at most ``most`` rows, evenly spread; a rare class keeps all of its rows before a common one does."""
    if len(classes) <= most:
        return np.arange(len(classes))
    rows = [np.flatnonzero(classes == one) for one in np.unique(classes)]
    kept, left = [], most
    for number, own in enumerate(sorted(rows, key=len)):
        share = max(min(len(own), left // (len(rows) - number)), 1)
        kept.append(own[np.linspace(0, len(own) - 1, share).astype(int)])
        left -= share
    return np.sort(np.concatenate(kept))


HEAD = Neighbours
