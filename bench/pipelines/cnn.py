"""Monitoring: a temporal convolutional autoencoder over the newest 64 ticks, with each tag's part in the alarm.

The convolutions are valid ones of stride 1 whose receptive field is the whole window, so a streaming rewrite is exact.
The network gives the newest column back through a bottleneck; a tag's residual counts in its own normal deviations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.core.step import Array
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.fidelity import Run, say
from pipelines.pipeline import CACHE, Pipeline
from pipelines.plant import LONGEST_WINDOW, plant

WINDOW, WIDTHS, BOTTLENECK = LONGEST_WINDOW, (64, 32), 8
LAYERS = ((5, 1), (5, 2), (5, 4), (5, 8), (4, 1), (1, 1))  # kernel and dilation of each
LINEAR = (2, 5)  # the bottleneck and the last layer
SMOOTHING, CLIP, LIMIT, RESIDUAL_FLOOR = 0.1, 10.0, 0.995, 0.05
STEPS, BATCH, STRETCH, RATE, NOISE, DECAY = 300, 16, 160, 3e-3, 0.5, 1e-2
PROTOCOL = ("Tennessee Eastman (Braatz set); learns from d00 and the first half of d00_te; residual deviations and "
            f"limit ({LIMIT:.1%} of the score) from the second half; of the fault runs but 3, 9, 15 every fourth "
            "validates, the others are held out; rows until the window is full don't count; seed 0")
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Weights [out, in, kernel] and bias [out] of each layer, with the scaling before and after it [C]."""

    layers: tuple[tuple[Array, Array], ...]
    mean: Matrix
    deviation: Matrix
    residual: Matrix


def build(data: Path) -> Pipeline:
    """The trained pipeline; ``data`` holds ``tep``. Raises ``Absent`` without the data or PyTorch."""
    found = plant(data)
    network = _with_residual(_stored(found.normal), found.calibration)
    limit = _limit(network, found.calibration)
    return Pipeline("cnn", graph(network, limit), found.golden, found.taught, found.validation, found.held_out,
                    PROTOCOL, {"limit": limit})


def tiny(channels: int = 3, widths: tuple[int, int] = (6, 4), seed: int = 0) -> bytes:
    """The same graph with random weights and few channels, for tests: no data, no PyTorch."""
    random = np.random.default_rng(seed)
    layers = tuple((random.normal(size=shape).astype(np.float32) / np.sqrt(shape[1] * shape[2], dtype=np.float32),
                    0.1 * random.normal(size=shape[0]).astype(np.float32)) for shape in _shapes(channels, widths, 2))
    one = np.ones(channels)
    return graph(Network(layers, 0.0 * one, one, one), 2.0)


def graph(network: Network, limit: float, *, newest: bool = False) -> bytes:
    """Hold, scale, window, autoencoder, residual, smoothed mean square over its limit, alarm, cause.

    ``newest`` adds the newest squared residuals, unsmoothed, as ``square`` [C].
    """
    channels = len(network.mean)
    g = StepBuilder(channels)
    usable = g.greater(g.quality, 0.5)
    z = g.clip(g.multiply(g.subtract(g.x, network.mean), 1.0 / network.deviation), -CLIP, CLIP)
    z = g.where(usable, z, g.state("held", (channels,)))
    g.keep("held", z)
    a: Wire = g.transpose(g.window("window", z, WINDOW), (1, 0))
    for i, ((weights, bias), (_, dilation)) in enumerate(zip(network.layers, LAYERS, strict=True)):
        a = g.conv(a, weights, bias, dilations=[dilation])
        a = a if i in LINEAR else g.relu(a)
    residual = g.multiply(g.subtract(z, g.reshape(a, (channels,))), 1.0 / network.residual)
    square = g.where(g.at_least(g.ticks("seen", WINDOW), float(WINDOW)), g.multiply(g.square(residual), g.quality), 0.0)
    parts = g.ewma("parts", square, SMOOTHING)
    score = g.multiply(g.mean(parts), 1.0 / limit)
    cause = g.divide(parts, g.maximum(g.sum(parts), 1e-9))
    outputs = {"score": score, "alarm": g.number(g.at_least(score, np.ones(1))), "cause": cause}
    return g.model(outputs | ({"square": square} if newest else {}))


def _shapes(channels: int, widths: tuple[int, int], bottleneck: int) -> list[tuple[int, int, int]]:
    wide, narrow = widths
    sizes = (channels, wide, narrow, bottleneck, narrow, wide, channels)
    return [(out, into, kernel) for out, into, (kernel, _) in zip(sizes[1:], sizes, LAYERS, strict=False)]


def _stored(fit: Sequence[Matrix]) -> Network:
    """The network from the cache, or trained: some ten seconds."""
    key = hashlib.sha256(repr((WIDTHS, BOTTLENECK, LAYERS, STEPS, BATCH, STRETCH, RATE, NOISE, DECAY)).encode())
    for values in fit:
        key.update(values.tobytes())
    path = CACHE / f"cnn-{key.hexdigest()[:16]}.npz"
    if not path.is_file():
        from pipelines.cnn_training import train

        values = np.concatenate(fit)
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        layers = train([np.clip((v - mean) / deviation, -CLIP, CLIP) for v in fit],
                       _shapes(len(mean), WIDTHS, BOTTLENECK))
        CACHE.mkdir(exist_ok=True)
        np.savez(path, *[array for layer in layers for array in layer], mean=mean, deviation=deviation)
    with np.load(path) as stored:
        flat = [stored[f"arr_{i}"] for i in range(2 * len(LAYERS))]
        return Network(tuple(zip(flat[::2], flat[1::2], strict=True)), stored["mean"], stored["deviation"],
                       np.ones(len(stored["mean"])))


def _with_residual(network: Network, calibration: Run) -> Network:
    """With the deviations of the residuals on rows that taught nothing."""
    rows = say(graph(network, 1.0, newest=True), [calibration], execute, ("square",))[0]["square"]
    own = np.sqrt(rows[calibration.labels == 0].astype(np.float64).mean(axis=0))
    return Network(network.layers, network.mean, network.deviation, own + RESIDUAL_FLOOR * float(own.mean()))


def _limit(network: Network, calibration: Run) -> float:
    scores = say(graph(network, 1.0), [calibration], execute, ("score",))[0]["score"][:, 0]
    return float(np.quantile(scores[calibration.labels == 0], LIMIT))
