"""Constants of a program as integers: under which point, and in how many bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.form import INT, LONG, Buffer, DType
from lineshaft.graph.loops.points import DIGITS, NARROW, WIDE, exponent

_SHORT, _SHORT_DIGITS = 15, 8  # bits of a short weight; what the small ones among them have to keep
_WEIGHT = 24  # bits of any other, as many as float32 has
_SMALL = 0.1  # the share of weights that may keep less


class Tables:
    """What has been made so far; with ``short`` weights take 16 bits where that is enough for most of them.

    ``weights`` are the constants that sums multiply with; what holds the same numbers is stored as they are, once.
    ``taken`` are names of buffers that are there already.
    """

    def __init__(self, short: bool, weights: Iterable[Buffer], taken: Iterable[str]) -> None:
        self._short, self._taken = short, set(taken)
        self._weights = frozenset(_content(buffer) for buffer in weights)
        self._up: Buffer | None = None
        self._made: dict[tuple[bytes, int], tuple[Buffer, int]] = {}

    def under(self, buffer: Buffer, point: int) -> tuple[Buffer, int]:
        """A constant under a binary point, and the bits that its largest number has."""
        key = (_content(buffer), point)
        if key not in self._made:
            made, bits = _integers(buffer, point)
            self._made[key] = replace(made, name=self._free(made.name)), bits
        return self._made[key]

    def point(self, buffer: Buffer, wanted: int | None) -> int:
        """The point of a table that is ``wanted`` under one, which is that of weights where it holds the same."""
        return self.weight_point(buffer) if _content(buffer) in self._weights else _table_point(buffer, wanted)

    def up(self, points: Sequence[int]) -> Buffer | None:
        """Powers of two that bring the inputs under the finest of their points; none where they have one point."""
        powers = np.asarray([2 ** (max(points) - point) for point in points], np.int32)
        if (powers == 1).all():
            return None
        if self._up is None:
            self._up = Buffer(self._free("x_up"), "constant", INT, len(points), powers)
        return self._up

    def _free(self, name: str) -> str:
        """A name that no buffer of the program has: ports are called as strangers like."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def weight_point(self, buffer: Buffer) -> int:
        """The point of weights of a sum: what counts is the largest of them."""
        sizes = _sizes(buffer)
        if not sizes.size:
            return 0
        top, small = exponent(float(sizes.max()) * 1.0001), exponent(float(np.quantile(sizes, _SMALL)))
        short = self._short and small + _SHORT - top >= _SHORT_DIGITS
        return _coarsest(buffer, (_SHORT if short else _WEIGHT) - top)


def _integers(buffer: Buffer, point: int) -> tuple[Buffer, int]:
    most = 2**WIDE - 1
    scaled = np.clip(np.asarray(buffer.data, np.float64) * 2.0**point, -most, most)
    whole = np.floor(scaled + 0.5).astype(np.int64) if np.abs(scaled).max() < 2**52 else scaled.astype(np.int64)
    largest = int(np.abs(whole).max(initial=0))
    dtype: DType = "int16" if largest < 2**_SHORT else INT if largest < 2**NARROW else LONG
    kind = {"int16": np.int16, INT: np.int32, LONG: np.int64}[dtype]
    name = f"{buffer.name}_{'m' if point < 0 else ''}{abs(point)}"
    return Buffer(name, "constant", dtype, buffer.size, np.asarray(whole, kind)), max(largest - 1, 0).bit_length()


def _content(buffer: Buffer) -> bytes:
    assert buffer.data is not None
    return bytes(buffer.data.tobytes())


def _table_point(buffer: Buffer, wanted: int | None) -> int:
    """So fine that the smallest of a table keeps its digits, where 64 bits allow it; no finer than is wanted if that
    takes 64 bits."""
    sizes = _sizes(buffer)
    if not sizes.size:
        return 0
    top, least = exponent(float(sizes.max())), exponent(float(sizes.min()))
    narrow, needed = NARROW - 1 - top, min(DIGITS - least, WIDE - 1 - top)
    return _coarsest(buffer, max(narrow, needed if wanted is None else min(needed, wanted)))


def _coarsest(buffer: Buffer, point: int) -> int:
    """A coarser point where it is exact as well: 0.5 and 1.0 need no thirty digits."""
    data = np.asarray(buffer.data, np.float64)
    while point > 0 and (np.mod(data * 2.0 ** (point - 1), 1.0) == 0).all():
        point -= 1
    return point


def _sizes(buffer: Buffer) -> NDArray[np.float64]:
    sizes = np.abs(np.asarray(buffer.data, np.float64))
    return sizes[(sizes > 0) & np.isfinite(sizes)]
