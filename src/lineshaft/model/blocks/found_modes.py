"""Modes that nobody named: those that a learner of ``segment`` finds in the tags themselves."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.apart import Apart
from lineshaft.model.blocks.features import Level
from lineshaft.model.blocks.impute import Impute
from lineshaft.model.blocks.modes import TIE, Modes, since_change
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.clusters import learners
from lineshaft.model.pipeline import Block, Seen, Wires, run_spans

Matrix = NDArray[np.float64]
LEVEL = 10  # ticks that are averaged, as the task ``segment`` does
REACH = 1.5  # times the usual largest distance: farther away the plant is in no mode that it was seen in
USUAL = 0.999
LEAST_SPREAD = 1e-3  # of the spread over all modes
LONGEST = 10_000


class FoundModes:
    """``mode`` [K] as one-hot, ``since_mode`` [1] and ``mode_known`` [1], as ``Modes`` gives them, without a mode word.

    The mode changes when the tags' levels are nearest to another one *and* within its usual reach; on the way, and
    anywhere else, the old one is held and ``mode_known`` is 0. A fault so doesn't choose its mode: it is judged by the
    one that it happened in. At a start the nearest mode is taken.
    """

    reads: tuple[str, ...] = ("features", "value")
    at_once: ClassVar[bool] = False

    def __init__(self, channels: int, learner: str, modes: int = 0, seed: int = 0) -> None:
        self.learner = learners()[learner](modes, seed)
        self.front: tuple[Block, ...] = (*levels(channels), Apart(self.learner, "segment"))
        self.middle: Matrix = np.zeros((1, channels))
        self.spread: Matrix = np.ones((1, channels))
        self.limit: Matrix = np.ones(1)

    @property
    def count(self) -> int:
        return len(self.limit)

    @property
    def numbers(self) -> Matrix:
        """1 to K."""
        return np.arange(1.0, self.count + 1.0)

    def fit(self, seen: Seen) -> None:
        warm = seen.rows(seen.age >= LEVEL - 1)
        features, label = np.asarray(warm["features"], np.float64), warm["value"].argmax(axis=1)
        inside = middle_of_stays(label, warm.run)
        count = warm["value"].shape[1]
        rows = [own if (own := inside & (label == k)).any() else label == k for k in range(count)]
        self.middle = np.stack([features[own].mean(axis=0) if own.any() else np.zeros(features.shape[1])
                                for own in rows])
        least = np.maximum(LEAST_SPREAD * features.std(axis=0), 1e-6)
        self.spread = np.stack([np.maximum(features[own].std(axis=0), least) if own.any() else least for own in rows])
        self.limit = np.array([REACH**2 * self._usual(features[own], k) for k, own in enumerate(rows)])

    def _usual(self, features: Matrix, mode: int) -> float:
        square = ((features - self.middle[mode]) / self.spread[mode]) ** 2
        return float(np.quantile(square.max(axis=1), USUAL)) if len(square) else 0.0

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        if self.count == 1:
            return Modes().emit(g, wires)
        warm = wires["warm"]
        unlike = g.subtract(wires["value"], TIE * np.arange(self.count))  # the nearest is always a single one
        nearest = g.number(g.at_least(unlike, g.largest(unlike)))
        near = g.sum(g.multiply(nearest, self._near(g, wires["features"])))
        known = g.both(warm, g.greater(near, 0.5))
        old = g.state("mode_held", (self.count,))
        first = g.both(warm, g.less(g.largest(old), 0.5))
        held = g.where(g.either(known, first), nearest, old)
        g.keep("mode_held", held)
        return {"mode": held, "since_mode": since_change(g, held, old, held, LONGEST), "mode_known": g.number(known)}

    def _near(self, g: StepBuilder, level: Wire) -> Wire:
        """1 for each mode [K] within whose reach the level is."""
        gap = g.multiply(g.subtract(g.reshape(level, (1, *level.shape)), self.middle), 1.0 / self.spread)
        farthest = g.reshape(g.largest(g.square(gap)), (self.count,))
        return g.number(g.at_least(self.limit, farthest))


def levels(channels: int) -> tuple[Block, ...]:
    """What modes are found in: wires ``features`` [C], the levels of tags on one scale for all modes, and ``warm``."""
    blocks: tuple[Block, ...] = (Modes(), Standardise(channels, totals=False), Impute(channels), Level(LEVEL))
    return tuple(Apart(block, "segment") for block in blocks)


def middle_of_stays(label: NDArray[np.intp], run: NDArray[np.int32]) -> NDArray[np.bool_]:
    """The middle half of every stretch of one label, where the plant neither comes nor goes."""
    inside = np.zeros(len(label), np.bool_)
    for start, stop in run_spans(run.astype(np.int64) * (int(label.max(initial=0)) + 1) + label):
        quarter = (stop - start) // 4
        inside[start + quarter:stop - quarter] = True
    return inside
