"""Conformal intervals around numbers, wider where the model knows that it errs more.

Papadopoulos et al., ECML 2002 (normalised residuals); Romano, Patterson and Candes, NeurIPS 2019 (quantiles).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.conformal import looks, upper_quantile
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
FEWEST = 40
PENALTY = 0.02
MOST = 1.5  # natural logarithm of how many times wider or narrower than usual
NEAR = 0.1


class Difficulty:
    """Wire ``difficulty`` [1], about 1: how large an error to expect, learnt from held-out errors.

    The logarithm of the mean error over the places is a ridge regression on the logarithm of ``distance`` and, for a
    single value, on the value and its square: where nothing tells large errors from small ones it stays 1.
    """

    reads: tuple[str, ...] = ("value", "target", "group", "distance")

    def __init__(self) -> None:
        self.centre = np.zeros(1)
        self.scale = np.ones(1)
        self.weights = np.zeros(1)
        self.single = False

    def fit(self, seen: Seen) -> None:
        value, target = np.asarray(seen["value"], np.float64), np.asarray(seen["target"], np.float64)
        error = np.abs(target - value)
        told = _told(value, np.asarray(seen["distance"], np.float64))
        self.single = value.shape[1] == 1
        self.centre, deviation = told.mean(axis=0), told.std(axis=0)
        self.scale = np.where(deviation > 1e-9, deviation, 1.0)
        self.weights = np.zeros(told.shape[1])
        if looks(seen["group"]) < FEWEST:
            return
        usual = np.maximum(error.mean(axis=0), 1e-12)
        size = np.log((error / usual).mean(axis=1) + NEAR)
        z = (told - self.centre) / self.scale
        self.weights = np.linalg.solve(z.T @ z / len(z) + PENALTY * np.eye(z.shape[1]),
                                       z.T @ (size - size.mean()) / len(z))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        told = [g.log(g.add(wires["distance"], NEAR))]
        if self.single:
            told += [wires["value"], g.square(wires["value"])]
        z = g.multiply(g.subtract(g.concat(told) if len(told) > 1 else told[0], self.centre), 1.0 / self.scale)
        size = g.clip(g.sum(g.multiply(z, self.weights)), -MOST, MOST)
        return {"difficulty": g.op("Exp", [size], size.shape)}


class Interval:
    """Wires ``low`` and ``high`` [V]: ``value`` -+ a width of each place's own times ``difficulty``."""

    reads: tuple[str, ...] = ("value", "target", "group", "difficulty")

    def __init__(self, coverage: float) -> None:
        self.coverage = coverage
        self.width: Matrix = np.zeros(1)

    def fit(self, seen: Seen) -> None:
        error = np.abs(np.asarray(seen["target"], np.float64) - seen["value"]) / seen["difficulty"]
        self.width = upper_quantile(error, seen["group"], self.coverage)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        half = g.multiply(wires["difficulty"], self.width)
        return {"low": g.subtract(wires["value"], half), "high": g.add(wires["value"], half)}


class QuantileInterval:
    """Wires ``low`` and ``high`` [V]: the head's own quantiles ``value_low`` and ``value_high``, moved outwards (or
    inwards) by what held-out rows need."""

    reads: tuple[str, ...] = ("value_low", "value_high", "target", "group")

    def __init__(self, coverage: float) -> None:
        self.coverage = coverage
        self.shift: Matrix = np.zeros(1)

    def fit(self, seen: Seen) -> None:
        target = np.asarray(seen["target"], np.float64)
        outside = np.maximum(seen["value_low"] - target, target - seen["value_high"])
        self.shift = upper_quantile(outside, seen["group"], self.coverage)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        low, high = g.subtract(wires["value_low"], self.shift), g.add(wires["value_high"], self.shift)
        return {"low": g.minimum(low, _middle(g, low, high)), "high": g.maximum(high, _middle(g, low, high))}


def _told(value: Matrix, distance: Matrix) -> Matrix:
    """What the size of an error may depend on [N, 1 or 3]."""
    near = np.log(distance + NEAR)
    return np.hstack([near, value, value**2]) if value.shape[1] == 1 else near


def _middle(g: StepBuilder, low: Wire, high: Wire) -> Wire:
    return g.multiply(g.add(low, high), 0.5)
