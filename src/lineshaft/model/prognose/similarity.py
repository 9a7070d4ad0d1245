"""Similarity: the remaining lives of the moments in past machines' lives that looked most like this one.

Wang, Yu, Siegel and Lee, "A similarity-based prognostics approach for remaining useful life estimation of engineered
systems", PHM 2008. Here the trajectories are windows of smoothed wear, and their lives are weighted by closeness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.path import Lagged
from lineshaft.model.examples import Examples
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires
from lineshaft.model.prognosis import Settings, with_head
from lineshaft.model.supervised import Candidate, Matrix

LAGS = (0, 5, 10, 20, 40)
MOST_MOMENTS = 3000
BREADTHS = np.logspace(-2, 1, 13)


class Library:
    """Wire ``value`` [1]: kernel-weighted mean of the lives of a bank of windows [M, W], one matrix product.

    The window is the smoothed wear at a few lags and the age. The kernel's breadth is the one that predicts each
    machine best from the others (leave-one-machine-out).
    """

    reads: tuple[str, ...] = ("lagged", "target", "group")

    def __init__(self) -> None:
        self.bank: Matrix = np.zeros((1, 1))
        self.lives: Matrix = np.zeros((1, 1))
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.breadth = 1.0

    def fit(self, seen: Seen) -> None:
        windows = np.asarray(seen["lagged"], np.float64)
        rows = np.linspace(0, len(windows) - 1, min(len(windows), MOST_MOMENTS)).astype(int)
        self.centre, self.scale = standard_scale(windows)
        self.bank = (windows[rows] - self.centre) / self.scale
        self.lives = np.asarray(seen["target"], np.float64)[rows, :1]
        self.breadth = _breadth(self.bank, self.lives, seen["group"][rows])

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        query = scaled(g, wires["lagged"], self.centre, self.scale)
        gain = 1.0 / self.breadth
        # exp(-|q - b|^2 / breadth), normalised: the part of |q|^2 is the same for all and falls out
        closeness = g.add(g.project(query, 2.0 * gain * self.bank.T), -gain * (self.bank**2).sum(axis=1))
        return {"value": g.project(g.softmax(closeness), self.lives)}


def _breadth(bank: Matrix, lives: Matrix, group: NDArray[np.integer]) -> float:
    """Of the squared distance per feature: the one with the least error from other groups."""
    rows = np.arange(0, len(bank), 3)
    square = ((bank[rows] ** 2).sum(axis=1)[:, None] - 2 * bank[rows] @ bank.T + (bank**2).sum(axis=1))
    square[group[rows][:, None] == group] = np.inf
    if not np.isfinite(square).any(axis=1).all():
        return float(bank.shape[1])
    square -= square.min(axis=1, keepdims=True)
    errors = []
    for breadth in BREADTHS * bank.shape[1]:
        weight = np.exp(-square / breadth)
        errors.append(float(((weight @ lives / weight.sum(axis=1, keepdims=True) - lives[rows]) ** 2).mean()))
    return float(BREADTHS[int(np.argmin(errors))] * bank.shape[1])


class Similarity:
    """A library of run-to-failure histories."""

    name: ClassVar[str] = "similarity"

    @staticmethod
    def candidates(examples: Examples, settings: Settings) -> Sequence[Candidate]:
        return (with_head("similarity", examples, settings, Library, (Lagged(LAGS),)),)


LEARNER = Similarity
