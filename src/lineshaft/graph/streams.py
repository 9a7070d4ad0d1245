"""Newest columns of sliding tensors, from newest columns and caches of earlier ones.

A cache starts as zeros like every state, though a convolution with a bias answers an empty window (zeros) with
something else. So a cache holds what a column has above that answer, which is added when it is read (and then often
goes into the bias of the next layer). Where the answer is too large for float32 to hold beside the rest, as behind the
scaler of a tag with a far level, it holds the columns as they are, and a count of ticks says which were never written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.rewrites.fold import evaluated
from lineshaft.graph.sliding import POOLS, Slide, Slides, cut, span
from lineshaft.graph.view import Constant, Edit, Node, View

FARTHEST = 8.0  # the largest answer to an empty window that is kept apart: 5e-7 of rounding


class Plan:
    """How many newest columns of which sliding tensor are needed, when the ``roots`` need so many."""

    def __init__(self, graph: View, slides: Slides, roots: Mapping[str, int]) -> None:
        self.graph, self.slides = graph, slides
        self.need = dict(roots)
        self.width: dict[str, int] = {}
        self.empty = _answers(graph, slides)
        for node in reversed(graph.nodes):
            name = node.outputs[0]
            if name in self.need and name not in slides.windows:
                self._demand(node, name)

    def beyond(self) -> frozenset[str]:
        """Tensors of which more columns are needed than slide."""
        return frozenset(name for name, need in self.need.items() if need > self.slides.of[name].good)

    def whole(self, name: str) -> bool:
        """Whether all columns are computed as they were."""
        node = self.graph.producers[name]
        return self.width[name] == self.slides.of[name].length and not self._moves(node)

    def cached(self, name: str) -> bool:
        return self.need[name] > self.width[name]

    def _demand(self, node: Node, name: str) -> None:
        self.width[name] = 1 if np.all(np.isfinite(self.empty[name])) else self.need[name]
        sources = [node.inputs[2]] if name in self.slides.filled else list(dict.fromkeys(node.inputs))
        for source in sources:
            if source in self.slides.of:
                columns = self.slides.of[source].length if self.whole(name) else self._columns(node, source)
                self.need[source] = max(self.need.get(source, 0), columns)

    def _columns(self, node: Node, source: str) -> int:
        slide, width = self.slides.of[source], self.width[node.outputs[0]]
        if node.kind == "Conv" or node.kind in POOLS:
            return width + span(self.graph, node, slide) - 1
        return width + self.skipped(node, slide)

    def skipped(self, node: Node, slide: Slide) -> int:
        """How many of the newest columns a slice along time leaves out."""
        found = cut(self.graph, node)
        if found is None or found[0] != slide.axis:
            return 0
        return found[1] if slide.first else slide.length - found[2]

    def _moves(self, node: Node) -> bool:
        """A slice or a pad along time, which takes columns and computes none."""
        if node.kind not in ("Slice", "Pad"):
            return False
        before, after = self.slides.of[node.inputs[0]], self.slides.of[node.outputs[0]]
        return before.length != after.length or self.skipped(node, before) > 0


def _answers(graph: View, slides: Slides) -> dict[str, Constant]:
    """Each sliding tensor's newest column while the windows hold zeros."""
    values: dict[str, Constant] = dict(graph.constants)
    for name in slides.windows:
        values[name] = np.zeros((1, *(graph.shape(name) or ())), np.float32)
    found = {}
    for node in graph.nodes:
        name = node.outputs[0]
        if name in slides.of and name not in slides.windows:
            if name in slides.filled:
                values[name] = np.broadcast_to(values[slides.filled[name]], (1, *(graph.shape(name) or ())))
                continue
            flat = [i for i in node.inputs if i and i not in values]
            values |= {i: np.zeros((1, *(graph.shape(i) or ())), np.float32) for i in flat}
            values[name] = evaluated(node, values)
    for name, slide in slides.of.items():
        place = 0 if slide.first else values[name].shape[slide.axis + 1] - 1
        found[name] = np.take(values[name], [place], axis=slide.axis + 1)
    return found


