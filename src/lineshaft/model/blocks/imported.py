"""A model made elsewhere as a block, and the preparation that its author did in Python, as blocks before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import ArrayLike

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.importing.inputs import Input
from lineshaft.graph.importing.writing import Written, write
from lineshaft.model.blocks.features import full
from lineshaft.model.learner import scaled
from lineshaft.model.pipeline import Seen, Wires

Statistic = Callable[[StepBuilder, Wire], Wire]


class Unlearnt:
    """A block that has nothing to learn: its numbers were given."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""


class Masked(Unlearnt):
    """Wire ``features`` [C]: ``x`` where it may be used; else its last good value ("hold", 0 before the first), 0
    ("zero"), or NaN ("nan"), which trees take as a missing value."""

    def __init__(self, how: str = "hold") -> None:
        self.how = how

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        usable = g.greater(wires["quality"], 0.5)
        if self.how != "hold":
            return {"features": g.where(usable, wires["x"], np.nan if self.how == "nan" else 0.0)}
        held = g.where(usable, wires["x"], g.state("held", wires["x"].shape))
        g.keep("held", held)
        return {"features": held}


class Scaled(Unlearnt):
    """Wire ``features`` [C]: (features - mean) / scale with the numbers that the model was trained with."""

    def __init__(self, mean: ArrayLike, scale: ArrayLike) -> None:
        self.mean, self.scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": scaled(g, wires["features"], self.mean, self.scale)}


class Windowed(Unlearnt):
    """Wire ``features`` [T, C]: the newest ``length`` rows, newest last, or [C, T]; ``warm`` [1] once it is full."""

    def __init__(self, length: int, by_tag: bool = False) -> None:
        self.length, self.by_tag = length, by_tag

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        rows = g.window("rows", wires["features"], self.length)
        return {"features": g.transpose(rows, (1, 0)) if self.by_tag else rows, "warm": full(g, self.length)}


class Statistics(Unlearnt):
    """Wire ``features`` [S * C] of a window [T, C]: for each statistic in turn its value for every tag."""

    def __init__(self, names: Sequence[str]) -> None:
        unknown = [name for name in names if name not in STATISTICS]
        if unknown:
            raise UsageError(f"no statistic is called {unknown[0]!r}", do=f"use some of {', '.join(STATISTICS)}")
        self.names = tuple(names)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        rows = wires["features"]
        parts = [g.reshape(STATISTICS[name](g, rows), rows.shape[1:]) for name in self.names]
        return {"features": g.concat(parts) if len(parts) > 1 else parts[0]}


def _variance(g: StepBuilder, rows: Wire) -> Wire:
    return g.mean(g.square(g.subtract(rows, g.mean(rows, axis=0))), axis=0)


def _slope(g: StepBuilder, rows: Wire) -> Wire:
    """Of the least-squares line, a tick."""
    ticks = np.arange(rows.shape[0]) - (rows.shape[0] - 1) / 2.0
    weights = ticks / max(float((ticks ** 2).sum()), 1e-30)
    return g.sum(g.multiply(rows, weights[:, None]), axis=0)


STATISTICS: Mapping[str, Statistic] = {
    "mean": lambda g, rows: g.mean(rows, axis=0), "std": lambda g, rows: g.sqrt(_variance(g, rows)),
    "var": _variance, "min": lambda g, rows: g.smallest(rows, axis=0), "max": lambda g, rows: g.largest(rows, axis=0),
    "range": lambda g, rows: g.subtract(g.largest(rows, axis=0), g.smallest(rows, axis=0)),
    "rms": lambda g, rows: g.sqrt(g.mean(g.square(rows), axis=0)), "slope": _slope,
    "first": lambda g, rows: g.slice(rows, 0, 1),
    "last": lambda g, rows: g.slice(rows, rows.shape[0] - 1, rows.shape[0])}
"""Of a window [T, C], one row [1, C] each; deviations are of the whole window (ddof 0), as in NumPy."""


class Imported(Unlearnt):
    """The model itself: its outputs as wires; ``written`` says what became of it once it was emitted."""

    def __init__(self, model: onnx.ModelProto, inputs: Sequence[Input], names: Mapping[str, str] | None = None,
                 reserved: Sequence[str] = ()) -> None:
        self.model, self.inputs, self.names, self.reserved = model, tuple(inputs), dict(names or {}), reserved
        self.written = Written({}, ())

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        self.written = write(g, self.model, wires["features"], self.inputs, self.names, self.reserved)
        return dict(self.written.wires)


class Chosen(Unlearnt):
    """Wire ``smooth`` [1]: the number of an output that is watched; ``resting`` while windows fill."""

    def __init__(self, name: str, place: int, resting: float) -> None:
        self.name, self.place, self.resting = name, place, resting

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        whole = wires[self.name]
        flat = whole if len(whole.shape) == 1 else g.reshape(whole, (math.prod(whole.shape),))
        one = g.slice(flat, self.place, self.place + 1) if flat.shape[0] > 1 else flat
        return {"smooth": g.where(wires["warm"], one, self.resting) if "warm" in wires else one}
