"""Which tensors of a step graph slide: each tick they are what they were, moved on by one column, with a new one.

A window state slides, and so does what is computed from it column by column (or from neighbouring columns, as a
convolution does). Of such a tensor only the newest column has to be computed. ``good`` counts the newest columns for
which that holds; a convolution that pads the oldest side has others beyond.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.view import Node, View

UNARY = frozenset(
    "Abs Cast Ceil Clip Cos Erf Exp Floor Identity Log Neg Not Relu Round Sigmoid Sign Sin Sqrt Tanh".split())
NARY = frozenset("Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mul Or Pow Sub Where".split())
REDUCTIONS = frozenset(("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"))
POOLS = frozenset(("AveragePool", "MaxPool"))


@dataclass(frozen=True, slots=True)
class Slide:
    """``axis`` is that of time, without the asset axis; the newest column is the first or the last."""

    axis: int
    length: int
    good: int
    first: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """``value`` is the new content of a state (or a little more); ``newest`` are the ``step`` columns that entered."""

    state: str
    value: str
    newest: str
    slide: Slide
    step: int = 1


@dataclass(frozen=True)
class Slides:
    """Sliding tensors by name, the windows among them, and why others do not slide though they look at a window.

    ``filled`` are windows that read as a constant where nothing was written yet: the constant's name by theirs;
    ``flat`` are windows that slide once they are reshaped to rows.
    """

    of: Mapping[str, Slide]
    windows: Mapping[str, Window]
    filled: Mapping[str, str]
    flat: Mapping[str, Window]
    refusals: tuple[str, ...] = ()


@dataclass
class _Search:
    graph: View
    found: dict[str, Slide] = field(default_factory=dict)
    flat: dict[str, Window] = field(default_factory=dict)
    filled: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)


def slides(graph: View, blocked: frozenset[str] = frozenset()) -> Slides:
    """What slides, where the tensors in ``blocked`` are taken not to."""
    windows = {w.value: w for s in graph.states if (w := window(graph, s.name)) is not None}
    search = _Search(graph)
    for name, one in windows.items():
        if one.step == 1:
            search.found[name] = one.slide
        else:
            search.flat[name] = one
    for node in graph.nodes:
        name = node.outputs[0]
        if name in blocked or name in search.found:
            continue
        result = _slide(search, node)
        if isinstance(result, str):
            search.refusals.append(f"{node.kind} {name}: {result}")
        elif result is not None and result.good > 0:
            search.found[name] = result
    kept = {name: one for name, one in windows.items() if name in search.found}
    return Slides(search.found, kept, search.filled, search.flat, tuple(search.refusals))


def window(graph: View, state: str) -> Window | None:
    """The window that a state keeps: its next value is its newest part and something new beside."""
    value = _behind(graph, state + STATE_SUFFIX)
    node = graph.producer(value)
    if node is not None and node.kind == "Slice" and graph.producer(node.inputs[0], "Concat") is not None:
        value = node.inputs[0]
        node = graph.producer(value)
    if node is None or node.kind != "Concat" or len(node.inputs) != 2:
        return None
    shape = graph.shape(value)
    if shape is None:
        return None
    axis = node.get("axis") % (len(shape) + 1) - 1
    for first in (False, True):
        old, new = node.inputs[::-1] if first else node.inputs
        step = (graph.shape(new) or ())[axis:axis + 1]
        if step and _remainder(graph, state, old, axis, first) and _tail(graph, state, value, axis, first):
            flat = step[0] > 1
            if flat and (len(shape) > 1 or shape[0] % step[0]):
                return None
            return Window(state, value, new, Slide(axis, shape[axis], shape[axis], first), step[0])
    return None


def _behind(graph: View, name: str) -> str:
    while (node := graph.producer(name, "Identity")) is not None:
        name = node.inputs[0]
    return name


def cut(graph: View, node: Node) -> tuple[int, int, int] | None:
    """``(axis, start, stop)`` of a slice along one axis in steps of one, without the asset axis."""
    shape = graph.shape(node.inputs[0])
    bounds = [graph.whole_numbers(name) for name in node.inputs[1:]]
    if node.kind != "Slice" or shape is None or any(len(b) != 1 for b in bounds) or (len(bounds) > 3
                                                                                      and bounds[3] != (1,)):
        return None
    axis = (bounds[2][0] if len(bounds) > 2 else 0) % (len(shape) + 1) - 1
    if axis < 0:
        return None
    n = shape[axis]
    start, stop = (min(max(b + n if b < 0 else b, 0), n) for b in (bounds[0][0], bounds[1][0]))
    return axis, start, stop


def _remainder(graph: View, state: str, old: str, axis: int, first: bool) -> bool:
    """Whether ``old`` is the state itself or its newest part."""
    if old == state:
        return True
    node = graph.producer(old, "Slice")
    found = cut(graph, node) if node is not None and node.inputs[0] == state else None
    size = (graph.shape(state) or ())[axis:axis + 1]
    return found is not None and found[0] == axis and (found[1] == 0 if first else found[2:] == size)


def _tail(graph: View, state: str, value: str, axis: int, first: bool) -> bool:
    """Whether the state's next value is the whole or the newest part of ``value``."""
    name = _behind(graph, state + STATE_SUFFIX)
    if name == value:
        return True
    node = graph.producer(name, "Slice")
    found = cut(graph, node) if node is not None else None
    size = (graph.shape(value) or ())[axis:axis + 1]
    return found is not None and found[0] == axis and (found[1] == 0 if first else found[2:] == size)


