"""Windows that move: states whose next value is the old one without its oldest rows, and the newest rows.

Two patterns are found, on any axis and with the newest rows at either end: ``state' = Concat(Slice(state), newest)``
and ``state' = Slice(Concat(state, newest))``, the second being the cache of a streaming convolution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import onnx
from onnx import numpy_helper

from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.loops.form import INT, Buffer, Const, Index, Load, Op, Sliding, State
from lineshaft.graph.loops.tensor import View, view

_DEAR = 256  # bytes moved a tick: below it a computed place costs more than the move


@dataclass(frozen=True, slots=True)
class Window:
    """A state that moves by ``step`` rows along ``axis`` (asset axis counted). ``joined`` is the Concat's value:
    the next window, or with ``whole`` the old window and the newest rows."""

    state: str
    axis: int
    rows: int
    step: int
    newest_first: bool
    joined: str
    newest: str
    whole: bool


def windows(graph: onnx.GraphProto, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Window]:
    """Windows by the value of their Concat; ``shapes`` are those of all values, with the asset axis."""
    makers = {name: node for node in graph.node for name in node.output}
    constants = {c.name: c for c in graph.initializer}
    found: dict[str, Window] = {}
    for state in graph.input[2:]:
        window = _Matcher(makers, constants, shapes, state.name).match()
        if window is not None:
            found.setdefault(window.joined, window)
    return found


@dataclass(frozen=True)
class _Matcher:
    makers: Mapping[str, onnx.NodeProto]
    constants: Mapping[str, onnx.TensorProto]
    shapes: Mapping[str, tuple[int, ...]]
    state: str

    def match(self) -> Window | None:
        last = self._maker(self.state + STATE_SUFFIX)
        if last is None:
            return None
        if last.op_type == "Concat":
            return self._joined(last, whole=False)
        cut = self._slice(last)
        joined = self._maker(last.input[0]) if cut is not None else None
        if cut is None or joined is None or joined.op_type != "Concat":
            return None
        window = self._joined(joined, whole=True)
        if window is None:
            return None
        first = 0 if window.newest_first else window.step
        return window if cut == (window.axis, first, first + window.rows) else None

    def _joined(self, node: onnx.NodeProto, *, whole: bool) -> Window | None:
        shape = self.shapes[self.state]
        axis = onnx.helper.get_node_attr_value(node, "axis") % len(shape)
        if len(node.input) != 2 or axis == 0:
            return None
        for old, newest, newest_first in ((*node.input, False), (*reversed(node.input), True)):
            step = self.shapes[newest][axis]
            first = 0 if newest_first else step
            kept = (axis, first, first + shape[axis] - step)
            if (self._source(old) == self.state) if whole else self._cut_of_state(old) == kept:
                return Window(self.state, axis, shape[axis], step, newest_first, node.output[0], newest, whole)
        return None

    def _cut_of_state(self, name: str) -> tuple[int, int, int] | None:
        node = self._maker(name)
        cut = self._slice(node) if node is not None else None
        return cut if node is not None and self._source(node.input[0]) == self.state else None

    def _slice(self, node: onnx.NodeProto) -> tuple[int, int, int] | None:
        """(axis, start, stop) of a Slice along one axis."""
        if node.op_type != "Slice":
            return None
        values = [numpy_helper.to_array(self.constants[name]).ravel().tolist() for name in node.input[1:] if name]
        if len(values) < 3 or any(len(v) != 1 for v in values) or (len(values) > 3 and values[3] != [1]):
            return None
        (start,), (stop,), (axis,) = values[:3]
        shape = self.shapes[node.input[0]]
        return (axis % len(shape), *slice(start, stop).indices(shape[axis])[:2])

    def _source(self, name: str) -> str:
        while name in self.makers and self.makers[name].op_type == "Identity":
            name = self.makers[name].input[0]
        return name

    def _maker(self, name: str) -> onnx.NodeProto | None:
        return self.makers.get(self._source(name))


def sliding_state(window: Window, shape: tuple[int, ...], position: Buffer, memory_bytes: int) -> tuple[State, int]:
    """The state with its buffer, and the bytes that a ring, whose place is ``position``, took of ``memory_bytes``
    beyond a shift.
    """
    order = (window.axis - 1, *(a for a in range(len(shape)) if a != window.axis - 1))
    width = math.prod(shape) // window.rows
    span = window.rows + window.step
    moved, extra = 4 * window.rows * width, 4 * span * width + 4
    if moved < _DEAR:
        ring, why = False, f"shift: only {moved} bytes move a tick"
    elif span % window.step:
        ring, why = False, f"shift: {span} rows are no multiple of the {window.step} new ones"
    elif extra > memory_bytes:
        ring, why = False, f"shift of {moved} bytes a tick: a ring would take {extra} bytes more than the target has"
    else:
        ring, why = True, f"mirrored ring: {extra} bytes more save moving {moved} bytes a tick"
    buffer = Buffer(window.state, "state", "float32", span * width * (2 if ring else 1))
    how = Sliding(window.rows, width, window.step, window.newest_first, position if ring else None, why)
    return State(window.state, shape, buffer, order, how), extra if ring else 0


def rows_of(state: State, rows: int, first: int) -> View:
    """A view [1, ...] on ``rows`` rows of the window from row ``first``, counted from its oldest end in memory."""
    how = state.sliding
    assert how is not None
    sizes = [rows if axis == state.order[0] else state.shape[axis] for axis in range(len(state.shape))]
    strides = [0] * len(sizes)
    step = 1
    for axis in reversed(state.order):
        strides[axis] = step
        step *= sizes[axis]
    base = Index(first * how.width)
    if how.position is not None:
        base = base + Index(0, ((Load(how.position, Index()), how.width),))
    return view(state.buffer, (1, *sizes), (0, *strides), base)


def old_first(how: Sliding) -> int:
    """Row, from the position on, of the window as it was before this tick."""
    if how.newest_first:
        return how.step
    return how.step if how.position is not None else 0


def whole_first(how: Sliding) -> int:
    """Row, from the position on, where the old window and the newest rows begin."""
    return old_first(how) - (how.step if how.newest_first else 0)


def newest_first_row(how: Sliding) -> int:
    """Row, from the position on, of the newest rows (in a ring: the place that is ``span`` behind the first copy)."""
    return whole_first(how) + (0 if how.newest_first else how.rows)


def moved_position(how: Sliding) -> Op:
    """The next position of a ring."""
    assert how.position is not None
    at = Load(how.position, Index())
    edge, wrapped = (0, how.span - how.step) if how.newest_first else (how.span - how.step, 0)
    step = -how.step if how.newest_first else how.step
    return Op("select", (Op("eq", (at, Const(edge, INT)), "bool"), Const(wrapped, INT),
                         Op("add", (at, Const(step, INT)), INT)), INT)
