"""When a drift began: a change point by likelihood ratio, of a level, of a trend or of a spread.

The series is cut into blocks longer than its memory, whose means are about independent and normal; the level before the
change is that of the reference. For every place the likelihood of "as before until here, then a ramp of this length to
another level" is compared with "as before throughout". The interval of the begin is the set of places that are nearly
as likely (Hansen, Econometrica 68, 2000: twice the logarithm of the ratio stays under 7.35 with 95 % confidence). Page
(1954) and Hinkley (1971) look for the same change as it comes in; here the whole window is at hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.feedback.drift import CHANCE, memory_of

Floats = NDArray[np.float64]
FEWEST_BLOCKS, MOST_BLOCKS = 8, 2000
MEMORIES = 2.0  # of the series' memory in one block
NEARLY = 7.35
PARSIMONY = 3.84  # a ramp has one number more than a step: it has to be likelier by what chance gives one in 20
SUDDEN = 2  # blocks: a ramp no longer than this is a step
DRAWS = 999


class Change(StrEnum):
    """LEVEL: another mean at once; TREND: a ramp away from the old mean; SPREAD: another deviation; RATE: of a yes or
    no."""

    LEVEL = "level"
    TREND = "trend"
    SPREAD = "spread"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Onset:
    """A change at row ``begin`` of the window, between ``low`` and ``high`` with 95 % confidence (0: before it).

    ``size`` is how far the mean of the changed part is from the old one, in reference deviations (of |z| for a spread,
    in rate for a rate); ``chance`` how likely chance alone would look as much like a change, at most.
    """

    change: Change
    begin: int
    low: int
    high: int
    size: float
    chance: float


def onset(reference: Floats, window: Floats, *, run: NDArray[np.int32] | None = None, chance: float = CHANCE
          ) -> Onset | None:
    """Where finite values of a series, in order of time, began to differ from the reference; None where chance may do
    that (or where there are too few independent values).

    ``run`` [N]: reference values of one unbroken run share a number. ``chance`` is how often a series that did not
    change may be called changed.

    >>> steady = np.random.default_rng(0).normal(size=4000)
    >>> found = onset(steady[:2000], steady[2000:] + 1.0 * (np.arange(2000) >= 800))
    >>> found.change.value, abs(found.begin - 800) < 40
    ('level', True)
    """
    if len(reference) < FEWEST_BLOCKS or len(window) < FEWEST_BLOCKS:
        return None
    mean, sigma = float(reference.mean()), float(reference.std())
    if sigma <= 0:
        return _of_what_never_moved(reference, window)
    old, new = (reference - mean) / sigma, (window - mean) / sigma
    usual = float(np.abs(old).mean())
    found = [_changed(old, new, run, (Change.LEVEL, Change.TREND), chance / 2),
             _changed(np.abs(old) - usual, np.abs(new) - usual, run, (Change.SPREAD,), chance / 2)]
    told = [one for one in found if one is not None]
    return told[0] if told else None  # a level that moved moves |z| as well, and says more


def rate_onset(wrong: NDArray[np.bool_], *, chance: float = CHANCE, seed: int = 0) -> Onset | None:
    """Where a series of yes and no, in order of time, began to say yes more (or less) often; chance by permutation.

    >>> rate_onset(np.arange(40) >= 25).begin
    25
    """
    if len(wrong) < FEWEST_BLOCKS:
        return None
    hits = wrong.astype(np.float64)
    gain = _rate_gain(hits)
    random = np.random.default_rng(seed)
    drawn = random.permuted(np.tile(hits, (DRAWS, 1)), axis=1)
    beaten = int((_rate_gain(drawn).max(axis=1) >= gain.max() - 1e-9).sum())
    p = (1 + beaten) / (1 + DRAWS)
    if p > chance:
        return None
    place = int(gain.argmax()) + 1
    near = np.flatnonzero(gain >= gain.max() - NEARLY) + 1
    return Onset(Change.RATE, place, int(near[0]), int(near[-1]), float(hits[place:].mean() - hits[:place].mean()), p)


def _changed(old: Floats, new: Floats, run: NDArray[np.int32] | None, kinds: tuple[Change, ...], chance: float
             ) -> Onset | None:
    """The likeliest change of mean 0 in a standardised series."""
    length = _block(memory_of(old, run), len(new))
    if len(new) // length < FEWEST_BLOCKS:
        return None
    known = _means(old, length, run)
    spread, looks = _spread_of_means(old, known, length, run)
    y = _means(new, length)
    lengths = [1] if kinds == (Change.SPREAD,) else [2**k for k in range(int(math.log2(len(y))) + 2)]
    gains = [_ramp_gain(y, looks, length) for length in lengths]
    tops = [float(gain.max()) / spread**2 for gain in gains]
    best = next(place for place, top in enumerate(tops) if top >= max(tops) - PARSIMONY)
    gain = gains[best] / spread**2
    p = min(1.0, len(y) * len(lengths) * _two_sided(float(gain.max()), looks - 1.0))
    if p > chance:
        return None
    kind = kinds[-1] if lengths[best] > SUDDEN else kinds[0]
    likeliest = np.max(gains, axis=0) / spread**2
    near = np.flatnonzero(likeliest >= likeliest.max() - NEARLY)
    begin, size = int(gain.argmax()) * length, float(y[int(gain.argmax()):].mean())
    low, high = int(near[0]) * length, int(near[-1]) * length
    if lengths[best] <= SUDDEN:
        begin = _within(new, max(low - length, 0), min(high + length, len(new)), size)
    return Onset(kind, begin, min(low, begin), max(high, begin), size, p)


def _within(values: Floats, low: int, high: int, size: float) -> int:
    """The row between the two at which a step from 0 to ``size`` fits best, by least squares."""
    left = np.concatenate([[0.0], np.cumsum((values[low:high] - size / 2) * math.copysign(1.0, size))])
    return low + int(left.argmin())


def _block(memory: float, count: int) -> int:
    return max(1, math.ceil(MEMORIES * memory) if memory > 1.0 else 1, -(-count // MOST_BLOCKS))


def _means(values: Floats, length: int, run: NDArray[np.int32] | None = None) -> Floats:
    """Means of whole blocks, none across two runs."""
    pieces = [values] if run is None else np.split(values, np.flatnonzero(np.diff(run)) + 1)
    whole = [piece[:len(piece) // length * length].reshape(-1, length).mean(axis=1) for piece in pieces]
    return np.concatenate(whole)


def _spread_of_means(old: Floats, known: Floats, length: int, run: NDArray[np.int32] | None) -> tuple[float, float]:
    """Deviation of a block's mean, and how many independent blocks it was learnt from."""
    by_memory = float(old.std()) * math.sqrt(min(1.0, memory_of(old, run) / length))
    if len(known) < FEWEST_BLOCKS:
        return max(by_memory, 1e-12), max(2.0, len(old) / length)
    return max(float(known.std(ddof=1)), by_memory, 1e-12), float(len(known))


