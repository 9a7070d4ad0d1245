"""What values a graph's inner tensors take on calibration runs: the graph itself is run, with more outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array, Executor, Port
from lineshaft.graph.fidelity import Run, pieces
from lineshaft.graph.view import Edit, View, view

MOST_KEPT = 100_000  # values of one tensor that are remembered


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The extremes of a tensor and a sample of its values [n], evenly spread over what was seen."""

    low: float
    high: float
    sample: Array


def observing(graph: bytes, tensors: Mapping[str, str]) -> bytes:
    """The step graph with inner tensors as outputs: new output name -> the name of the value.

    Raises ``UsageError`` for a value that is not there or whose shape is not known.
    """
    return _observing(view(graph), tensors).bytes()


def _observing(seen: View, tensors: Mapping[str, str]) -> View:
    from dataclasses import replace

    ports = []
    for name, value in tensors.items():
        shape = seen.shape(value)
        if shape is None:
            raise UsageError(f"{value} is no value with an asset axis and a static shape", where="observe")
        ports.append(Port(name, shape))
    edit = Edit(replace(seen, outputs=(*seen.results, *ports, *seen.outputs[len(seen.results):])))
    for name, value in tensors.items():
        edit.replace(name, value)
    return edit.done()


def ranges(graph: bytes, values: Sequence[str], runs: Sequence[Run], execute: Executor) -> dict[str, Seen]:
    """What each named inner value was seen to be over ``runs``, each from zero state."""
    names = {f"observed {i}": value for i, value in enumerate(values)}
    model = observing(graph, names)
    parts: dict[str, list[Array]] = {value: [] for value in values}
    extremes = dict.fromkeys(values, (np.inf, -np.inf))
    rows = sum(len(run.x) for run in runs)
    for run in runs:
        for piece in pieces(model, run, execute, tuple(names)):
            for name, value in names.items():
                flat = piece[name].reshape(-1)
                low, high = extremes[value]
                extremes[value] = (min(low, float(flat.min())), max(high, float(flat.max())))
                parts[value].append(_thinned(flat, MOST_KEPT * len(piece[name]) // rows + 1))
    return {value: Seen(*extremes[value], np.concatenate(parts[value])) for value in values}


def _thinned(flat: NDArray[np.float32], most: int) -> Array:
    """At most ``most`` values; an odd step, so that it does not fall in with the shape."""
    return flat[::max(1, len(flat) // most) | 1].copy()
