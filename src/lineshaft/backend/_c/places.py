"""What an artifact's layout says of the struct, held against the struct itself before any of it is believed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from lineshaft.core.errors import Refused
from lineshaft.core.step import StepSignature

_LARGEST = 1 << 30
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


class Layout(msgspec.Struct, frozen=True):
    """Offsets in bytes; ``size`` is that of the whole struct."""

    size: int
    x: int
    quality: int
    outputs: dict[str, int]
    states: tuple[StateAt, ...]
    operations: int


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
    if not 0 < found.size <= _LARGEST or any(not _inside(found.size, *place) for place in _places(found, signature)):
        raise Refused("its layout reaches out of the memory that it says a step has", where="artifact of the c backend",
                      do=_AGAIN)
    return found


def _places(found: Layout, signature: StepSignature) -> Iterator[tuple[int, int]]:
    """Offset in bytes and count of numbers of everything that an engine looks at."""
    yield found.x, signature.channels
    yield found.quality, signature.channels
    for port in signature.outputs:
        yield found.outputs[port.name], math.prod(port.shape)
    for at in found.states:
        yield at.offset, at.size if _sound(at) else _LARGEST
        if at.position >= 0:
            yield at.position, 1


def _sound(at: StateAt) -> bool:
    """Whether the state's own numbers fit its part of the struct, wherever its window stands."""
    if sorted(at.order) != list(range(len(at.shape))) or min(at.size, at.rows, at.width, at.span, at.first) < 0:
        return False
    needed = 2 * at.span * at.width if at.position >= 0 else at.first * at.width + math.prod(at.shape)
    return at.size >= max(needed, math.prod(at.shape))


def _inside(size: int, offset: int, count: int) -> bool:
    return offset >= 0 and offset % 4 == 0 and count >= 0 and offset + 4 * count <= size
