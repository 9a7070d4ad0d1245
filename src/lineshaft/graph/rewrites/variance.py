"""Variances around the mean over a sliding window are merged from those of half the length.

    w = window of x [16, C]; m = ReduceMean(w, time); v = ReduceMean(square(w - m), time)   48 operations for each of C
 ->
    m2 = (x + x before 1) / 2;    s2 = (x - x before 1)^2 / 2                  mean and sum of squares of 2 ticks
    m4 = (m2 + m2 before 2) / 2;  s4 = s2 + s2 before 2 + (m2 - m2 before 2)^2      and so on; v = s16 / 16

The pairwise update of T. Chan, G. Golub and R. LeVeque (Algorithms for computing the sample variance, Am. Stat. 37,
1983). It squares differences only, so a far level costs no digits, as E[x^2] - E[x]^2 would. The mean comes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lineshaft.graph.arithmetic import unprofitable
from lineshaft.graph.rewrites import dead_state
from lineshaft.graph.sliding import Slide, reduced, slides
from lineshaft.graph.streams import FARTHEST, Plan, Stream, delayed
from lineshaft.graph.view import Constant, Edit, Node, View

ORDER = 650
SHORTEST = 4


@dataclass(frozen=True)
class Variance:
    """``node`` averages (or adds up) the squares of what ``mean`` takes less its mean."""

    node: Node
    mean: Node


def rewrite(graph: View) -> View | str:
    found = slides(graph)
    variances = [v for node in graph.nodes if (v := _variance(graph, node, found.of)) is not None]
    if not variances:
        return "there is no variance over a sliding window of 4 or more"
    plan = Plan(graph, found, {v.mean.inputs[0]: 1 for v in variances})
    edit = Edit(graph)
    stream = Stream(plan, edit)
    for source in dict.fromkeys(v.mean.inputs[0] for v in variances):
        of_it = [v for v in variances if v.mean.inputs[0] == source]
        _put(graph, stream, source, of_it)
    result = edit.done()
    cleaned = dead_state.rewrite(result)
    result = result if isinstance(cleaned, str) else cleaned
    return unprofitable(graph, result) or result


def _variance(graph: View, node: Node, found: Mapping[str, Slide]) -> Variance | None:
    square = graph.producer(node.inputs[0], "Mul") if node.kind in ("ReduceMean", "ReduceSum") else None
    gap = graph.producer(square.inputs[0], "Sub") if square is not None and len(set(square.inputs)) == 1 else None
    mean = graph.producer(gap.inputs[1], "ReduceMean") if gap is not None else None
    if gap is None or mean is None or mean.inputs[0] != gap.inputs[0] or not mean.get("keepdims", 1):
        return None
    slide = found.get(mean.inputs[0])
    if slide is None or not slide.good == slide.length >= SHORTEST:
        return None
    over_time = all(reduced(graph, one) == (slide.axis,) for one in (node, mean))
    return Variance(node, mean) if over_time else None


def _put(graph: View, stream: Stream, source: str, variances: list[Variance]) -> None:
    edit, slide, empty = stream.edit, stream.slides.of[source], stream.plan.empty[source].astype(np.float64)
    near = bool(np.any(empty)) and np.abs(empty).max() <= FARTHEST
    column = stream.take(source, 1)
    above = edit.add("Sub", [column, edit.constant(empty)]) if near else column
    mean, spread = _merged(stream, above, slide, np.zeros_like(empty) if near else empty)
    mean = edit.add("Add", [mean, edit.constant(empty)]) if near else mean
    for one in variances:
        value = spread
        if one.node.kind == "ReduceMean":
            value = edit.add("Mul", [spread, edit.constant(1.0 / slide.length)])
        if not one.node.get("keepdims", 1):
            value = edit.add("Reshape", [value, edit.integers(-1, *(graph.shape(one.node.outputs[0]) or ()))])
        edit.replace(one.node.outputs[0], value)
        edit.replace(one.mean.outputs[0], mean)


def _merged(stream: Stream, column: str, slide: Slide, empty: Constant) -> tuple[str, str]:
    """Mean, and sum of squares around it, of the newest ``slide.length`` columns."""
    edit, nothing = stream.edit, np.zeros_like(empty)
    mean, spread, ticks = column, "", 1
    for digit in f"{slide.length:b}"[1:]:
        old = delayed(stream, mean, ticks, slide.axis, empty)
        square = _square(edit, edit.add("Sub", [mean, old]), ticks / 2)
        mean = edit.add("Mul", [edit.add("Add", [mean, old]), edit.constant(0.5)])
        both = edit.add("Add", [spread, delayed(stream, spread, ticks, slide.axis, nothing)]) if spread else ""
        spread = edit.add("Add", [both, square]) if both else square
        ticks *= 2
        if digit == "1":
            old, rest = (delayed(stream, v, 1, slide.axis, e) for v, e in ((mean, empty), (spread, nothing)))
            gap = edit.add("Sub", [column, old])
            spread = edit.add("Add", [rest, _square(edit, gap, ticks / (ticks + 1))])
            mean = edit.add("Add", [old, edit.add("Mul", [gap, edit.constant(1.0 / (ticks + 1))])])
            ticks += 1
    return mean, spread


def _square(edit: Edit, gap: str, weight: float) -> str:
    square = edit.add("Mul", [gap, gap])
    return square if weight == 1.0 else edit.add("Mul", [square, edit.constant(weight)])
