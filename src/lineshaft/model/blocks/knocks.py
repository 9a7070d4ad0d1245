"""Knocks: how far the envelope stands out at the fault orders of a machine, whatever its speed.

For each sensor and fault (of a bearing: BPFO, BPFI, BSF), the power of the squared envelope near k times its order is
compared with the geometric mean around it, over the first harmonics (Smith and Randall, Mech. Syst. Signal Process. 64,
2015; Antoni, Mech. Syst. Signal Process. 20, 2006, for judging bands by how impulsive they are).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.envelope import Band, bands, squared_envelope
from lineshaft.model.blocks.orders import at_frequencies
from lineshaft.model.blocks.signal import joined
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
TAPS = 129
SLIP = 0.012  # rolling elements slip: an order is met within about 1 %
NEAR, AROUND = 5, 8
SMALLEST = 1e-12


class Knocks:
    """Appends to ``features``, of each sensor of ``signal`` [C, T]: log ratios at each order, the strongest band's.

    ``orders`` by name in multiples of the shaft speed; the speed in turns a sample is the constant ``speed``, or comes
    from the place ``column`` of the wire ``facts`` in turns a minute, at ``rate`` samples a second. ``top`` is a share
    of the sampling rate.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, orders: Mapping[str, float], rate: float, speed: float = 0.0, column: int | None = None,
                 top: float = 0.5, count: int = 5, harmonics: int = 3) -> None:
        self.orders, self.rate, self.speed, self.column = dict(orders), rate, speed, column
        self.bands: tuple[Band, ...] = bands(count, top)
        self.harmonics = harmonics

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        signal = wires["signal"]
        stride = max(1, floor(1.0 / (2.0 * (self.bands[0].high - self.bands[0].low))))
        envelope = _even(g, squared_envelope(g, signal, self.bands, min(TAPS, signal.shape[1] // 4 * 2 + 1), stride))
        envelope = g.divide(envelope, g.add(g.mean(envelope), SMALLEST))
        envelope = g.subtract(envelope, g.mean(envelope))
        places = np.array([order * k for order in self.orders.values() for k in range(1, self.harmonics + 1)])
        grid = np.concatenate([_near(places), _around(places)], axis=1)
        turns = g.multiply(self._turns(g, wires), float(stride))
        frequencies = g.multiply(turns, grid.reshape(-1))
        power = g.log(g.add(at_frequencies(g, envelope, frequencies), SMALLEST))
        return joined(g, wires, [self._standing_out(g, power, grid.shape)])

    def _turns(self, g: StepBuilder, wires: Wires) -> Wire:
        """Turns a sample [1]."""
        if self.column is None:
            nothing = g.multiply(g.slice(wires["x"], 0, 1), 0.0)
            return g.add(nothing, np.full(1, self.speed / self.rate))
        minute = g.slice(wires["facts"], self.column, self.column + 1)
        return g.multiply(minute, 1.0 / (60.0 * self.rate))

    def _standing_out(self, g: StepBuilder, power: Wire, grid: tuple[int, ...]) -> Wire:
        """[C, orders]: peak over surroundings, mean over harmonics, the best of the bands."""
        sensors, count, _ = power.shape
        shaped = g.reshape(power, (sensors, count, *grid))
        peak = g.largest(g.slice(shaped, 0, NEAR, axis=3))
        ground = g.mean(g.slice(shaped, NEAR, grid[1], axis=3))
        each = g.reshape(g.subtract(peak, ground), (sensors, count, len(self.orders), self.harmonics))
        mean = g.reshape(g.mean(each), (sensors, count, len(self.orders)))
        return g.reshape(g.largest(mean, axis=1), (sensors, len(self.orders)))


def _near(places: Matrix) -> Matrix:
    return np.asarray(places[:, None] * (1.0 + SLIP * np.linspace(-1.0, 1.0, NEAR)), np.float64)


def _around(places: Matrix) -> Matrix:
    """Orders beside the peak, out to half an order, where neither it nor the shaft's sidebands lie."""
    offsets = np.linspace(0.15, 0.55, AROUND // 2)
    return np.asarray(places[:, None] + np.concatenate([-offsets[::-1], offsets]), np.float64)


def _even(g: StepBuilder, envelope: Wire) -> Wire:
    """Shortened to a length with two near factors, so that the transform at the orders is cheap."""
    length = envelope.shape[2]
    root = int(length**0.5)
    short = root * (length // root)
    return envelope if short == length else g.slice(envelope, 0, short, axis=2)
