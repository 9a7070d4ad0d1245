"""Operators of a graph on their way into loops, and who lowers which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lineshaft.core import discovery
from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.tensor import Known, Tensor


@dataclass(frozen=True)
class Node:
    """One operator: an absent input is None, ``shape`` that of its first output, with the asset axis."""

    kind: str
    inputs: tuple[Tensor | None, ...]
    attributes: Mapping[str, Any]
    shape: tuple[int, ...]

    def input(self, place: int) -> Tensor:
        tensor = self.inputs[place]
        assert tensor is not None, f"{self.kind} lacks its input {place}"
        return tensor

    def has(self, place: int) -> bool:
        return place < len(self.inputs) and self.inputs[place] is not None

    def ints(self, place: int) -> list[int]:
        """A constant input as integers."""
        tensor = self.input(place)
        assert isinstance(tensor, Known), f"{self.kind} has a computed input {place}"
        return [int(value) for value in tensor.value.ravel()]


Lowering = Callable[[Emitter, Node], Tensor | tuple[Tensor, ...]]


def lowers(*kinds: str, streams: bool = False) -> Callable[[Lowering], Lowering]:
    """Marks a function of a module of ``families`` as the lowering of these operators.

    Unless it ``streams``, produced inputs are put into memory before it sees them.
    """
    def mark(function: Lowering) -> Lowering:
        function.kinds, function.streams = kinds, streams  # type: ignore[attr-defined]
        return function

    return mark


@cache
def lowerings() -> Mapping[str, Lowering]:
    """Every operator that can be lowered, found in the modules of ``families``."""
    package = "lineshaft.graph.loops.families"
    modules = [discovery.load(package, name) for name in discovery.names(package)]
    return {kind: function for module in modules for function in vars(module).values()
            for kind in getattr(function, "kinds", ())}
