"""A kernel that moves over space: its sizes, strides and pads along each axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lineshaft.graph.loops.form import Index
from lineshaft.graph.loops.node import Node
from lineshaft.graph.loops.tensor import Place


@dataclass(frozen=True)
class Kernel:
    """How a kernel moves: sizes, strides and spread along each axis of space, pads before and after it."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, node: Node, size: Sequence[int]) -> Kernel:
        axes, found = len(size), node.attributes
        pads = tuple(found.get("pads", [0] * (2 * axes)))
        return cls(tuple(size), tuple(found.get("strides", [1] * axes)), tuple(found.get("dilations", [1] * axes)),
                   pads[:axes], pads[axes:])

    def place(self, out: Place, inside: Sequence[Index]) -> Place:
        """Where an element under the kernel lies, pads included."""
        return tuple(o * s + i * d for o, s, i, d in zip(out, self.strides, inside, self.dilations, strict=True))

    def number(self, inside: Sequence[Index]) -> Index:
        """The how-manieth under the kernel it is."""
        total = Index()
        for index, size in zip(inside, self.size, strict=True):
            total = total * size + index
        return total
