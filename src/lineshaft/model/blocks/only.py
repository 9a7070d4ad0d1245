"""Some of the tags for the blocks that follow, and all of them again after those."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.pipeline import Seen, Wires, run_spans


class Only:
    """Replaces ``x`` and ``quality`` [C] by those of ``columns``, in rising order; ``Whole`` takes it back.

    A soft sensor's own target is no input of it, whatever fills gaps before the learner.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, columns: Sequence[int]) -> None:
        self.columns = tuple(columns)

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"whole_x": wires["x"], "whole_quality": wires["quality"], "x": picked(g, wires["x"], self.columns),
                "quality": picked(g, wires["quality"], self.columns)}


class Whole:
    """``x`` and ``quality`` [C] of all tags again."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"x": wires["whole_x"], "quality": wires["whole_quality"]}


def picked(g: StepBuilder, row: Wire, columns: Sequence[int]) -> Wire:
    """Some places of ``row`` [C]: one slice for each unbroken stretch of them."""
    spans = run_spans(np.asarray(columns) - np.arange(len(columns)))
    parts = [g.slice(row, columns[start], columns[stop - 1] + 1) for start, stop in spans]
    return g.concat(parts) if len(parts) > 1 else parts[0]
