"""Between float32 outside and integers with a binary point inside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array, Engine

_NO_NUMBER = -2**31
_NARROW, _WIDE = 2**31 - 1, 2**61 - 1


class Points(Protocol):
    """Binary points of the channels of x and of the outputs; an x of ``limit`` and more in size is no number."""

    @property
    def x(self) -> Sequence[int]: ...

    @property
    def outputs(self) -> Mapping[str, int]: ...

    @property
    def limit(self) -> float | None: ...


class Converted:
    """``core.step.Engine`` with float32 at its sides on one whose struct holds integers."""

    def __init__(self, engine: Engine, points: Points) -> None:
        self.signature, self.assets = engine.signature, engine.assets
        self._engine, self._x, self._quality = engine, engine.x, engine.quality
        self._scale = 2.0 ** np.asarray(points.x, np.float64)
        self._limit = math.inf if points.limit is None else points.limit
        self._points: Mapping[str, int] = points.outputs
        self.x: Array = np.zeros((self.assets, self.signature.channels), np.float32)
        self.quality: Array = np.ones((self.assets, self.signature.channels), np.float32)
        self._out = {port.name: np.zeros((self.assets, *port.shape), np.float32) for port in self.signature.outputs}

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def step(self) -> None:
        """Round the inputs to integers (see ``step.h``), step, and read the outputs."""
        there = np.abs(self.x) < self._limit  # false for NaN
        scaled = np.rint(np.where(there, self.x, 0.0) * self._scale)
        self._x[...] = np.where(there, np.clip(scaled, -_NARROW, _NARROW), _NO_NUMBER)
        self._quality[...] = np.rint(self.quality)
        self._engine.step()
        for name, value in self._engine.out.items():
            self._out[name][...] = real(value, self._points[name])

    def state(self) -> dict[str, Array]:
        return self._engine.state()

    def restore(self, state: Mapping[str, Array]) -> None:
        self._engine.restore(state)

    def reset(self) -> None:
        self._engine.reset()


def real(stored: NDArray[Any], point: int) -> Array:
    """The numbers that integers under a binary point stand for."""
    return np.asarray(stored * 2.0**-point, np.float32)


def stored(value: Array, point: int, *, wide: bool) -> NDArray[Any]:
    """Numbers as integers under a binary point, saturated; 0 for what is no number.

    >>> stored(np.float32([0.75, -1e9]), 8, wide=False).tolist()
    [192, -2147483647]
    """
    most = _WIDE if wide else _NARROW
    scaled = np.nan_to_num(np.rint(value.astype(np.float64) * 2.0**point), posinf=most, neginf=-most)
    # 2^61 - 1 is no float64: what would round to 2^61 is cut off as an integer.
    whole = np.clip(scaled, -2.0**61, 2.0**61).astype(np.int64)
    found: NDArray[Any] = np.clip(whole, -most, most).astype(np.int64 if wide else np.int32)
    return found