def _slide(search: _Search, node: Node) -> Slide | str | None:
    source = node.inputs[0] if node.inputs else ""
    if node.kind in UNARY:
        return search.found.get(source)
    if node.kind == "Where" and (slide := _filled(search, node)) is not None:
        search.filled[node.outputs[0]] = node.inputs[1]
        return slide
    if node.kind in NARY:
        return _nary(search, node)
    if node.kind == "MatMul":
        return _matmul(search, node)
    if node.kind == "Concat":
        return _concat(search, node)
    if node.kind == "Reshape":
        return _reshape(search, node)
    rule = _RULES.get(node.kind)
    slide = search.found.get(source)
    return rule(search.graph, node, slide) if rule is not None and slide is not None else None


def _nary(search: _Search, node: Node) -> Slide | None:
    """All operands slide alike, or are constants that are the same in every column."""
    moving = [search.found.get(i) for i in node.inputs if i not in search.graph.constants]
    shape = search.graph.shape(node.outputs[0])
    if not moving or None in moving or shape is None:
        return None
    slide = next(m for m in moving if m is not None)
    place = len(shape) - slide.axis  # from the end, since constants may have fewer axes
    alike = all(m is not None and (m.axis, m.length, m.first) == (slide.axis, slide.length, slide.first)
                for m in moving)
    ranks = {len(search.graph.shape(i) or ()) for i in node.inputs if i not in search.graph.constants}
    constants = [search.graph.constants[i].shape for i in node.inputs if i in search.graph.constants]
    if not alike or ranks != {len(shape)} or any(len(s) >= place and s[-place] != 1 for s in constants):
        return None
    return replace(slide, good=min(m.good for m in moving if m is not None))


def _filled(search: _Search, node: Node) -> Slide | None:
    """Where(fewer ticks than this row needs, what the row would be, window): the form that ``streams`` writes."""
    graph, slide = search.graph, search.found.get(node.inputs[2])
    less = graph.producer(node.inputs[0], "Less")
    counts = graph.constant(less.inputs[1]) if less is not None else None
    if slide is None or node.inputs[1] not in graph.constants or less is None or counts is None:
        return None
    rows = range(1, slide.length + 1) if slide.first else range(slide.length, 0, -1)
    along = counts.shape[slide.axis + 1:slide.axis + 2] == (slide.length,)
    empty = graph.constants[node.inputs[1]]
    flat = empty.ndim == counts.ndim and empty.shape[slide.axis + 1] == 1
    return slide if along and flat and counts.reshape(-1).tolist() == list(rows) and _counts_ticks(
        graph, less.inputs[0], slide.length) else None


def _counts_ticks(graph: View, name: str, length: int) -> bool:
    """Whether a value is the number of ticks so far, counted beyond ``length``."""
    while (node := graph.producer(name)) is not None and node.kind in ("Identity", "Reshape"):
        name = node.inputs[0]
    most = graph.constant(node.inputs[1]) if node is not None and node.kind == "Min" else None
    added = graph.producer(node.inputs[0], "Add") if node is not None and most is not None else None
    if added is None or most is None or most.min() < length:
        return False
    one = graph.constant(added.inputs[1])
    return bool(one is not None and np.all(one == 1.0) and added.inputs[0] in {s.name for s in graph.states}
                and _behind(graph, added.inputs[0] + STATE_SUFFIX) == _behind(graph, name))


def _matmul(search: _Search, node: Node) -> Slide | None:
    left, right = (search.found.get(i) for i in node.inputs)
    axes = len(search.graph.shape(node.outputs[0]) or ())
    if left is not None and node.inputs[1] in search.graph.constants:
        constant = search.graph.constants[node.inputs[1]]
        return left if constant.ndim == 2 and left.axis < axes - 1 else None
    if right is not None and node.inputs[0] in search.graph.constants:
        constant = search.graph.constants[node.inputs[0]]
        shape = search.graph.shape(node.inputs[1]) or ()
        return right if constant.ndim == 2 and len(shape) == axes and right.axis != axes - 2 else None
    return None


def _concat(search: _Search, node: Node) -> Slide | None:
    moving = [search.found.get(i) for i in node.inputs]
    slide, shape = moving[0], search.graph.shape(node.outputs[0])
    if slide is None or shape is None or node.get("axis") % (len(shape) + 1) - 1 == slide.axis:
        return None
    alike = all(m is not None and replace(m, good=slide.good) == slide for m in moving)
    return replace(slide, good=min(m.good for m in moving if m is not None)) if alike else None