def _ramp_gain(y: Floats, looks: float, length: int) -> Floats:
    """Twice the logarithm of the likelihood ratio, in units of a block's variance, of a change that begins at each
    place: a ramp of ``length`` blocks to another level (1: a step).

    The old level is that of ``looks`` blocks of the reference (0) and of the window's blocks before the change.
    """
    count = len(y)
    place = np.arange(count + 1)
    total, moment = (np.concatenate([[0.0], np.cumsum(part)]) for part in (y, place[:-1] * y))
    begin = place[:-1]
    end = np.minimum(begin + length, count)
    rising = (moment[end] - moment[begin] - (begin - 1) * (total[end] - total[begin])) / length
    steps, held = (end - begin).astype(np.float64), (count - end).astype(np.float64)
    mass = steps * (steps + 1) / 2 / length + held
    square = steps * (steps + 1) * (2 * steps + 1) / 6 / length**2 + held - mass**2 / (looks + count)
    along = rising + total[count] - total[end] - mass * total[count] / (looks + count)
    return np.asarray(along**2 / np.maximum(square, 1e-12))


def _two_sided(square: float, freedom: float) -> float:
    """Chance that the square of Student's t is larger (Wallace's normal approximation, 1959)."""
    z = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(square / freedom))
    return 2 * NormalDist().cdf(-z)


def _rate_gain(hits: Floats) -> Floats:
    """Twice the logarithm of the likelihood ratio [..., N - 1] of two rates, parted before each place from 1."""
    count = hits.shape[-1]
    before, whole = np.cumsum(hits, axis=-1)[..., :-1], hits.sum(axis=-1, keepdims=True)
    size = np.arange(1, count)
    parts = _fit(before, size) + _fit(whole - before, count - size)
    return np.asarray(2 * (parts - _fit(whole, np.array(float(count)))))


def _fit(hits: Floats, size: NDArray[np.number[Any]]) -> Floats:
    """Logarithm of the likelihood at the rate that fits best."""
    rate = np.clip(hits / size, 1e-12, 1 - 1e-12)
    return np.asarray(hits * np.log(rate) + (size - hits) * np.log1p(-rate))


def _of_what_never_moved(reference: Floats, window: Floats) -> Onset | None:
    moved = np.flatnonzero(window != reference[0])
    if not len(moved):
        return None
    return Onset(Change.LEVEL, int(moved[0]), int(moved[0]), int(moved[0]), math.inf, 0.0)
