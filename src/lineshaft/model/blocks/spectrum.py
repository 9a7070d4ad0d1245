"""Spectrum: the power of a signal in bands, by the Fourier transform as a matrix product.

Averaged over half-overlapping segments (Welch, IEEE Trans. Audio Electroacoust. 15, 1967).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.signal import joined
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
SMALLEST = 1e-10  # of the whole power: what a converter of 16 bits can't show anyway


class Spectrum:
    """Appends to ``features``: for each sensor of ``signal`` [C, T] the logarithm of each band's share of the power.

    ``bands`` bands of equal ratio lie between the first bin of a segment and ``top`` (a share of the sampling rate, at
    most 0.5). A share does not change with the gain of the sensor.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, bands: int = 20, segment: int = 512, top: float = 0.5) -> None:
        self.bands, self.segment, self.top = bands, segment, top

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        signal = wires["signal"]
        segment = min(self.segment, signal.shape[1])
        power = welch(g, signal, segment)
        share = g.project(power, band_matrix(segment, self.bands, self.top))
        whole = g.add(g.sum(share), 1e-20)
        return joined(g, wires, [g.log(g.add(g.divide(share, whole), SMALLEST))])


def welch(g: StepBuilder, signal: Wire, segment: int) -> Wire:
    """Mean power [C, segment // 2 + 1] of half-overlapping Hann segments of ``signal`` [C, T], each without its mean.

    Scaled so that a sine of amplitude a on a bin gives a squared there, and a squared / 4 on each side of it.
    """
    sensors, length = signal.shape
    half = segment // 2
    parts = [_cut(g, signal, start, segment) for start in (0, half) if length - start >= segment]
    pieces = g.concat(parts, axis=1) if len(parts) > 1 else parts[0]
    pieces = g.subtract(pieces, g.mean(pieces))
    cosine, sine = fourier(segment)
    square = g.add(g.square(g.project(pieces, cosine)), g.square(g.project(pieces, sine)))
    return g.reshape(g.mean(square, axis=1), (sensors, half + 1))


def fourier(length: int) -> tuple[Matrix, Matrix]:
    """Cosine and sine matrices [length, length // 2 + 1] of a Hann-windowed transform."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    phase = 2 * np.pi * np.outer(np.arange(length), np.arange(length // 2 + 1)) / length
    scale = (2 * hann / hann.sum())[:, None]
    return scale * np.cos(phase), scale * np.sin(phase)


def band_matrix(segment: int, bands: int, top: float) -> Matrix:
    """[bins, bands]: which bins add up to which band; bands without a bin of their own are left out."""
    bins = np.arange(segment // 2 + 1)
    edges = np.geomspace(1.0, max(min(top, 0.5) * segment, 2.0), bands + 1)
    found = [(bins >= a) & (bins < b) for a, b in pairwise(edges)]
    return np.stack([own for own in found if own.any()], axis=1).astype(np.float64)


def linear_bands(segment: int, bands: int, top: float) -> Matrix:
    """[bins, bands] of equal width from the first bin to ``top``."""
    bins = np.arange(segment // 2 + 1)
    edges = np.linspace(1.0, max(min(top, 0.5) * segment, 2.0), bands + 1)
    return np.stack([(bins >= a) & (bins < b) for a, b in pairwise(edges)], axis=1).astype(np.float64)


def _cut(g: StepBuilder, signal: Wire, start: int, segment: int) -> Wire:
    sensors, length = signal.shape
    count = (length - start) // segment
    part = g.slice(signal, start, start + count * segment, axis=1) if count * segment != length else signal
    return g.reshape(part, (sensors, count, segment))
