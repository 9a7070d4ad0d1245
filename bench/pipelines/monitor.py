"""Monitoring as most plants do it: 64 ticks of 52 tags, their means, principal components, T2 and SPE, causes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.fidelity import say
from pipelines.pipeline import Pipeline
from pipelines.plant import LONGEST_WINDOW, plant

WINDOW, COMPONENTS, SMOOTHING, LIMIT = LONGEST_WINDOW, 17, 0.1, 0.995
PROTOCOL = ("Tennessee Eastman (Braatz set); means over 64 ticks; learns from d00 and the first half of d00_te, limit "
            f"({LIMIT:.1%} of the score) from the second half; validation and held-out fault runs as for the CNN; "
            "rows until the window is full don't count")
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scaler:
    """Mean and deviation [C] of the raw tags."""

    mean: Matrix
    deviation: Matrix


def build(data: Path) -> Pipeline:
    """The fitted pipeline; ``data`` holds ``tep``. Raises ``Absent`` without it."""
    found = plant(data)
    rows, calibration = found.normal, found.calibration
    scaler = Scaler(np.concatenate(rows).mean(axis=0), np.concatenate(rows).std(axis=0))
    levels = np.concatenate([_levels((part - scaler.mean) / scaler.deviation) for part in rows])
    first = graph(levels, scaler, 1.0)
    scores = say(first, [calibration], execute, ("score",))[0]["score"][:, 0]
    limit = float(np.quantile(scores[calibration.labels == 0], LIMIT))
    return Pipeline("monitor", graph(levels, scaler, limit), found.golden, found.taught, found.validation,
                    found.held_out, PROTOCOL, {"limit": limit})


def tiny(channels: int = 6, seed: int = 0) -> bytes:
    """The same graph on random levels, for tests: no data."""
    levels = np.random.default_rng(seed).normal(size=(400, channels))
    return graph(levels, Scaler(np.full(channels, 50.0), np.full(channels, 3.0)), 2.0)


def graph(levels: Matrix, scaler: Scaler, limit: float) -> bytes:
    """Scale, hold, window, mean, project, T2 and SPE in units of their means, smoothed over a limit, alarm, causes.

    Scaling comes first: a mean over raw values of some thousands would leave float32 no digits for the deviations.
    """
    channels = levels.shape[1]
    mean, deviation = levels.mean(axis=0), levels.std(axis=0)
    z_fit = (levels - mean) / deviation
    values, vectors = np.linalg.eigh(np.cov(z_fit, rowvar=False))
    kept = min(COMPONENTS, channels - 1)
    loadings, variances = vectors[:, -kept:], np.maximum(values[-kept:], 1e-9)
    g = StepBuilder(channels)
    scaled = g.multiply(g.subtract(g.x, scaler.mean), 1.0 / scaler.deviation)
    x = g.where(g.greater(g.quality, 0.5), scaled, g.state("held", (channels,)))
    g.keep("held", x)
    level = g.reshape(g.mean(g.window("window", x, WINDOW), axis=0), (channels,))
    z = g.multiply(g.subtract(level, mean), 1.0 / deviation)
    scores = g.project(z, loadings)
    residual = g.square(g.subtract(z, g.project(scores, loadings.T)))
    t2 = g.sum(g.multiply(g.square(scores), 1.0 / (kept * variances)))
    spe = g.multiply(g.sum(residual), 1.0 / float(max(values[:-kept].sum(), 1e-9)))
    full = g.at_least(g.ticks("seen", WINDOW), float(WINDOW))
    score = g.multiply(g.ewma("level", g.where(full, g.maximum(t2, spe), 0.0), SMOOTHING), 1.0 / limit)
    cause = g.divide(residual, g.maximum(g.sum(residual), 1e-9))
    return g.model({"score": score, "alarm": g.number(g.at_least(score, np.ones(1))), "cause": cause})


def _levels(x: Matrix) -> Matrix:
    return np.asarray(np.lib.stride_tricks.sliding_window_view(x, WINDOW, axis=0).mean(axis=-1), np.float64)
