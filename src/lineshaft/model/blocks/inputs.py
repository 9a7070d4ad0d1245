"""Some of the tags for the blocks that follow, and blocks on wires of other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Block, Seen, Wires, run_spans


class Inputs:
    """Wires ``inputs`` and ``inputs_quality`` [n]: x and quality of ``columns``, in rising order.

    A soft sensor's own target is no input of it, whatever fills gaps before the learner.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, columns: Sequence[int]) -> None:
        self.columns = tuple(columns)

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"inputs": picked(g, wires["x"], self.columns),
                "inputs_quality": picked(g, wires["quality"], self.columns)}


class On:
    """A block that is given other wires: ``names`` says what the pipeline calls each wire that the block reads."""

    def __init__(self, block: Block, names: Mapping[str, str]) -> None:
        self.block, self.names = block, dict(names)
        self.reads: tuple[str, ...] = tuple(self.names.get(name, name) for name in block.reads)

    def fit(self, seen: Seen) -> None:
        own = {name: seen[self.names.get(name, name)] for name in self.block.reads}
        self.block.fit(replace(seen, wires=own))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return self.block.emit(g, {**wires, **{name: wires[other] for name, other in self.names.items()}})


def picked(g: StepBuilder, row: Wire, columns: Sequence[int]) -> Wire:
    """Some places of ``row`` [C]: one slice for each unbroken stretch of them."""
    spans = run_spans(np.asarray(columns) - np.arange(len(columns)))
    parts = [g.slice(row, columns[start], columns[stop - 1] + 1) for start, stop in spans]
    return g.concat(parts) if len(parts) > 1 else parts[0]
