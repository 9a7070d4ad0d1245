"""Sums, means and extremes over a sliding window grow from sums of half the length, each kept until it is needed again.

    w = window of x [20, C]; y = ReduceSum(w, time)      20 additions for each of C
 ->
    s2 = x + x before 1 tick;  s4 = s2 + s2 before 2;  s5 = x + s4 before 1
    s10 = s5 + s5 before 5;    y = s10 + s10 before 10    5 additions for each of C, and the same 19 values of state

It is the doubling of W. Hillis and G. Steele (Data parallel algorithms, CACM 29, 1986) over ticks. Nothing is ever
subtracted, so nothing drifts, and a wild or infinite value is gone as soon as it leaves the window: a running sum that
subtracts the leaving value would keep its rounding for ever. Each sum is a balanced tree, whose rounding is less than
that of adding in a row. Means and mean squares are sums; minima and maxima go the same way. Where something else needs
the window too, it is done only if it saves far more operations than it keeps values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lineshaft.graph.arithmetic import unprofitable
from lineshaft.graph.rewrites import dead_state
from lineshaft.graph.sliding import REDUCTIONS, Slide, reduced, slides
from lineshaft.graph.streams import FARTHEST, Plan, Stream, delayed
from lineshaft.graph.view import Constant, Edit, Node, View

ORDER = 700
SHORTEST = 4

_FOLD = {"ReduceSum": "Add", "ReduceMean": "Add", "ReduceMax": "Max", "ReduceMin": "Min"}
_NUMPY: dict[str, Callable[..., Constant]] = {
    "ReduceSum": np.sum, "ReduceMean": np.mean, "ReduceMax": np.max, "ReduceMin": np.min}


def rewrite(graph: View) -> View | str:
    found = slides(graph)
    nodes = [node for node in graph.nodes if node.kind in REDUCTIONS and _over_time(graph, node, found.of)]
    if not nodes:
        return "nothing is added up, averaged or compared over a sliding window of 4 or more"
    plan = Plan(graph, found, {node.inputs[0]: 1 for node in nodes})
    edit = Edit(graph)
    stream = Stream(plan, edit)
    for node in nodes:
        edit.replace(node.outputs[0], _grown(graph, stream, node))
    result = edit.done()
    cleaned = dead_state.rewrite(result)
    result = result if isinstance(cleaned, str) else cleaned
    return unprofitable(graph, result) or result


def _over_time(graph: View, node: Node, found: Mapping[str, Slide]) -> bool:
    slide = found.get(node.inputs[0])
    return slide is not None and slide.axis in reduced(graph, node) and slide.good == slide.length >= SHORTEST


def _grown(graph: View, stream: Stream, node: Node) -> str:
    """The reduction of all columns from the newest one and delays."""
    name, edit = node.inputs[0], stream.edit
    slide, empty = stream.slides.of[name], stream.plan.empty[name].astype(np.float64)
    others = tuple(a + 1 for a in reduced(graph, node) if a != slide.axis)
    column = stream.take(name, 1)
    if others:
        column = edit.add(node.kind, [column, edit.integers(*others)], keepdims=1)
        empty = np.asarray(_NUMPY[node.kind](empty, axis=others, keepdims=True))
    near = bool(np.any(empty)) and np.abs(empty).max() <= FARTHEST
    if near:
        column = edit.add("Sub", [column, edit.constant(empty)])
    value = Doubling(stream, node.kind, slide, np.zeros_like(empty) if near else empty).whole(column)
    if node.kind == "ReduceMean":
        value = edit.add("Mul", [value, edit.constant(1.0 / slide.length)])
    if near:
        value = edit.add("Add", [value, edit.constant(empty * (slide.length if node.kind == "ReduceSum" else 1))])
    if node.get("keepdims", 1):
        return value
    return edit.add("Reshape", [value, edit.integers(-1, *(graph.shape(node.outputs[0]) or ()))])


class Doubling:
    """Folds the newest ``slide.length`` columns, by the binary digits of the length."""

    def __init__(self, stream: Stream, kind: str, slide: Slide, empty: Constant) -> None:
        self.stream, self.kind, self.slide, self.empty = stream, kind, slide, empty

    def whole(self, column: str) -> str:
        edit, fold = self.stream.edit, _FOLD[self.kind]
        value, ticks = column, 1
        for digit in f"{self.slide.length:b}"[1:]:
            value = edit.add(fold, [value, self._delayed(value, ticks, ticks)])
            ticks *= 2
            if digit == "1":
                value = edit.add(fold, [column, self._delayed(value, 1, ticks)])
                ticks += 1
        return value

    def _delayed(self, value: str, ticks: int, columns: int) -> str:
        answer = self.empty * (columns if _FOLD[self.kind] == "Add" else 1)
        return delayed(self.stream, value, ticks, self.slide.axis, answer)
