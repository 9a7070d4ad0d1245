"""What a monitor's learner is: a block that turns features into an energy and each tag's part in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """The one default configuration of the monitor, for every plant; docs/adr/0002 says where it comes from.

    ``window`` and ``lags`` are in ticks; ``smoothing`` is the weight of the newest energy, ``release`` the score
    under which an alarm ends, ``false_alarm_rate`` the stated chance that one tick of normal operation is over
    the limit; ``calibration`` is the last share of the normal stretch, which sets the limit and nothing else;
    ``folds`` and ``fold_weight`` say how the spread behind the limit is estimated (see ``calibrate``); ``cap`` is
    how many limits a single tick may count for; ``memories`` how many times the normal stretch must hold the
    slowest tag's memory before a learner of dynamics may be chosen; ``lead`` by how much another learner must
    beat the plain reference.
    """

    window: int = 20
    lags: int = 3
    smoothing: float = 0.12
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
    """A block of its own kind: ``energy`` [1] >= 0 grows with strangeness, ``contribution`` [C] >= 0 says where."""

    name: ClassVar[str]
    features: ClassVar[Literal["level", "past"]]
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


def quadratic(g: StepBuilder, features: Wire, root: Matrix, channels: int, lost: Wire | None = None) -> Wires:
    """Energy |f R|^2 of features f [n * channels], and each channel's reconstruction-based contribution.

    With M = R R' and B the n places of a channel, it contributes (M f)_B' inv(M_BB) (M f)_B: the energy that
    vanishes when that channel's places are replaced by their best reconstruction (Alcala and Qin, Automatica
    45, 2009, for several places at once).
    """
    scores = g.project(features, root)
    if lost is not None:
        scores = _without(g, scores, root, lost)
    places = features.shape[0] // channels
    pull = g.square(g.project(scores, _reconstruction(root, channels)))
    contribution = pull if places == 1 else g.reshape(
        g.sum(g.reshape(pull, (places, channels)), axis=0), (channels,))
    return {"energy": g.sum(g.square(scores)), "contribution": contribution}


def _without(g: StepBuilder, scores: Wire, root: Matrix, lost: Wire) -> Wire:
    """Scores f R after the places of lost tags are moved to where the energy is least.

    Conjugate directions, preconditioned by each tag's own block: exact at once for one lost tag, never above the
    energy before, and so near the least for a few, which can't be above that of the values that were lost.
    """
    channels = lost.shape[0]
    everywhere = g.concat([lost] * (len(root) // channels))
    towards = _blocks(root, channels, lambda rows: np.linalg.pinv(rows @ rows.T, 1e-10, hermitian=True) @ rows).T
    gone: list[tuple[Wire, Wire]] = []
    for _ in range(ROUNDS):
        change = g.project(g.multiply(g.project(scores, towards), everywhere), root)
        for other, size in gone:
            change = g.subtract(change, g.multiply(other, g.divide(g.sum(g.multiply(change, other)), size)))
        gone.append((change, g.maximum(g.sum(g.square(change)), 1e-30)))
        scores = g.subtract(scores, g.multiply(change, g.divide(g.sum(g.multiply(scores, change)), gone[-1][1])))
    return scores


def _reconstruction(root: Matrix, channels: int) -> Matrix:
    """[r, n]: columns of channel i's places are R' M_B inv-root(M_BB), so their squares sum to its contribution."""
    return _blocks(root, channels, lambda rows: inverse_root(rows @ rows.T) @ rows).T


def _blocks(root: Matrix, channels: int, change: Callable[[Matrix], Matrix]) -> Matrix:
    """``root`` with the rows of each channel's places changed together."""
    changed = np.empty_like(root)
    for channel in range(channels):
        places = np.arange(channel, len(root), channels)
        changed[places] = change(root[places])
    return changed


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


def inverse_root(covariance: Matrix) -> Matrix:
    """Symmetric inverse square root; directions with less than 1e-7 of the largest variance count as
    having that, since in float32 they hold nothing but rounding."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 1e-7 * max(values.max(), 1e-12))
    root: Matrix = (vectors * values**-0.5) @ vectors.T
    return root
