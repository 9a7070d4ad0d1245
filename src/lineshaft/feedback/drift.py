"""Drift: whether a tag still looks as it did where the model learnt what is normal.

The size of a change is the population stability index over deciles of the reference; 0.1 and 0.25 are the usual
marks (Siddiqi, Credit Risk Scorecards, 2006). Whether it may be chance follows from its distribution under "nothing
changed", about ``(1/n + 1/m) chi2(bins - 1)`` (Yurdakul and Naranjo, Journal of Risk Model Validation 14(4), 2020).
Both that and the distance of Kolmogorov and Smirnov count samples as independent, which samples of a plant are not:
``n`` and ``m`` here are divided by the tag's memory in the reference (Geyer's initial positive sequence, 1992).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError

BINS = 10
NOTICEABLE, LARGE = 0.1, 0.25
CHANCE = 0.01
_HALF = 0.5  # added to every bin's count (Jeffreys), so that an empty one has a finite logarithm

Floats = NDArray[np.float64]


class State(StrEnum):
    """STEADY: below the first mark; MOVED and DRIFTED: over the first or second mark, and more than chance would do;
    UNSURE: over a mark, and chance may do that with so few independent samples; SILENT: nothing to compare."""

    STEADY = "steady"
    MOVED = "moved"
    DRIFTED = "drifted"
    UNSURE = "unsure"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Sampled:
    """How many samples, and how many independent ones they are worth."""

    count: int
    effective: float


@dataclass(frozen=True, slots=True)
class Drift:
    """One tag's window against its reference.

    ``psi_chance`` and ``ks_chance`` are what chance alone stays below with probability 1 - ``chance``; ``shift`` is
    the change of the mean in reference standard deviations (infinite where the reference never moved), ``spread``
    the ratio of standard deviations, ``outside`` the share of the window beyond the reference's range. ``edges`` [B-1]
    part ``expected`` and ``found`` [B], shares of reference and window.
    """

    state: State
    psi: float
    psi_chance: float
    ks: float
    ks_chance: float
    shift: float
    spread: float
    outside: float
    reference: Sampled
    window: Sampled
    edges: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    found: tuple[float, ...] = ()


def drift(reference: Floats, window: Floats, *, run: NDArray[np.int32] | None = None, weights: Floats | None = None,
          chance: float = CHANCE) -> Drift:
    """Compare finite values of a tag, both in order of time on one grid.

    ``run`` [N]: reference values of one unbroken run share a number; ``weights`` [N] says how much each counts (see
    ``mode_weights``). ``chance`` is how often a tag that did not change may be called changed; divide it by the number
    of tags that are looked at together.
    """
    if not 0 < chance < 1:
        raise UsageError(f"{chance} is no probability", where="chance", do="give one between 0 and 1")
    heavy = np.ones(len(reference)) if weights is None else np.asarray(weights, np.float64)
    kept = heavy > 0
    memory = memory_of(reference, run)
    ticks = (float(heavy.sum()) ** 2 / float((heavy**2).sum())) if kept.any() else 0.0
    old = Sampled(int(kept.sum()), _independent(ticks, memory))
    new = Sampled(len(window), _independent(len(window), memory))
    if not kept.any() or not len(window):
        return Drift(State.SILENT, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, old, new)
    known, heavy = reference[kept], heavy[kept] / heavy[kept].sum()
    edges = bin_edges(known, heavy)
    expected, found = shares(known, edges, heavy * len(known)), shares(window, edges)
    psi, psi_chance = stability_index(expected, found), _psi_chance(len(edges) + 1, old, new, chance)
    (mean, sigma), (now, spread) = _moments(known, heavy), _moments(window, np.full(len(window), 1 / len(window)))
    return Drift(_state(psi, psi_chance), psi, psi_chance, distance(known, window, heavy), _ks_chance(old, new, chance),
                 _ratio(now - mean, sigma), _ratio(spread, sigma, 1.0),
                 float(((window < known.min()) | (window > known.max())).mean()), old, new, tuple(edges.tolist()),
                 tuple(expected.tolist()), tuple(found.tolist()))


def bin_edges(values: Floats, weights: Floats | None = None, bins: int = BINS) -> Floats:
    """Inner edges of quantile bins ``(..., edge]``; a value that many share gets a bin of its own.

    >>> bin_edges(np.arange(1.0, 9.0), bins=4).tolist()
    [2.0, 4.0, 6.0]
    >>> len(bin_edges(np.full(9, 5.0)))  # below, equal, above
    2
    """
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    places = np.searchsorted(mass, mass[-1] * np.arange(1, bins) / bins * (1 - 1e-12))
    inner, times = np.unique(values[order][places], return_counts=True)
    return np.unique(np.concatenate([inner, np.nextafter(inner[times > 1], -np.inf)]))


def shares(values: Floats, edges: Floats, weights: Floats | None = None) -> Floats:
    """The share of values in each of ``len(edges) + 1`` bins, none of them zero."""
    counts = np.bincount(np.searchsorted(edges, values, side="left"), weights, minlength=len(edges) + 1)
    found: Floats = (counts + _HALF) / (counts.sum() + _HALF * len(counts))
    return found


def stability_index(expected: Floats, found: Floats) -> float:
    """Population stability index of two distributions over the same bins; 0 where they are equal.

    >>> round(stability_index(np.array([0.5, 0.5]), np.array([0.9, 0.1])), 3)
    0.879
    """
    return float(((found - expected) * np.log(found / expected)).sum())


def distance(reference: Floats, window: Floats, weights: Floats | None = None) -> float:
    """The largest difference of the two distribution functions (Kolmogorov and Smirnov), 0 to 1.

    >>> distance(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    order = np.argsort(reference, kind="stable")
    mass = np.cumsum(np.ones(len(reference)) if weights is None else weights[order])
    old, new = reference[order], np.sort(window)
    points = np.unique(np.concatenate([old, new]))
    before = np.concatenate([[0.0], mass / mass[-1]])[np.searchsorted(old, points, side="right")]
    after = np.searchsorted(new, points, side="right") / len(new)
    return float(np.abs(before - after).max())


def memory_of(values: Floats, run: NDArray[np.int32] | None = None) -> float:
    """How many samples are worth one independent one: 1 for noise, more the longer a value is remembered.

    At most what leaves one independent sample; 1 for what never moves.

    >>> memory_of(np.array([3.0, 3.0, 3.0]))
    1.0
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return 1.0
    centred, pieces = values - values.mean(), _pieces(len(values), run)
    centred /= np.abs(centred).max()  # squares of the smallest numbers would be nothing
    size = 1 << (2 * max(stop - start for start, stop in pieces) - 1).bit_length()
    spectrum = sum(np.abs(np.fft.rfft(centred[start:stop], size)) ** 2 for start, stop in pieces)
    covariance = np.fft.irfft(spectrum, size)[:size // 2]
    pairs = (covariance[: len(covariance) // 2 * 2].reshape(-1, 2).sum(axis=1)) / covariance[0]
    negative = np.flatnonzero(pairs <= 0)
    positive = np.minimum.accumulate(pairs[: negative[0] if len(negative) else len(pairs)])
    return float(np.clip(2 * positive.sum() - 1, 1.0, len(values)))


def mode_weights(reference: NDArray[np.int64], window: NDArray[np.int64]) -> Floats:
    """Weights [N] that give the reference the window's mix of operating modes: an hour in one mode is no drift.

    Both hold a mode's number per row. A mode that the window lacks weighs nothing; rows of the window in a mode that
    the reference lacks are the caller's to tell.

    >>> mode_weights(np.array([0, 0, 0, 1]), np.array([0, 1])).tolist()
    [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0]
    """
    shared = window[np.isin(window, reference)]
    weights = np.zeros(len(reference))
    for mode in np.unique(shared):
        here = reference == mode
        weights[here] = float((shared == mode).mean()) / float(here.mean())
    return weights


def _moments(values: Floats, weights: Floats) -> tuple[float, float]:
    """Mean and standard deviation; of what never moves exactly, where sums would round."""
    if np.ptp(values) == 0:
        return float(values[0]), 0.0
    mean = float(weights @ values)
    return mean, math.sqrt(float(weights @ (values - mean) ** 2))


def _pieces(count: int, run: NDArray[np.int32] | None) -> list[tuple[int, int]]:
    cuts = [] if run is None else (np.flatnonzero(np.diff(run)) + 1).tolist()
    return list(zip([0, *cuts], [*cuts, count], strict=True))


def _independent(count: float, memory: float) -> float:
    return max(1.0, count / memory) if count else 0.0


def _state(psi: float, by_chance: float) -> State:
    if psi < NOTICEABLE:
        return State.STEADY
    if psi <= by_chance:
        return State.UNSURE
    return State.DRIFTED if psi >= LARGE else State.MOVED


def _psi_chance(bins: int, old: Sampled, new: Sampled, chance: float) -> float:
    """The quantile of chi-square is that of Wilson and Hilferty, 1931."""
    freedom = max(1, bins - 1)
    normal = NormalDist().inv_cdf(1 - chance)
    quantile = freedom * (1 - 2 / (9 * freedom) + normal * math.sqrt(2 / (9 * freedom))) ** 3
    return quantile * (1 / old.effective + 1 / new.effective)


def _ks_chance(old: Sampled, new: Sampled, chance: float) -> float:
    """Smirnov's limit for large samples."""
    return min(1.0, math.sqrt(-math.log(chance / 2) / 2 * (1 / old.effective + 1 / new.effective)))


def _ratio(change: float, sigma: float, both_zero: float = 0.0) -> float:
    if sigma > 0:
        return change / sigma
    return both_zero if change == 0 else math.copysign(math.inf, change)
