"""Why, and how sure: each tag's share of the score, and a conformal confidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Seen, Wires

TABLE = 256
SMALLEST = 1e-30
STEEPEST = 32.0  # backends differ by some 1e-6 of a score and promise 1e-4 of a confidence


class Cause:
    """Wire ``cause`` [C]: each tag's share (sum 1) of the learner's contributions, smoothed as the energy is.

    A tag has no share while it is masked. One tick counts for at most an energy of ``cap``, as in ``Smooth``, so a
    single wild value doesn't stay the cause. All are 0 where nothing contributes.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, weight: float, cap: float = np.inf) -> None:
        self.weight, self.cap = weight, cap

    def fit(self, seen: Seen) -> None:
        """Nothing to learn: reconstruction-based contributions need no scaling by their usual size."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        own = g.multiply(wires["contribution"], wires["quality"])
        if np.isfinite(self.cap):
            own = g.multiply(own, g.divide(self.cap, g.maximum(wires["energy"], self.cap)))
        old = g.state("cause_mean", own.shape)
        new = g.add(old, g.multiply(g.subtract(own, old), self.weight))
        mean = g.where(wires.get("counts", wires["warm"]), new, old)
        g.keep("cause_mean", mean)
        shown = g.multiply(mean, wires["quality"])
        total = g.sum(shown)
        share = g.divide(shown, g.maximum(total, SMALLEST))
        return {"cause": g.where(g.greater(total, SMALLEST), share, 0.0)}


class Confidence:
    """Wire ``confidence`` [1]: 1 - p, where p is the conformal p-value of the score.

    p = (1 + #{calibration scores >= score}) / (n + 1) (Vovk et al., Algorithmic Learning in a Random World,
    2005); at most 256 quantiles of the calibration scores are kept. Each counts less only gradually once it is
    exceeded, so that rounding can't make the confidence jump; p is then never smaller than the count says. Where the
    scores lie so close together that this were not enough, each counts less more gradually still.
    Neighbouring scores resemble each other, so p is a rank among normal operation and no promise for one tick.
    """

    reads: tuple[str, ...] = ("score",)

    def __init__(self) -> None:
        self.table: NDArray[np.float64] = np.zeros(1)
        self.width = 1.0

    def fit(self, seen: Seen) -> None:
        scores = np.asarray(seen["score"], np.float64)[:, 0]
        if len(scores) > TABLE:
            scores = np.quantile(scores, (np.arange(TABLE) + 0.5) / TABLE)
        self.table = np.sort(scores)
        self.width = max(float(np.ptp(self.table)) / TABLE, 1e-4)
        while self._steepest() > STEEPEST:
            self.width *= 2.0

    def _steepest(self) -> float:
        """How many times its relative error a score can make the error of the confidence."""
        ends = np.concatenate([self.table, self.table + self.width])
        within = np.searchsorted(self.table, ends, "right") - np.searchsorted(self.table, ends - self.width, "left")
        return float((np.abs(ends) * within).max()) / (self.width * (len(self.table) + 1.0))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        exceeded = g.multiply(g.subtract(wires["score"], self.table), 1.0 / self.width)
        below = g.sum(g.clip(exceeded, 0.0, 1.0))
        return {"confidence": g.multiply(below, 1.0 / (len(self.table) + 1.0))}
