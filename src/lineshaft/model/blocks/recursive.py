"""Recursive least squares with forgetting, on what a static head leaves over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.told import before
from lineshaft.model.head import Head
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
MOST_DIRECTIONS = 8
START = 0.01  # variance of a weight before any sample, in deviations of the error
LARGEST = 10.0  # of the trace of the covariance, over its start: forgetting without news must not let it grow


class Recursive:
    """Replaces ``value``: what ``head`` says + a linear map of (1, leading directions of the features).

    Its weights [M] and their covariance [M, M] are state; a sample corrects them, with ``forgetting`` under 1 older
    ones count less. The covariance is held within ten times its start, so that a plant at rest can't make it burst.
    """

    reads: tuple[str, ...] = ("features", "target", "value_early")

    def __init__(self, head: Head, delay: int, forgetting: float = 0.99) -> None:
        self.head, self.delay, self.forgetting = head, delay, forgetting
        self.centre: Matrix = np.zeros(1)
        self.directions: Matrix = np.zeros((1, 1))
        self.size = 1.0

    def fit(self, seen: Seen) -> None:
        self.head.fit(seen)
        features = np.asarray(seen["features"], np.float64)
        self.centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
        values, vectors = np.linalg.eigh(np.cov((features - self.centre) / scale, rowvar=False, ddof=0).reshape(
            features.shape[1], -1))
        keep = np.argsort(values)[::-1][:MOST_DIRECTIONS]
        self.directions = vectors[:, keep] / np.sqrt(np.maximum(values[keep], 1e-2)) / scale[:, None]
        self.size = max(float((seen["target"][:, 0] - seen["value_early"][:, 0]).std()), 1e-9)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        said = self.head.emit(g, wires)["value"]
        along = g.clip(g.project(g.subtract(wires["features"], self.centre), self.directions), -5.0, 5.0)
        row = g.concat([g.add(g.multiply(g.slice(along, 0, 1), 0.0), 1.0), along])
        width = row.shape[0]
        weights = g.state("recursive_weights", (width,))
        correction = g.multiply(g.sum(g.multiply(row, weights)), self.size)
        then = before(g, "recursive_before", g.concat([row, said]), self.delay)
        self._learn(g, wires, weights, g.slice(then, 0, width), g.slice(then, width, width + 1))
        return {"value": g.add(said, correction)}

    def _learn(self, g: StepBuilder, wires: Wires, weights: Wire, row: Wire, said: Wire) -> None:
        """Covariance is kept as its difference from the start, since states begin at zero."""
        width = row.shape[0]
        excess = g.state("recursive_excess", (width, width))
        covariance = g.add(excess, START * np.eye(width))
        column = g.reshape(row, (width, 1))
        seen = g.matmul(covariance, column)
        gain = g.divide(seen, g.add(g.matmul(g.transpose(column, (1, 0)), seen), self.forgetting))
        error = g.subtract(g.multiply(g.subtract(wires["arriving"], said), 1.0 / self.size),
                           g.sum(g.multiply(row, weights)))
        arrives = wires["arrives"]
        fresh = g.add(weights, g.multiply(g.reshape(gain, (width,)), g.clip(error, -10.0, 10.0)))
        g.keep("recursive_weights", g.where(arrives, fresh, weights))
        rest = g.subtract(covariance, g.matmul(gain, g.transpose(seen, (1, 0))))
        rest = g.multiply(g.add(rest, g.transpose(rest, (1, 0))), 0.5 / self.forgetting)
        trace = g.sum(g.sum(g.multiply(rest, np.eye(width)), axis=0), axis=1)
        most = LARGEST * START * width
        held = g.multiply(rest, g.divide(most, g.maximum(trace, most)))
        change = g.subtract(held, START * np.eye(width))
        g.keep("recursive_excess", g.where(g.reshape(arrives, (1, 1)), change, excess))
