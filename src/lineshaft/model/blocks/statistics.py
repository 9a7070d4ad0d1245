"""Statistics of a window or of a block of samples, each sensor for itself: level, spread, shape, memory, movement.

Shape factors are those of machine diagnosis (crest factor, kurtosis: Dyer and Stewart, J. Mech. Design 100, 1978).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.signal import centred, joined
from lineshaft.model.pipeline import Seen, Wires

TINY = 1e-6
LAGS = (1, 2, 5, 10)


class Statistics:
    """Appends to ``features``: for each sensor of ``signal`` [C, T] its statistics, then correlations of sensors.

    ``levels`` False leaves out what depends on the absolute level, and takes logarithms of sizes, so that a gain of the
    sensor is a shift: right for vibration. ``pairs`` adds the correlation of each pair of sensors where there are few.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, levels: bool = True, lags: Sequence[int] = LAGS, pairs: bool = True, most_pairs: int = 400
                 ) -> None:
        self.levels, self.lags, self.pairs, self.most_pairs = levels, tuple(lags), pairs, most_pairs

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        signal = wires["signal"]
        return joined(g, wires, list(statistics(g, signal, self.levels, self.lags).values()) + self._pairs(g, signal))

    def _pairs(self, g: StepBuilder, signal: Wire) -> list[Wire]:
        sensors = signal.shape[0]
        upper = np.flatnonzero(np.triu(np.ones((sensors, sensors)), 1))
        if not self.pairs or not len(upper) or len(upper) > self.most_pairs:
            return []
        about, _ = centred(g, signal)
        unit = g.divide(about, g.add(g.sqrt(g.sum(g.square(about))), TINY))
        whole = g.reshape(g.matmul(unit, g.transpose(unit, (1, 0))), (sensors * sensors,))
        return [g.op("Gather", [whole, g.constant(upper, np.int64)], (len(upper),), axis=1)]


def statistics(g: StepBuilder, signal: Wire, levels: bool = True, lags: Sequence[int] = LAGS) -> dict[str, Wire]:
    """Each statistic [C, 1] by name, over the last axis of ``signal`` [C, T].

    ``spread`` is the standard deviation, ``slope`` the least-squares change over the whole length, ``moved`` the rms of
    differences over the spread, ``kurtosis`` 3 for a normal signal, ``crest`` the largest deviation over the spread,
    ``memory k`` the correlation with itself k samples before.
    """
    length = signal.shape[1]
    about, mean = centred(g, signal)
    variance = g.mean(g.square(about))
    spread = g.sqrt(g.add(variance, TINY**2))
    unit = g.divide(about, spread)
    told = _shape(g, about, unit, spread)
    if levels:
        told |= {"mean": mean, "last": g.slice(signal, length - 1, length, axis=1), "min": g.smallest(signal),
                 "max": g.largest(signal), "rms": g.sqrt(g.mean(g.square(signal))), "spread": spread}
    else:
        told |= {"spread": g.log(spread)}
        del told["slope"]
    for lag in (lag for lag in lags if lag < length // 2):
        ahead, behind = g.slice(unit, lag, length, axis=1), g.slice(unit, 0, length - lag, axis=1)
        told[f"memory {lag}"] = g.mean(g.multiply(ahead, behind))
    return told


def _shape(g: StepBuilder, about: Wire, unit: Wire, spread: Wire) -> dict[str, Wire]:
    length = about.shape[1]
    time = np.linspace(-0.5, 0.5, length) if length > 1 else np.zeros(1)
    weights = (time / max(float((time**2).sum()), TINY))[:, None]
    third = g.mean(g.multiply(g.square(unit), unit))
    told = {"slope": g.project(about, weights), "skewness": third, "kurtosis": g.mean(g.square(g.square(unit))),
            "crest": g.largest(g.absolute(unit))}
    if length > 1:
        change = g.subtract(g.slice(about, 1, length, axis=1), g.slice(about, 0, length - 1, axis=1))
        told["moved"] = g.divide(g.sqrt(g.mean(g.square(change))), spread)
    return told
