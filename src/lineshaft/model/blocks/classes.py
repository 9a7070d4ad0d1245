"""Probabilities of classes that mean what they say, and the set of classes that may be the true one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.conformal import looks, upper_quantile
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
SMALLEST = 1e-7
TEMPERATURES = np.exp(np.linspace(-2.5, 2.5, 101))


class Temperature:
    """Replaces ``value`` [V]: the probabilities at the temperature under which held-out classes are likeliest.

    One number for all classes, so that their order stays (Guo et al., ICML 2017).
    """

    reads: tuple[str, ...] = ("value", "target", "group")

    def __init__(self) -> None:
        self.temperature = 1.0

    def fit(self, seen: Seen) -> None:
        logits = np.log(np.maximum(np.asarray(seen["value"], np.float64), SMALLEST))
        true = np.asarray(seen["target"][:, 0], np.int64)
        _, code, count = np.unique(seen["group"], return_inverse=True, return_counts=True)
        losses = [_loss(logits / t, true, 1.0 / count[code]) for t in TEMPERATURES]
        self.temperature = float(TEMPERATURES[int(np.argmin(losses))])

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        logits = g.log(g.maximum(wires["value"], SMALLEST))
        return {"value": g.softmax(g.multiply(logits, 1.0 / self.temperature))}


class ClassSet:
    """Wires ``low`` and ``high`` [V], each 0 or 1: bounds of "this class is the true one" at the stated coverage.

    ``high`` 1 says that the class is in the conformal set, ``low`` 1 that it is alone in it; an empty set is all 0.
    ``sure`` [1] is 1 where the set is one class whose probability is at least ``least``. A class is in the set when its
    probability reaches the limit of its own held-out rows (Sadinle, Lei and Wasserman, J. Am. Stat. Assoc. 114, 2019);
    a class with too few of them has the limit of all.
    """

    reads: tuple[str, ...] = ("value", "target", "group")

    def __init__(self, coverage: float, least: float) -> None:
        self.coverage, self.least = coverage, least
        self.limit: Matrix = np.zeros(1)

    def fit(self, seen: Seen) -> None:
        value, true = np.asarray(seen["value"], np.float64), np.asarray(seen["target"][:, 0], np.int64)
        missing = 1.0 - value[np.arange(len(true)), true][:, None]
        reach = np.repeat(upper_quantile(missing, seen["group"], self.coverage), value.shape[1])
        for k in range(value.shape[1]):
            own = true == k
            if own.any() and looks(seen["group"][own]) * (1 - self.coverage) >= self.coverage:
                reach[k] = upper_quantile(missing[own], seen["group"][own], self.coverage)[0]
        self.limit = 1.0 - reach - SMALLEST

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        inside = g.number(g.at_least(wires["value"], self.limit))
        alone = g.number(g.less(g.sum(inside), 1.5))
        low = g.multiply(inside, alone)
        best = g.number(g.at_least(g.largest(wires["value"]), self.least))
        return {"high": inside, "low": low, "sure": g.multiply(g.sum(low), best)}


def _loss(logits: Matrix, true: NDArray[np.int64], weight: Matrix) -> float:
    """Weighted mean of -ln probability of the true class."""
    top = logits.max(axis=1)
    whole = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float(((whole - logits[np.arange(len(true)), true]) * weight).sum() / weight.sum())
