"""Envelope: how the strength of a frequency band rises and falls, where the knocks of a damaged bearing are heard.

Demodulation of high-frequency resonances (McFadden and Smith, Tribol. Int. 17, 1984; Randall and Antoni, Mech. Syst.
Signal Process. 25, 2011): a band-pass whose kernel has no negative frequencies gives the analytic signal at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """Frequencies of a band-pass, as shares of the sampling rate, 0 < low < high <= 0.5."""

    low: float
    high: float


def bands(count: int, top: float = 0.5, lowest: float = 0.0) -> tuple[Band, ...]:
    """``count`` bands of equal width, each overlapping half of the next, from ``lowest`` to ``top``.

    >>> [(round(b.low, 3), round(b.high, 3)) for b in bands(3, 0.4)]
    [(0.0, 0.2), (0.1, 0.3), (0.2, 0.4)]
    """
    step = (top - lowest) / (count + 1)
    return tuple(Band(lowest + i * step, lowest + (i + 2) * step) for i in range(count))


def analytic(band: Band, taps: int) -> tuple[Matrix, Matrix]:
    """Real and imaginary kernel [taps] of the analytic band-pass: a Blackman-windowed low-pass moved to its centre."""
    centre, half = (band.low + band.high) / 2, (band.high - band.low) / 2
    time = np.arange(taps) - (taps - 1) / 2
    low_pass = 2 * half * np.sinc(2 * half * time) * np.blackman(taps)
    low_pass *= 2.0 / low_pass.sum()  # the analytic signal of a cosine of amplitude a has modulus a
    return low_pass * np.cos(2 * np.pi * centre * time), low_pass * np.sin(2 * np.pi * centre * time)


def squared_envelope(g: StepBuilder, signal: Wire, chosen: Sequence[Band], taps: int = 129, stride: int = 1) -> Wire:
    """Squared modulus [C, B, T'] of each band's analytic signal of ``signal`` [C, T], every ``stride`` samples.

    T' is (T - taps) // stride + 1: what the kernel can't cover in full at the edges is left out.
    """
    sensors, length = signal.shape
    kernels = np.stack([part for band in chosen for part in analytic(band, taps)])[:, None, ::-1]
    flat = g.reshape(signal, (sensors, length))
    both = g.conv(flat, np.tile(kernels, (sensors, 1, 1)), strides=[stride], group=sensors)
    square = g.square(g.reshape(both, (sensors, len(chosen), 2, both.shape[1])))
    return g.reshape(g.sum(square, axis=2), (sensors, len(chosen), both.shape[1]))
