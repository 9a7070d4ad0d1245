"""Apart: a block that stands in a graph a second time, its state under names of its own."""

from __future__ import annotations

from lineshaft.graph.builder import StepBuilder
from lineshaft.model.pipeline import Block, Seen, Wires


class Apart:
    """The wires of ``block``; its states are called ``name_...``."""

    def __init__(self, block: Block, name: str) -> None:
        self.block, self.name = block, name
        self.reads = block.reads

    def fit(self, seen: Seen) -> None:
        self.block.fit(seen)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        with g.within(self.name):
            return self.block.emit(g, wires)
