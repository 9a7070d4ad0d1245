"""Order tracking: the strength of what turns with the shaft, at multiples of a speed that changes from row to row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire

Matrix = NDArray[np.float64]


def at_frequencies(g: StepBuilder, signal: Wire, frequencies: Wire) -> Wire:
    """Power [..., M] of ``signal`` [..., T] at ``frequencies`` [M] (cycles a sample), with a Hann window.

    A sine of amplitude a gives a squared at its own frequency. The transform goes in two stages, over P stretches of Q
    samples, so that cosines are only taken of M (P + Q) angles and not of M T: the graph computes them anew in each
    step, because the frequencies follow the shaft.
    """
    *outer, length = signal.shape
    rows, columns = _factors(length)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)
    weighted = g.multiply(signal, 2 * hann / hann.sum())
    pieces = g.reshape(weighted, (*outer, rows, columns))
    near_cos, near_sin = _circle(g, frequencies, np.arange(columns))
    far_cos, far_sin = _circle(g, frequencies, np.arange(rows) * columns)
    lead = (1,) * (len(outer))
    within = [g.matmul(pieces, g.reshape(g.transpose(w, (1, 0)), (*lead, columns, frequencies.shape[0])))
              for w in (near_cos, near_sin)]
    outside = [g.reshape(g.transpose(w, (1, 0)), (*lead, rows, frequencies.shape[0])) for w in (far_cos, far_sin)]
    real = g.subtract(g.multiply(within[0], outside[0]), g.multiply(within[1], outside[1]))
    imaginary = g.add(g.multiply(within[0], outside[1]), g.multiply(within[1], outside[0]))
    power = g.add(g.square(g.sum(real, axis=-2)), g.square(g.sum(imaginary, axis=-2)))
    return g.reshape(power, (*outer, frequencies.shape[0]))


def _circle(g: StepBuilder, frequencies: Wire, times: NDArray[np.int64]) -> tuple[Wire, Wire]:
    """Cosine and sine [M, len(times)] of 2 pi f t, with whole turns taken off so that float32 keeps its digits."""
    count = frequencies.shape[0]
    turns = g.multiply(g.reshape(frequencies, (count, 1)), times.astype(np.float64)[None, :])
    part = g.subtract(turns, g.op("Floor", [turns], turns.shape))
    angle = g.multiply(part, 2 * np.pi)
    return g.op("Cos", [angle], angle.shape), g.op("Sin", [angle], angle.shape)


def _factors(length: int) -> tuple[int, int]:
    """Two factors of the length as near to each other as there are."""
    rows = next(r for r in range(int(length**0.5), 0, -1) if length % r == 0)
    return rows, length // rows
