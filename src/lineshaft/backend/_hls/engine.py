"""The engine of a partitioned step graph: ONNX Runtime around the core. Needs neither ``onnx`` nor hls4ml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.step import Array, StepSignature

Core = Callable[[Array], Sequence[Array]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A tensor that travels flat between two parts; ``shape`` leaves out the asset axis."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the parts of a step graph fit together.

    ``before`` and ``after`` are the pieces of those parts' ``x``; ``source`` and ``results`` the core's tensors. A
    tensor that a part hands over is its output of that name with ``prefix``.
    """

    before: tuple[Piece, ...]
    source: Piece
    results: tuple[Piece, ...]
    after: tuple[Piece, ...]
    prefix: str
    first: StepSignature
    last: StepSignature


class PartitionedEngine:
    """``core.step.Engine`` of three parts; the core is any function from [A, n] to one [A, m] a result."""

    def __init__(self, before: bytes, core: Core, after: bytes, layout: Layout, signature: StepSignature,
                 threads: int = 1, assets: int = 1) -> None:
        self.signature, self.assets, self._core, self._layout = signature, assets, core, layout
        self._before = BoundEngine(before, layout.first, threads, assets)
        self._after = BoundEngine(after, layout.last, threads, assets)
        self.x: Array = self._before.x[:, :signature.channels]
        self.quality: Array = self._before.x[:, signature.channels:2 * signature.channels]
        self.quality.fill(1.0)
        given = {"x": self.x, "quality": self.quality}
        handed = {**self._before.out, **self._after.out}
        self._out = {port.name: handed[port.name] for port in signature.outputs}
        self._source = self._handed(layout.source)
        places = _places(layout.after)
        names = [piece.name for piece in layout.results]
        self._results = [self._after.x[:, places[name]] for name in names]
        self._copies = [(self._after.x[:, places[p.name]], given[p.name] if p.name in given else self._handed(p))
                        for p in layout.after if p.name not in names]
        own = {port.name for port in layout.last.states}
        self._feedback = {name: self._before.x[:, place] for name, place in _places(layout.before).items()
                          if name in own}

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def step(self) -> None:
        if self._feedback:
            later = self._after.state()
            for name, place in self._feedback.items():
                place[...] = later[name].reshape(place.shape)
        self._before.step()
        for place, value in zip(self._results, self._core(self._source), strict=True):
            place[...] = value
        for place, value in self._copies:
            place[...] = value
        self._after.step()

    def state(self) -> dict[str, Array]:
        held = {**self._before.state(), **self._after.state()}
        return {port.name: held[port.name] for port in self.signature.states}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._before.restore(state)
        self._after.restore(state)

    def reset(self) -> None:
        self._before.reset()
        self._after.reset()

    def _handed(self, piece: Piece) -> Array:
        """What the first part hands over, [A, n]: a view, filled by each step."""
        return self._before.out[self._layout.prefix + piece.name].reshape(self.assets, piece.size)


def _places(pieces: Sequence[Piece]) -> dict[str, slice]:
    ends = np.cumsum([piece.size for piece in pieces])
    return {piece.name: slice(int(end) - piece.size, int(end)) for piece, end in zip(pieces, ends, strict=True)}