def _reshape(search: _Search, node: Node) -> Slide | None:
    before, after = search.graph.shape(node.inputs[0]), search.graph.shape(node.outputs[0])
    if before is None or after is None:
        return None
    flat = search.flat.get(node.inputs[0])
    if flat is not None:
        length = flat.slide.length // flat.step
        places = [i for i, n in enumerate(after) if n == length and math.prod(after[:i]) == 1]
        return Slide(places[-1], length, length, flat.slide.first) if places and length > 1 else None
    slide = search.found.get(node.inputs[0])
    if slide is None:
        return None
    ahead = math.prod(before[:slide.axis])
    places = [i for i, n in enumerate(after) if n == slide.length and math.prod(after[:i]) == ahead]
    return replace(slide, axis=places[-1]) if places and slide.length > 1 else None


def _transpose(graph: View, node: Node, slide: Slide) -> Slide | None:
    order = node.get("perm")
    return replace(slide, axis=list(order).index(slide.axis + 1) - 1) if order and order[0] == 0 else None


def _softmax(graph: View, node: Node, slide: Slide) -> Slide | None:
    return slide if slide.axis != len(graph.shape(node.inputs[0]) or ()) - 1 else None


def _reduce(graph: View, node: Node, slide: Slide) -> Slide | None:
    axes = reduced(graph, node)
    if not axes or slide.axis in axes:
        return None
    gone = 0 if node.get("keepdims", 1) else sum(a < slide.axis for a in axes)
    return replace(slide, axis=slide.axis - gone)


def reduced(graph: View, node: Node) -> tuple[int, ...]:
    """The axes of a reduction without the asset axis; none where it is one of them or unknown."""
    shape = graph.shape(node.inputs[0])
    if shape is None or len(node.inputs) < 2:
        return ()
    axes = tuple(sorted(a % (len(shape) + 1) - 1 for a in graph.whole_numbers(node.inputs[1])))
    return axes if axes and axes[0] >= 0 else ()


def _slice(graph: View, node: Node, slide: Slide) -> Slide | str | None:
    found = cut(graph, node)
    if found is None:
        return "its slice is in steps or along several axes"
    axis, start, stop = found
    if axis != slide.axis:
        return slide
    skipped = start if slide.first else slide.length - stop
    return replace(slide, length=stop - start, good=min(stop - start, slide.good - skipped))


def _gather(graph: View, node: Node, slide: Slide) -> Slide | None:
    places, shape = graph.constants.get(node.inputs[1]), graph.shape(node.inputs[0])
    if places is None or places.ndim != 1 or shape is None:
        return None
    return slide if node.get("axis", 0) % (len(shape) + 1) - 1 != slide.axis else None


def _pad(graph: View, node: Node, slide: Slide) -> Slide | str | None:
    pads, axes = graph.whole_numbers(node.inputs[1]), len(graph.shape(node.inputs[0]) or ()) + 1
    if len(pads) != 2 * axes or min(pads) < 0:
        return None
    before, after = pads[slide.axis + 1], pads[axes + slide.axis + 1]
    newest = before if slide.first else after
    if newest:
        return "it pads the newest side of a window, so its border is new at each tick"
    return replace(slide, length=slide.length + before + after)


def _neighbours(graph: View, node: Node, slide: Slide) -> Slide | str | None:
    """A convolution or a pool, along time by single steps."""
    shape, at = graph.shape(node.outputs[0]), slide.axis - 1
    if at < 0 or shape is None:
        return "its channels are the window's columns" if at < 0 else None
    axes = len(shape) - 1
    if (node.get("strides") or [1] * axes)[at] != 1:
        return "it strides along the window, so its columns do not move by one"
    pads = node.get("pads") or [0] * (2 * axes)
    if pads[at if slide.first else axes + at]:
        return "it pads the newest side of a window, so its border is new at each tick"
    return replace(slide, length=shape[slide.axis], good=min(slide.good - span(graph, node, slide) + 1,
                                                              shape[slide.axis]))


def span(graph: View, node: Node, slide: Slide) -> int:
    """How many columns of its input a convolution or a pool looks at."""
    at, kernel = slide.axis - 1, node.get("kernel_shape") or graph.constants[node.inputs[1]].shape[2:]
    dilation = (node.get("dilations") or [1] * len(kernel))[at]
    return int(dilation * (kernel[at] - 1) + 1)


_RULES: dict[str, Callable[[View, Node, Slide], Slide | str | None]] = {
    "Transpose": _transpose, "Softmax": _softmax, "Slice": _slice, "Gather": _gather, "Pad": _pad, "Conv": _neighbours,
    **dict.fromkeys(POOLS, _neighbours), **dict.fromkeys(REDUCTIONS, _reduce)}
