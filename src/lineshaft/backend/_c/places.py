"""What an artifact's layout says of the struct, held against the struct itself before any of it is believed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from lineshaft.backend._c import binary
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array, StepSignature

_LARGEST, _FINEST = 1 << 30, 62
_AGAIN = "compile the graph again"


class StateAt(msgspec.Struct, frozen=True):
    """Where a state lies in the struct: ``offset`` in bytes, ``order`` of its axes there, and how a window moves."""

    name: str
    shape: tuple[int, ...]
    offset: int
    size: int
    order: tuple[int, ...]
    rows: int = 0
    width: int = 0
    span: int = 0
    first: int = 0
    position: int = -1
    point: int | None = None
    wide: bool = False

    @property
    def dtype(self) -> type[np.generic]:
        """float32, or with a binary point integers of 32 bits, of 64 where they are wide."""
        return np.float32 if self.point is None else np.int64 if self.wide else np.int32

    def real(self, stored: NDArray[Any]) -> Array:
        """Numbers as a caller sees them."""
        return np.asarray(stored, np.float32) if self.point is None else binary.real(stored, self.point)

    def stored(self, value: Array) -> NDArray[Any]:
        """Numbers as they lie in the struct."""
        return value if self.point is None else binary.stored(value, self.point, wide=self.wide)


class Points(msgspec.Struct, frozen=True):
    """Binary points of the channels of x and of the outputs; an x of ``limit`` and more in size is no number."""

    x: tuple[int, ...]
    outputs: dict[str, int]
    limit: float | None = None


class Layout(msgspec.Struct, frozen=True):
    """Offsets in bytes; ``size`` is that of the whole struct."""

    size: int
    x: int
    quality: int
    outputs: dict[str, int]
    states: tuple[StateAt, ...]
    operations: int
    points: Points | None = None

    @property
    def dtype(self) -> type[np.generic]:
        """What inputs and outputs are in the struct."""
        return np.float32 if self.points is None else np.int32


def checked(layout: Mapping[str, Any], signature: StepSignature) -> Layout:
    """The layout of a struct that holds what the signature says; ``Refused`` for one that reaches out of it."""
    try:
        found = msgspec.convert(layout, Layout)
    except msgspec.ValidationError as error:
        raise Refused(f"its layout is damaged ({error})", where="artifact of the c backend", do=_AGAIN) from None
    outputs = {port.name: port.shape for port in signature.outputs}
    states = {port.name: port.shape for port in signature.states}
    if found.outputs.keys() != outputs.keys() or {at.name: at.shape for at in found.states} != states:
        raise Refused("its outputs and states are not those of the bundle's graph", where="artifact of the c backend",
                      do=_AGAIN)
    if not _pointed(found, signature):
        raise Refused("its binary points are not those of the bundle's graph", where="artifact of the c backend",
                      do=_AGAIN)
    if not 0 < found.size <= _LARGEST or any(not _inside(found.size, *place) for place in _places(found, signature)):
        raise Refused("its layout reaches out of the memory that it says a step has", where="artifact of the c backend",
                      do=_AGAIN)
    return found


def _places(found: Layout, signature: StepSignature) -> Iterator[tuple[int, int]]:
    """Offset in bytes and size in words of 32 bits of everything that an engine looks at."""
    yield found.x, signature.channels
    yield found.quality, signature.channels
    for port in signature.outputs:
        yield found.outputs[port.name], math.prod(port.shape)
    for at in found.states:
        yield at.offset, at.size * (2 if at.wide else 1) if _sound(at) else _LARGEST
        if at.position >= 0:
            yield at.position, 1


def _pointed(found: Layout, signature: StepSignature) -> bool:
    """Whether everything has a binary point or nothing has, each a sensible one."""
    given = [at.point for at in found.states]
    if found.points is None:
        return given == [None] * len(given)
    every = [*given, *found.points.x, *found.points.outputs.values()]
    return (len(found.points.x) == signature.channels and found.points.outputs.keys() == found.outputs.keys()
            and all(point is not None and abs(point) <= _FINEST for point in every)
            and all(at.offset % 8 == 0 for at in found.states if at.wide))


def _sound(at: StateAt) -> bool:
    """Whether the state's own numbers fit its part of the struct, wherever its window stands."""
    if sorted(at.order) != list(range(len(at.shape))) or min(at.size, at.rows, at.width, at.span, at.first) < 0:
        return False
    needed = 2 * at.span * at.width if at.position >= 0 else at.first * at.width + math.prod(at.shape)
    return at.size >= max(needed, math.prod(at.shape))


def _inside(size: int, offset: int, count: int) -> bool:
    return offset >= 0 and offset % 4 == 0 and count >= 0 and offset + 4 * count <= size
