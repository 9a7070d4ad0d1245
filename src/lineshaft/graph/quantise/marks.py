"""Ranges of every tensor of a step graph, written into the model: what integers with a binary point are chosen by.

What was seen on runs says how far a value reaches and how small it usually is. Runs are short, so constants count too:
a value that is clipped at 1000 or compared with 5000 will get there one day, as a counter does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.core.step import Array, Executor
from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.fidelity import Run, pieces
from lineshaft.graph.loops.points import DIGITS, Mark, channel, write_metadata
from lineshaft.graph.quantise.observe import observing
from lineshaft.graph.view import Node, View, view

_DEVIATIONS = 2.0**10  # of an input, which has to be told from a fault
_FAR = 2.0**40  # a constant beyond it is a guard against what is no number
_SPREAD = 2.0**-14  # least usual size of a column beside that of the largest
_COPYING = frozenset("Where Identity Reshape Slice Concat Transpose Relu Pad MaxPool".split())
_BOUNDING = frozenset("Min Max Clip Less LessOrEqual Greater GreaterOrEqual Equal".split())


def marked(graph: bytes, usual: Sequence[Run], odd: Sequence[Run], execute: Executor) -> bytes:
    """The graph with marks of its float32 tensors: usual sizes from the runs ``usual``, largest also from ``odd``."""
    seen = view(graph)
    names = [name for name in _values(seen) if seen.dtype(name) == onnx.TensorProto.FLOAT
             and seen.shape(name) is not None and name not in ("x", "quality")]
    often, rarely = _observed(graph, names, usual, execute), _observed(graph, names, odd, execute)
    marks = {name: _mark(often[name], rarely[name]) for name in names}
    _reach(seen, marks)
    model = onnx.load_from_string(graph)
    write_metadata(model, marks | _inputs(usual))
    return bytes(model.SerializeToString(deterministic=True))


def _values(seen: View) -> Iterable[str]:
    yield from (state.name + STATE_SUFFIX for state in seen.states)
    yield from (name for node in seen.nodes for name in node.outputs if name and name not in seen.ports)
    yield from (port.name for port in seen.results)


def _observed(graph: bytes, names: Sequence[str], runs: Sequence[Run], execute: Executor
              ) -> dict[str, NDArray[np.float32]]:
    """All values [rows, size] of tensors over runs, each from zero state."""
    asked = {f"observed {i}": name for i, name in enumerate(names)}
    model = observing(graph, asked)
    parts: dict[str, list[Array]] = {name: [] for name in names}
    for run in runs:
        for piece in pieces(model, run, execute, tuple(asked)):
            for label, name in asked.items():
                parts[name].append(piece[label].reshape(len(piece[label]), -1))
    return {name: np.concatenate(found) if found else np.zeros((0, 1), np.float32) for name, found in parts.items()}


def _mark(often: NDArray[np.float32], rarely: NDArray[np.float32]) -> Mark:
    sizes = [np.abs(part[np.isfinite(part)]) for part in (often, rarely)]
    top = max(float(part.max(initial=0.0)) for part in sizes)
    every = np.concatenate([part[np.isfinite(part)] for part in (often, rarely)])
    if top < _FAR and (every == np.rint(every)).all() and top > 0:
        return Mark(top, 2.0**DIGITS)
    columns = [u for u in (_usual(column[np.isfinite(column)].astype(np.float64)) for column in often.T) if u > 0]
    return Mark(top, max(min(columns), max(columns) * _SPREAD)) if columns else Mark(top or 2.0**11, 1.0)


def _usual(column: NDArray[np.float64]) -> float:
    """The size of a usual value or of its movement, whichever is smaller; 0 for a column of zeros."""
    sizes = np.abs(column[column != 0])
    if not sizes.size:
        return 0.0
    middle, moves = float(np.median(sizes)), float(column.std())
    return min(middle, moves) if moves > 1e-6 * middle else middle


def _inputs(runs: Sequence[Run]) -> dict[str, Mark]:
    """Each channel reaches a thousand deviations to both sides of where it usually is."""
    marks = {}
    for i in range(runs[0].x.shape[1]):
        values = np.concatenate([run.x[:, i][run.quality[:, i] > 0.5] for run in runs]).astype(np.float64)
        values = values[np.abs(values) < _FAR]
        moves = float(values.std()) if values.size else 0.0
        level = float(np.abs(values).max(initial=0.0))
        marks[channel(i)] = Mark((level + _DEVIATIONS * moves) or 1.0, moves or level or 1.0)
    return marks


def _reach(seen: View, marks: dict[str, Mark]) -> None:
    """Let constants that bound a value, or are compared with it, belong to its range, and what is a copy follow."""
    told: dict[str, float] = {}
    for node in seen.nodes:
        if node.kind in _BOUNDING:
            for name in (*node.inputs, *node.outputs):
                told[name] = max(told.get(name, 0.0), _largest_constant(seen, node))
    kept = {state.name: state.name + STATE_SUFFIX for state in seen.states}
    before: dict[str, float] = {}
    while told != before:
        before = dict(told)
        for node in seen.nodes:
            if node.kind in _COPYING:
                most = max((max(told.get(n, 0.0), told.get(kept.get(n, n), 0.0)) for n in node.inputs), default=0.0)
                told |= {name: max(told.get(name, 0.0), most) for name in node.outputs}
    for name, mark in marks.items():
        marks[name] = replace(mark, top=max(mark.top, told.get(name, 0.0)))


def _largest_constant(seen: View, node: Node) -> float:
    found = [np.abs(seen.constants[name]) for name in node.inputs if name in seen.constants]
    sizes = [float(array.max(initial=0.0)) for array in found if array.dtype == np.float32]
    return max((size for size in sizes if size < _FAR), default=0.0)

