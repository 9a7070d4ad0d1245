"""Checks of the values: missing, bad, constant, frozen, out of range, spikes, coarse steps, drift.

Every limit is set against the tag's own noise, so no check needs to know what the tag measures.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lineshaft.dataset.quality.column import Column, longest, spans
from lineshaft.dataset.quality.finding import Finding, Kind, Severity

SIGMA = 1.4826
"""Median absolute deviation -> standard deviation of a normal distribution."""
FROZEN_TIMES, FROZEN_LEAST, FROZEN_APART = 10.0, 10, 3.0
SPIKE_SIGMAS, SPIKE_MOST = 8.0, 0.02
COARSE_LEVELS = 20.0
DRIFT_BLOCKS, DRIFT_TAU, DRIFT_SIGMAS = 20, 0.8, 3.0
SAMPLE = 100_000
"""Noise and step are estimated on this many samples at most."""


def noise_of(data: Column) -> float:
    """Standard deviation of the sample-to-sample change, robust, as of white noise (NaN below 3 samples).

    Where more than half of the samples repeat the last one the median says nothing, and the mean is taken.
    """
    steps = np.abs(np.diff(data.value[:SAMPLE])[~data.edge[1:SAMPLE]])
    if len(steps) < 2:
        return float("nan")
    if middle := float(np.median(steps)):
        return SIGMA * middle / 2**0.5
    return float(np.mean(steps)) * math.sqrt(math.pi) / 2


def step_of(data: Column) -> float:
    """The instrument's smallest step where all values are multiples of it, else 0."""
    levels = np.unique(data.value[:SAMPLE])
    if not 2 <= len(levels) <= SAMPLE // 2:
        return 0.0
    gaps = np.diff(levels)
    step = float(gaps.min())
    if not step > 1e-12 * max(abs(levels[0]), abs(levels[-1])):
        return 0.0
    # Numbers printed with few digits are multiples of a step only up to rounding.
    multiples = gaps / step
    regular = np.abs(multiples - np.round(multiples)) < 0.05
    return step if regular.mean() > 0.95 else 0.0


def missing(data: Column) -> Finding | None:
    """Samples without a number."""
    return _masked(data, Kind.MISSING, data.missing)


def bad(data: Column) -> Finding | None:
    """Samples that the source itself called bad."""
    return _masked(data, Kind.BAD, data.bad)


def _masked(data: Column, kind: Kind, mask: NDArray[np.bool_]) -> Finding | None:
    count = int(mask.sum())
    if not count:
        return None
    share = count / len(data)
    level = Severity.FAULT if share > 0.5 else Severity.WARNING if share > 0.01 else Severity.INFO
    return Finding(data.tag.path, kind, level, count, share, spans(mask, data.time, data.first))


def constant(data: Column) -> Finding | None:
    """One value throughout."""
    if len(data.value) < 2 or data.value.min() != data.value.max():
        return None
    return Finding(data.tag.path, Kind.CONSTANT, Severity.WARNING, len(data.value), 1.0,
                   figures={"value": float(data.value[0])})


