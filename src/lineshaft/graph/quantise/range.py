"""From seen values to the scale and zero point of a tensor of eight bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array
from lineshaft.graph.quantise.observe import Seen

Choice = Literal["minmax", "percentile", "mse"]
PERCENTILE = 99.99
SHRINKS = np.linspace(1.0, 0.3, 36)
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Scale:
    """q = round(value / scale) + zero in 0..255: zero is exact, and a value in range is off by at most scale / 2.

    >>> Scale.of(-1.0, 3.0)
    Scale(scale=0.0156..., zero=64)
    """

    scale: float
    zero: int

    @classmethod
    def of(cls, low: float, high: float) -> Scale:
        """The scale that holds ``low``, ``high`` and zero."""
        low, high = min(low, 0.0), max(high, 0.0)
        step = max((high - low) / 255.0, SMALLEST)
        return cls(float(np.float32(step)), int(np.clip(round(-low / step), 0, 255)))

    @property
    def low(self) -> float:
        return -self.zero * self.scale

    @property
    def high(self) -> float:
        return (255 - self.zero) * self.scale

    def through(self, values: Array) -> Array:
        """What is left of values after quantising and dequantising them."""
        whole = np.clip(np.round(values / np.float32(self.scale)) + self.zero, 0, 255)
        return np.asarray((whole - self.zero) * np.float32(self.scale), np.float32)


def chosen(seen: Seen, choice: Choice) -> Scale:
    """The scale for a tensor: all of its range, without the outermost 0.01 %, or by the least squared error.

    The last shrinks the range as long as what rounding gains outweighs what clipping costs on the sample.
    """
    if choice == "percentile":
        low, high = np.percentile(seen.sample, [100.0 - PERCENTILE, PERCENTILE])
        return Scale.of(float(low), float(high))
    if choice == "minmax":
        return Scale.of(seen.low, seen.high)
    found = [Scale.of(seen.low * share, seen.high * share) for share in SHRINKS]
    errors = [float(np.mean((one.through(seen.sample) - seen.sample) ** 2)) for one in found]
    return found[int(np.argmin(errors))]


def channel_scales(weights: Array, axis: int, bits: int, least: Array | float = SMALLEST
                   ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric integers of a weight tensor and one scale, of at least ``least``, for each index of ``axis``.

    >>> channel_scales(np.array([[1.0, -2.0], [0.5, 0.0]], np.float32), 0, 8)[0].tolist()
    [[64, -127], [127, 0]]
    """
    largest = 2 ** (bits - 1) - 1
    others = tuple(i for i in range(weights.ndim) if i != axis)
    scale = np.maximum(np.abs(weights).max(axis=others) / largest, least).astype(np.float32)
    spread = scale.reshape([-1 if i == axis else 1 for i in range(weights.ndim)])
    whole = np.clip(np.round(weights / spread), -largest, largest).astype(np.int8)
    return whole, scale