class Stream:
    """Writes the columns of a plan into an edit."""

    def __init__(self, plan: Plan, edit: Edit) -> None:
        self.plan, self.edit = plan, edit
        self.graph, self.slides = plan.graph, plan.slides
        self._made: dict[str, str] = {}
        self._held: dict[str, str] = {}
        self._age = ""

    def columns(self, name: str) -> str:
        """The newest ``plan.width`` columns."""
        if name not in self._made:
            self._made[name] = self._make(self.graph.producers[name], name)
        return self._made[name]

    def all_needed(self, name: str) -> str:
        """The newest ``plan.need`` columns."""
        if name in self.slides.windows:
            return self._of_window(name)
        return self._cache(name) if self.plan.cached(name) else self.columns(name)

    def take(self, name: str, columns: int, skipped: int = 0) -> str:
        """So many columns, without the ``skipped`` newest ones."""
        if columns == 1 and not skipped and name not in self.slides.windows:
            have, value = self.plan.width[name], self.columns(name)
        elif columns == 1 and not skipped:
            return self.slides.windows[name].newest
        else:
            have, value = self.plan.need[name], self.all_needed(name)
        if have == columns:
            return value
        slide = self.slides.of[name]
        start = skipped if slide.first else have - skipped - columns
        return self.edit.cut(value, slide.axis + 1, start, start + columns)

    def _of_window(self, name: str) -> str:
        slide, need = self.slides.of[name], self.plan.need[name]
        if need == slide.length:
            return name
        return self._window(name, self.slides.windows[name].newest, need)

    def _cache(self, name: str) -> str:
        """The needed columns of a computed tensor, all but the newest out of a state."""
        if name not in self._held:
            column, empty, need = self.columns(name), self.plan.empty[name], self.plan.need[name]
            if not np.any(empty):
                self._held[name] = self._window(name, column, need)
            elif np.abs(empty).max() <= FARTHEST:
                above = self.edit.add("Sub", [column, self.edit.constant(empty)])
                self._held[name] = self.edit.add("Add", [self._window(name, above, need), self.edit.constant(empty)])
            else:
                slide = self.slides.of[name]
                fresh = np.arange(1, need + 1) if slide.first else np.arange(need, 0, -1)
                unwritten = self.younger(fresh, slide.axis, empty.ndim - 1)
                self._held[name] = self.edit.add("Where", [unwritten, self.edit.constant(empty),
                                                           self._window(name, column, need)])
        return self._held[name]

    def younger(self, ticks: NDArray[Any], axis: int, axes: int) -> str:
        """Whether fewer ticks than ``ticks`` [n] were seen, this one included; along ``axis`` of so many."""
        if not self._age:
            state = self.edit.state("age", (1,))
            most = float(max(slide.length for slide in self.slides.of.values()) + 1)
            self._age = self.edit.add("Min", [self.edit.add("Add", [state, self.edit.constant([1.0])]),
                                              self.edit.constant([most])])
            self.edit.keep(state, self._age)
        age = self.edit.add("Reshape", [self._age, self.edit.integers(-1, *(1,) * axes)])
        shape = (1, *(1,) * axis, len(ticks), *(1,) * (axes - axis - 1))
        return self.edit.add("Less", [age, self.edit.constant(ticks.reshape(shape))])

    def _window(self, name: str, column: str, length: int) -> str:
        """A new state with the newest ``length`` columns."""
        key = f"window {name}"
        if key not in self._held:
            slide, shape = self.slides.of[name], list(self.graph.shape(name) or ())
            shape[slide.axis] = length
            self._held[key] = shift(self.edit, column, tuple(shape), slide.axis, slide.first)
        return self._held[key]

    def _make(self, node: Node, name: str) -> str:
        plan, slide, width = self.plan, self.slides.of[name], self.plan.width[name]
        if plan.whole(name):
            return name
        source = node.inputs[0]
        if name in self.slides.filled:  # the newest columns were written
            return self.take(node.inputs[2], width)
        if plan._moves(node):
            return self.take(source, width, plan.skipped(node, self.slides.of[source]))
        if node.kind == "Reshape":
            shape = list(self.graph.shape(name) or ())
            shape[slide.axis] = width
            flat = self.slides.flat.get(source)
            columns = flat.newest if flat is not None else self.take(source, width)
            return self.edit.add("Reshape", [columns, self.edit.integers(-1, *shape)])
        taken = {i: plan._columns(node, i) for i in node.inputs if i in self.slides.of}
        inputs = [self.take(i, taken[i]) if i in taken else i for i in node.inputs]
        return self.edit.add(node.kind, inputs, domain=node.domain, **self._attributes(node, slide))

    def _attributes(self, node: Node, slide: Slide) -> dict[str, Any]:
        found = dict(node.attributes)
        if (node.kind == "Conv" or node.kind in POOLS) and "pads" in found:
            pads = list(found["pads"])
            pads[slide.axis - 1] = pads[len(pads) // 2 + slide.axis - 1] = 0
            found["pads"] = pads
        return found


def shift(edit: Edit, column: str, shape: tuple[int, ...], axis: int, first: bool = False, name: str = "stream") -> str:
    """The newest columns [shape] in a new state that ``column`` enters."""
    length, state = shape[axis], edit.state(name, shape)
    if length == 1:
        edit.keep(state, column)
        return column
    old = edit.cut(state, axis + 1, *((0, length - 1) if first else (1, length)))
    value = edit.add("Concat", [column, old] if first else [old, column], axis=axis + 1)
    edit.keep(state, value)
    return value


def delayed(stream: Stream, value: str, ticks: int, axis: int, empty: Constant) -> str:
    """A column as it was so many ticks before; before the first tick it is ``empty``."""
    edit, shape = stream.edit, empty.shape[1:]
    state = edit.state("before", (*shape[:axis], ticks, *shape[axis + 1:]))
    if ticks == 1:
        edit.keep(state, value)
        old = state
    else:
        edit.keep(state, edit.add("Concat", [edit.cut(state, axis + 1, 1, ticks), value], axis=axis + 1))
        old = edit.cut(state, axis + 1, 0, 1)
    if not np.any(empty):
        return old
    unwritten = stream.younger(np.array([ticks + 1]), axis, len(shape))
    return edit.add("Where", [unwritten, edit.constant(empty), old])
