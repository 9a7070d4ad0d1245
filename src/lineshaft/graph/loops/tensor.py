"""Tensors of a graph that is being lowered: an element is an expression of its place, and memory comes in late.

A tensor that nobody stored costs nothing: views and elementwise chains are expressions inside the loop that reads them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.form import BOOL, FLOAT, INT, Buffer, Const, DType, Expr, Index, Load

Place = tuple[Index, ...]
ORIGIN = Index()
_DTYPES: dict[str, DType] = {"float32": FLOAT, "float64": FLOAT, "float16": FLOAT, "int64": INT, "int32": INT,
                             "bool": BOOL, "int8": "int8", "uint8": "uint8"}


def dtype_of(array: NDArray[np.generic]) -> DType:
    """The type in a program of a constant of a graph."""
    return _DTYPES[array.dtype.name]


@dataclass(frozen=True)
class Tensor:
    """``shape`` with the asset axis, which is 1 here; ``at`` gives the element at a place of as many axes.

    ``cost`` counts the operations behind one element: 0 where it is a load.
    """

    shape: tuple[int, ...]
    dtype: DType
    at: Callable[[Place], Expr]
    cost: int = 0

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def broadcast(self, shape: Sequence[int]) -> Callable[[Place], Expr]:
        """``at`` for places of a shape that this one is broadcast to."""
        skip = len(shape) - len(self.shape)
        ones = [size == 1 for size in self.shape]

        def at(place: Place) -> Expr:
            return self.at(tuple(Index() if one else index for one, index in zip(ones, place[skip:], strict=True)))

        return at


@dataclass(frozen=True)
class Produced(Tensor):
    """A tensor whose elements come out of loops one after the other: a product, a sum. ``produce`` writes those loops
    around what it is given to do with each element, so that what follows elementwise costs no memory.

    ``at`` must not be called; ``Emitter.realise`` puts it into memory, with its axes in ``order``, outermost first
    (empty: as they are).
    """

    order: tuple[int, ...] = ()
    produce: Callable[[Callable[[Place, Expr], None]], None] = field(default=lambda sink: None)


@dataclass(frozen=True)
class View(Tensor):
    """A tensor that lies in memory: element i, j, ... at ``offset + i * strides[0] + j * strides[1] + ...``."""

    buffer: Buffer = field(default=Buffer("", "scratch", FLOAT, 0))
    offset: Index = ORIGIN
    strides: tuple[int, ...] = ()

    @cached_property
    def dense(self) -> bool:
        """Whether the elements lie one behind the other in their order."""
        return all(size == 1 or stride == right for size, stride, right in
                   zip(self.shape, self.strides, dense_strides(self.shape), strict=True))


@dataclass(frozen=True)
class Known(View):
    """A constant of the graph."""

    value: NDArray[np.generic] = field(default_factory=lambda: np.zeros(0))


def view(buffer: Buffer, shape: tuple[int, ...], strides: tuple[int, ...] | None = None,
         offset: Index | None = None) -> View:
    """A view of a buffer, dense unless strides say otherwise."""
    steps, base = strides if strides is not None else dense_strides(shape), offset or Index()

    def at(place: Place) -> Expr:
        return Load(buffer, address(base, steps, place))

    return View(shape, buffer.dtype, at, 0, buffer, base, steps)


def produced(shape: tuple[int, ...], dtype: DType, produce: Callable[[Callable[[Place, Expr], None]], None],
             cost: int = 3, order: tuple[int, ...] = ()) -> Produced:
    """A tensor that loops give."""
    def at(place: Place) -> Expr:
        raise AssertionError("a produced tensor has to be realised before it is read")

    return Produced(shape, dtype, at, cost, order, produce)


def known(value: NDArray[np.generic], buffer: Buffer) -> Known:
    """A constant; one whose elements are all alike is that number wherever it is read."""
    flat = value.ravel()
    alike = flat.size > 0 and bool(np.all(flat.view(np.uint8).reshape(flat.size, -1)
                                          == flat[:1].view(np.uint8)))
    stored = view(buffer, value.shape)

    def at(place: Place) -> Expr:
        return Const(flat[0].item(), buffer.dtype) if alike else stored.at(place)

    return Known(value.shape, buffer.dtype, at, 0, buffer, Index(), stored.strides, value)


def address(offset: Index, strides: Sequence[int], place: Place) -> Index:
    total = offset
    for index, stride in zip(place, strides, strict=True):
        total = total + index * stride
    return total


def dense_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Row-major: the last axis is next to itself."""
    return tuple(math.prod(shape[i + 1:]) for i in range(len(shape)))
