"""What a monitor's learner is: a block that turns features into an energy and each tag's part in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import discovery
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.memory import memory
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
FAMILY = "lineshaft.model.monitor"
SPREAD_PER_MEMORY = 16.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The one default configuration of the monitor, for every plant; docs/adr/0002 says where it comes from.

    ``window`` and ``lags`` are in ticks; ``smoothing`` is the weight of the newest energy, ``falling`` that of one
    below the mean for learners of levels, which remember what is over for a window already; ``release`` the score under
    which an alarm ends, ``false_alarm_rate`` the stated chance that one tick of normal operation is over
    the limit; ``calibration`` is the last share of the normal stretch, which sets the limit and nothing else;
    ``folds`` and ``fold_weight`` say how the spread behind the limit is estimated (see ``calibrate``); ``cap`` is
    how many limits a single tick may count for; ``memories`` how many times the normal stretch must hold the
    slowest tag's memory before a learner of dynamics may be chosen; ``lead`` by how much another learner must
    beat the plain reference.
    """

    window: int = 20
    lags: int = 3
    smoothing: float = 0.12
    falling: float = 0.2
    release: float = 0.85
    debounce: int = 1
    false_alarm_rate: float = 2e-5
    calibration: float = 0.3
    folds: int = 5
    fold_weight: float = 0.6
    cap: float = 10.0
    memories: float = 25.0
    lead: float = 0.05
    seed: int = 0


class Learner(Protocol):
    """A block of its own kind: ``energy`` [1] >= 0 grows with strangeness, ``contribution`` [C] >= 0 says where.

    ``aside`` says why the automatic choice doesn't try it, so that it is used only when asked for by name; empty for
    the others.
    """

    name: ClassVar[str]
    features: ClassVar[Literal["level", "past", "signal"]]
    aside: ClassVar[str]
    reads: tuple[str, ...]

    def __init__(self, channels: int, settings: Settings) -> None: ...

    def fit(self, seen: Seen) -> None:
        """From the wire ``features`` of normal rows."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        """Wires ``energy`` and ``contribution``."""


@cache
def learners() -> Mapping[str, type[Learner]]:
    """Every learner there is, by name."""
    return {name: discovery.load(FAMILY, name).LEARNER for name in discovery.names(FAMILY)}


def standard_scale(f: Matrix) -> tuple[Matrix, Matrix]:
    """Mean and deviation per column; 1 where a column never moves."""
    mean, deviation = f.mean(axis=0), f.std(axis=0, ddof=1)
    return mean, np.where(deviation <= 1e-9 * (1.0 + np.abs(mean)), 1.0, deviation)


def robust_scale(level: Matrix, signal: Matrix) -> tuple[Matrix, Matrix]:
    """Median and 1.4826 MAD of the levels [N, C], widened for slow tags.

    A tag of memory m was seen at only N / m independent levels, so N rows underestimate its range: the scale
    grows by 1 + 16 m / N. ``signal`` [N, C] are the tags themselves, whose memory counts.
    """
    middle = np.median(level, axis=0)
    spread = 1.4826 * np.median(np.abs(level - middle), axis=0)
    deviation = level.std(axis=0)
    spread = np.where(spread < 1e-3 * deviation, deviation, spread)
    spread = spread * (1.0 + SPREAD_PER_MEMORY * memory(signal) / len(signal))
    return middle, np.where(spread <= 1e-9 * (1.0 + np.abs(middle)), 1.0, spread)


def scaled(g: StepBuilder, f: Wire, centre: Matrix, scale: Matrix) -> Wire:
    """(f - centre) / scale."""
    return g.multiply(g.subtract(f, centre), 1.0 / scale)
