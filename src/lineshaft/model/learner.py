"""What a monitor's learner is: a block that turns features into an energy and each tag's part in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import discovery
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
FAMILY = "lineshaft.model.monitor"


@dataclass(frozen=True, slots=True)
class Settings:
    """The one default configuration of the monitor, for every plant; docs/adr/0002 says where it comes from.

    Lengths are in ticks. ``false_alarm_rate`` is the stated chance that one tick of normal operation alarms.
    """

    window: int = 20
    lags: int = 3
    smoothing: float = 0.12
    release: float = 0.9
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


def learners() -> Mapping[str, type[Learner]]:
    """Every learner there is, by name."""
    return {name: discovery.load(FAMILY, name).LEARNER for name in discovery.names(FAMILY)}


def quadratic(g: StepBuilder, features: Wire, root: Matrix, channels: int) -> Wires:
    """Energy |f R|^2 of features f [n * channels], and each channel's reconstruction-based contribution.

    With M = R R', channel i contributes (M f)_i^2 / M_ii, summed over its n places: how much the energy falls
    when that channel alone is put right (Alcala and Qin, Automatica 45, 2009).
    """
    scores = g.project(features, root)
    pull = g.square(g.project(scores, root.T))
    diagonal = np.maximum((root**2).sum(axis=1), 1e-12)
    per_place = g.multiply(pull, 1.0 / diagonal)
    places = features.shape[0] // channels
    contribution = per_place if places == 1 else g.reshape(
        g.sum(g.reshape(per_place, (places, channels)), axis=0), (channels,))
    return {"energy": g.sum(g.square(scores)), "contribution": contribution}


def standard_scale(f: Matrix) -> tuple[Matrix, Matrix]:
    """Mean and deviation per column; 1 where a column never moves."""
    mean, deviation = f.mean(axis=0), f.std(axis=0, ddof=1)
    return mean, np.where(deviation <= 1e-9 * (1.0 + np.abs(mean)), 1.0, deviation)


def robust_scale(f: Matrix, drift: float = 1.0) -> tuple[Matrix, Matrix]:
    """Median, and the root of MAD^2 plus ``drift`` times the squared shift from the first half to the second.

    The shift is what a slow drift does in a stretch of this length, which no MAD within it can see.
    """
    middle = np.median(f, axis=0)
    spread = 1.4826 * np.median(np.abs(f - middle), axis=0)
    deviation = f.std(axis=0)
    spread = np.where(spread < 1e-3 * deviation, deviation, spread)
    half = len(f) // 2
    shift = np.median(f[half:], axis=0) - np.median(f[:half], axis=0)
    spread = np.sqrt(spread**2 + drift * shift**2)
    return middle, np.where(spread <= 1e-9 * (1.0 + np.abs(middle)), 1.0, spread)


def scaled(g: StepBuilder, f: Wire, centre: Matrix, scale: Matrix) -> Wire:
    """(f - centre) / scale."""
    return g.multiply(g.subtract(f, centre), 1.0 / scale)


def inverse_root(covariance: Matrix) -> Matrix:
    """Symmetric inverse square root; directions without variance get that of 1e-10 of the largest."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 1e-10 * values.max())
    root: Matrix = (vectors * values**-0.5) @ vectors.T
    return root