def _repeats(data: Column) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First place and length of every run of equal values."""
    new = data.edge.copy()
    new[1:] |= data.value[1:] != data.value[:-1]
    start = np.flatnonzero(new)
    return start, np.diff(np.append(start, len(data.value)))


def frozen(data: Column) -> tuple[Finding, ...]:
    """A value that repeats far longer than this tag's values do.

    A run of equal values counts from ten times the length that nine in ten runs stay below (with values that
    repeat by chance it has a probability of about 1e-10), and only if it is three times longer than the longest
    run that does not count: a coarse instrument has runs of all lengths. A run at the end of the range, at
    zero, or at a value that the tag rests at more than once is a machine at rest or a saturated instrument
    rather than a dead one, and is said apart.
    """
    if len(data.value) < 2 * FROZEN_LEAST or data.value.min() == data.value.max():
        return ()
    start, length = _repeats(data)
    usual = float(np.quantile(length, 0.9))
    long = length >= _apart(length, max(FROZEN_LEAST, FROZEN_TIMES * usual))
    start, length = start[long], length[long]
    if not len(start):
        return ()
    rests = _at_rest(data, data.value[start])
    found = (_held(data, Kind.FROZEN, start[~rests], length[~rests], usual),
             _held(data, Kind.AT_REST, start[rests], length[rests], usual))
    return tuple(one for one in found if one is not None)


def _apart(length: NDArray[np.intp], least: float) -> float:
    """The shortest length from ``least`` on that stands apart from the next shorter one, or infinity."""
    kinds = np.unique(length)
    apart = (kinds[1:] >= least) & (kinds[1:] >= FROZEN_APART * kinds[:-1])
    return float(kinds[1:][apart][0]) if apart.any() else float("inf")


def _at_rest(data: Column, value: NDArray[np.float64]) -> NDArray[np.bool_]:
    ends = [0.0, float(data.value.min()), float(data.value.max())]
    ends += [float(end) for end in (data.tag.low, data.tag.high) if end is not None]
    levels, times = np.unique(value, return_counts=True)
    again = np.isin(value, levels[times > 1])
    return again | np.isin(value, ends)


def _held(data: Column, kind: Kind, start: NDArray[np.intp], length: NDArray[np.intp], usual: float
          ) -> Finding | None:
    if not len(start):
        return None
    time = data.good_time
    share = float(length.sum()) / len(data)
    begin, end = time[start], time[start + length - 1]
    most = int(np.argmax(end - begin))
    level = Severity.INFO if kind is Kind.AT_REST else Severity.FAULT if share > 0.5 else Severity.WARNING
    figures = {"value": float(data.value[start[most]]), "longest_ns": float(end[most] - begin[most]),
               "usual": usual}
    return Finding(data.tag.path, kind, level, len(start), share, longest(begin, end), figures)


def out_of_range(data: Column) -> Finding | None:
    """Values beyond the instrument range that the source states."""
    low, high = data.tag.low, data.tag.high
    outside = np.zeros(len(data.value), np.bool_)
    if low is not None:
        outside |= data.value < low
    if high is not None:
        outside |= data.value > high
    count = int(outside.sum())
    if not count:
        return None
    figures = {"least": float(data.value.min()), "most": float(data.value.max())}
    figures |= {name: end for name, end in (("low", low), ("high", high)) if end is not None}
    share = count / len(data)
    return Finding(data.tag.path, Kind.OUT_OF_RANGE, Severity.WARNING if share > 0.001 else Severity.INFO,
                   count, share, spans(outside, data.good_time, data.edge), figures)


def spikes(data: Column) -> Finding | None:
    """Single values (or pairs) far off the median of the five around them (Hampel's identifier).

    The scale is the robust spread of that distance over the whole history; a step is no spike, since the
    median follows it.
    """
    if len(data.value) < 50:
        return None
    away = np.abs(data.value - median_of_five(data.value))
    moving = away[away > 0]
    if not len(moving):
        return None
    scale = SIGMA * float(np.median(away)) or SIGMA * float(np.median(moving))
    spike = away > SPIKE_SIGMAS * max(scale, noise_of(data))
    count = int(spike.sum())
    if not count or count > SPIKE_MOST * len(spike) or len(moving) < 0.01 * len(spike):
        return None  # what happens often is how the tag moves; what hardly ever moves (a setpoint) steps
    share = count / len(data)
    figures = {"largest": float(away.max()), "limit": SPIKE_SIGMAS * max(scale, noise_of(data))}
    return Finding(data.tag.path, Kind.SPIKE, Severity.WARNING if share > 0.001 else Severity.INFO, count,
                   share, spans(spike, data.good_time, data.edge), figures)


def median_of_five(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running median over five values, the ends repeated, by a network of seven comparisons.

    >>> median_of_five(np.array([1.0, 1.0, 9.0, 1.0, 2.0, 2.0])).tolist()
    [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    """
    y = np.pad(x, 2, mode="edge")
    count = len(x)
    a, b, c, d, e = (y[i:i + count] for i in range(5))
    a, b = np.minimum(a, b), np.maximum(a, b)
    d, e = np.minimum(d, e), np.maximum(d, e)
    d = np.maximum(a, d)  # the smallest of all five is not the median
    b = np.minimum(b, e)  # nor is the largest
    low, high = np.minimum(b, d), np.maximum(b, d)
    return np.maximum(low, np.minimum(c, high))


def coarse(data: Column) -> Finding | None:
    """An instrument whose step is large against what it shows: small changes stay unseen."""
    step = step_of(data)
    if not step:
        return None
    low, high = np.quantile(data.value, [0.01, 0.99])
    levels = float(high - low) / step
    if not 3 < levels < COARSE_LEVELS:
        return None  # two or three levels are a switch or a mode, not a coarse instrument
    return Finding(data.tag.path, Kind.COARSE, Severity.INFO, round(levels) + 1, 1.0,
                   figures={"step": step})


def drift(data: Column) -> Finding | None:
    """Medians of twenty blocks that climb or fall nearly all the way (Mann-Kendall tau), beyond the spread.

    Only over a single run: what differs between two machines is no drift.
    """
    if len(data.value) < 20 * DRIFT_BLOCKS or data.edge[1:].any():
        return None
    blocks = np.array_split(data.value, DRIFT_BLOCKS)
    middle = np.array([np.median(block) for block in blocks])
    spread = SIGMA * float(np.median([np.median(np.abs(block - np.median(block))) for block in blocks]))
    change = float(middle[-1] - middle[0])
    pairs = np.sign(middle[None, :] - middle[:, None])[np.triu_indices(DRIFT_BLOCKS, 1)]
    tau = float(pairs.mean())
    if abs(tau) < DRIFT_TAU or abs(change) < DRIFT_SIGMAS * max(spread, noise_of(data)):
        return None
    figures = {"from": float(middle[0]), "to": float(middle[-1]), "tau": tau}
    return Finding(data.tag.path, Kind.DRIFT, Severity.INFO, 1, 1.0, figures=figures)
