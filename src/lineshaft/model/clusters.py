"""Modes as places among the features: what learners of modes share when they write themselves into the graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import discovery
from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.description import description_length
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.pipeline import Seen, Wires

FAMILY = "lineshaft.model.segment"
Matrix = NDArray[np.float64]
Labels = NDArray[np.intp]
MOST_MODES = 8
MOST_ROWS = 600
MOST_CORES = 256


class ModeLearner(Protocol):
    """``modes`` is how many there are to be; 0 lets it find out. ``count`` is how many it found."""

    name: ClassVar[str]
    reads: tuple[str, ...]
    count: int

    def __init__(self, modes: int = 0, seed: int = 0) -> None: ...

    def fit(self, seen: Seen) -> None:
        """From ``features`` [N, F]."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        """Wire ``value`` [K], membership of each mode, which sums to 1."""


@cache
def learners() -> Mapping[str, type[ModeLearner]]:
    """Every learner of modes, by name."""
    return {name: discovery.load(FAMILY, name).LEARNER for name in discovery.names(FAMILY)}


class Places(ABC):
    """Modes as sets of core points: a row belongs to the mode of the nearest, the more surely the nearer it is.

    A subclass gives ``found(z)``: core points [P, F] out of rows z [M, F], and the mode [P] of each.
    """

    reads: tuple[str, ...] = ("features",)
    most_rows: ClassVar[int] = MOST_ROWS

    def __init__(self, modes: int = 0, seed: int = 0) -> None:
        self.modes, self.seed, self.count = modes, seed, 0
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.cores: list[Matrix] = []
        self.width = 1.0

    @abstractmethod
    def found(self, z: Matrix) -> tuple[Matrix, Labels]:
        """Core points [P, F] and the mode [P] of each, numbered from 0."""

    def fit(self, seen: Seen) -> None:
        features = np.asarray(seen["features"], np.float64)
        self.centre, self.scale = standard_scale(features)
        z = (features - self.centre) / self.scale
        cores, owner = self.found(z[spread(len(z), self.most_rows)])
        if not len(cores):
            raise UsageError("no mode was found: the rows lie too far apart", where="modes", do="give more rows")
        self.count = int(owner.max()) + 1
        self.cores = [cores[owner == k][spread(int((owner == k).sum()), MOST_CORES // self.count)]
                      for k in range(self.count)]
        nearest = self._squares(z).min(axis=1)
        self.width = max(float(np.median(nearest)), 1e-3)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        # |z - b|^2 less |z|^2, which all modes share and softmax leaves out
        nearness = [g.subtract(g.multiply(g.project(z, bank.T), 2.0), (bank**2).sum(axis=1)) for bank in self.cores]
        best = [g.largest(one) if one.shape[0] > 1 else one for one in nearness]
        return {"value": membership(g, best, 0.5 / self.width)}

    def _squares(self, z: Matrix) -> Matrix:
        """Squared distance [N, K] to the nearest core of each mode."""
        return np.stack([((z**2).sum(axis=1)[:, None] - 2 * z @ bank.T + (bank**2).sum(axis=1)).min(axis=1)
                         for bank in self.cores], axis=1).clip(0)


def membership(g: StepBuilder, logs: Sequence[Wire], gain: float = 1.0) -> Wire:
    """Softmax over modes; 1 where there is only one."""
    if len(logs) == 1:
        return g.add(g.multiply(logs[0], 0.0), 1.0)
    return g.softmax(g.multiply(g.concat(list(logs)), gain))


def by_description(z: Matrix, modes: int, label: Callable[[int], Labels]) -> Labels:
    """Labels for so many modes, or for the number (1 to 8) that describes the rows in the fewest words."""
    if modes:
        return label(modes)
    most = min(MOST_MODES, max(1, len(z) // 10))
    tried = [label(count) if count > 1 else np.zeros(len(z), np.intp) for count in range(1, most + 1)]
    return min(tried, key=lambda found: description_length(z, found))


def centres(z: Matrix, labels: Labels) -> tuple[Matrix, Labels]:
    """The mean of each mode as its only core; modes in order of how many rows they have."""
    kept = np.unique(labels[labels >= 0])
    order = sorted(kept.tolist(), key=lambda k: (-int((labels == k).sum()), k))
    if not order:
        return np.empty((0, z.shape[1])), np.empty(0, np.intp)
    return np.stack([z[labels == k].mean(axis=0) for k in order]), np.arange(len(order))


def spread(count: int, most: int) -> NDArray[np.intp]:
    """At most so many of ``count`` rows, evenly over time."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.intp)
