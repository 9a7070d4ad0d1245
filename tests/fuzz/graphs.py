"""Random step graphs of every operator, and input for them, such that correct backends can't disagree by much.

Two rules make a difference mean a fault. Every value has a bound, and what could overflow is clipped or scaled first.
And what jumps (comparisons, rounding, ``TopK``, forests) is fed by *exact* values only: inputs lie on a grid of
quarters, sums, choices and windows of them have no rounding, and what jumps at zero is moved off it, so that flushing
denormals to zero changes nothing.

    @given(cases())
    def test_a_backend_agrees(case: Case) -> None:  # case.graph, case.x [T, A, C], case.quality
        note(str(case))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx.printer
from hypothesis import strategies as st

from lineshaft.core.step import Array
from lineshaft.graph.builder import StepBuilder, Wire

MOST = 64.0  # the bound that values are brought back to
EXACT_MOST = 1024.0  # below it sums of quarters and eighths have no rounding
RAW = float(np.finfo(np.float32).max)
QUARTER, EIGHTH = 0.25, 0.125


@dataclass(frozen=True)
class Case:
    """A step graph and its input from zero state; ``note(str(case))`` in a test shows a failing one readably."""

    graph: bytes
    x: Array
    quality: Array
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        ticks, assets, channels = self.x.shape
        return (f"{' -> '.join(self.steps)}: {ticks} ticks of {assets} assets with {channels} channels\n"
                f"x = {self.x.tolist()}\nquality = {self.quality.tolist()}\n"
                f"{onnx.printer.to_text(onnx.load_from_string(self.graph))}")


@dataclass(frozen=True)
class Value:
    """A wire with the most its values can be, and whether they are exact."""

    wire: Wire
    bound: float
    exact: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return self.wire.shape


@dataclass
class Maker:
    """A graph in the making: what there is to choose from, and the choosing."""

    g: StepBuilder
    draw: Callable[[st.SearchStrategy[Any]], Any]
    pool: list[Value] = field(default_factory=list)
    truths: list[Wire] = field(default_factory=list)
    states: int = 0
    chained: bool = False
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def one(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def value(self) -> Value:
        """One of the values so far, the newest first; always that where steps are chained."""
        if self.chained:
            return self.pool[-1]
        return self.pool[-1 - self.number(0, len(self.pool) - 1)]

    def exact(self) -> Value:
        found = [v for v in self.pool if v.exact]
        return found[-1 - self.number(0, len(found) - 1)]

    def tame(self, most: float = MOST, value: Value | None = None) -> Value:
        """A value (one of those so far unless given) of at most ``most``."""
        v = self.value() if value is None else value
        if v.bound <= most:
            return v
        if v.exact or v.bound > 1e6:
            return Value(self.g.clip(v.wire, -most, most), most, v.exact)
        return Value(self.g.multiply(v.wire, most / v.bound), most, False)

    def settled(self) -> Value:
        """An exact value off zero by an eighth, where denormals are absorbed."""
        v = self.tame(EXACT_MOST / 4, self.exact())
        return Value(self.g.add(v.wire, EIGHTH), v.bound + EIGHTH, True)

    def truth(self) -> Wire:
        if not self.truths:
            self.truths.append(self.g.greater(self.g.quality, 0.5))
        return self.truths[-1 - self.number(0, len(self.truths) - 1)]

    def state(self) -> str:
        self.states += 1
        return f"s{self.states}"

    def flat(self, v: Value) -> Value:
        return Value(self.g.reshape(v.wire, (_size(v.shape),)), v.bound, v.exact) if len(v.shape) != 1 else v

    def shaped(self, v: Value, axes: int) -> Value:
        """The value with so many axes: ones in front, or the first ones merged."""
        shape = (*(1,) * (axes - len(v.shape)), *v.shape)
        if len(shape) > axes:
            shape = (_size(shape[:len(shape) - axes + 1]), *shape[len(shape) - axes + 1:])
        return Value(self.g.reshape(v.wire, shape), v.bound, v.exact) if shape != v.shape else v

    def weights(self, *shape: int) -> Array:
        """Random numbers whose sums over all but the last axis are small."""
        fan = max(1, _size(shape) // max(shape[-1], 1)) if shape else 1
        return np.asarray(self.random.normal(size=shape) / fan**0.5, np.float32)

    def same_size(self, v: Value) -> list[Value]:
        """Values that broadcast with ``v`` along equal axes."""
        return [o for o in self.pool if len(o.shape) == len(v.shape) and _fit(o.shape, v.shape)]


Step = Callable[[Maker], Value | Wire]
STEPS: dict[str, Step] = {}
KINDS: dict[str, frozenset[str]] = {}


def step(kinds: str) -> Callable[[Step], Step]:
    """Enters a step under its name, with the operators that it can write."""
    def enter(function: Step) -> Step:
        STEPS[function.__name__.strip("_")] = function
        KINDS[function.__name__.strip("_")] = frozenset(kinds.split())
        return function
    return enter


# -- one operand

@step("Abs Neg Relu Identity")
def _exactly(m: Maker) -> Value:
    v = m.value()
    return Value(m.g.op(m.one("Abs", "Neg", "Relu", "Identity"), [v.wire], v.shape), v.bound, v.exact)


@step("Ceil Floor Round Sign")
def _rounded(m: Maker) -> Value:
    v = m.settled()
    kind = m.one("Round", "Floor", "Ceil", "Sign")
    rounded = Value(m.g.op(kind, [v.wire], v.shape), v.bound + 1.0, True)
    return Value(m.g.op("Sign", [rounded.wire], v.shape), 1.0, True) if kind == "Round" and m.number(0, 1) else rounded


@step("Cos Erf Exp Log Sigmoid Sin Softmax Sqrt Tanh")
def _smooth(m: Maker) -> Value:
    kind = m.one("Tanh", "Sigmoid", "Erf", "Sin", "Cos", "Exp", "Log", "Sqrt", "Softmax")
    v = m.tame(4.0 if kind == "Exp" else 8.0)
    inner = m.g.add(m.g.absolute(v.wire), 1.0) if kind in ("Log", "Sqrt") else v.wire
    attributes = {"axis": -1} if kind == "Softmax" else {}
    return Value(m.g.op(kind, [inner], v.shape, **attributes), 55.0 if kind == "Exp" else 4.0, False)


@step("Clip")
def _clipped(m: Maker) -> Value:
    v = m.value()
    low = QUARTER * m.number(-8, 8)
    high = low + QUARTER * m.number(0, 16)
    return Value(m.g.clip(v.wire, low, high), min(v.bound, max(abs(low), abs(high))), v.exact)


@step("Pow")
def _power(m: Maker) -> Value:
    v, power = m.tame(4.0), m.one(2.0, 3.0, 0.5, 1.5)
    base = v.wire if power in (2.0, 3.0) else m.g.add(m.g.absolute(v.wire), 0.5)
    return Value(m.g.op("Pow", [base, power], v.shape), 5.0**power, False)


@step("Mul Add")
def _affine(m: Maker) -> Value:
    v = m.tame()
    shape = m.one((), v.shape[-1:], v.shape)
    gain, offset = m.weights(*shape), m.weights(*shape) * np.float32(m.one(1.0, 100.0))
    out = m.g.add(m.g.multiply(v.wire, gain), offset)
    return Value(out, v.bound * float(np.abs(gain).max()) + float(np.abs(offset).max()), False)


# -- two operands

@step("Add Sub Max Min")
def _together(m: Maker) -> Value:
    a = m.value()
    b = m.one(*m.same_size(a)[::-1])
    kind = m.one("Max", "Min", "Add", "Sub")
    if kind in ("Add", "Sub"):
        a, b = (m.tame(EXACT_MOST / 4 if v.exact else MOST, v) for v in (a, b))
    shape = np.broadcast_shapes(a.shape, b.shape)
    bound = a.bound + b.bound if kind in ("Add", "Sub") else max(a.bound, b.bound)
    return Value(m.g.op(kind, [a.wire, b.wire], shape), bound, a.exact and b.exact)


@step("Add Sub Max Min")
def _shifted(m: Maker) -> Value:
    v = m.tame(EXACT_MOST / 4)
    kind = m.one("Add", "Sub", "Max", "Min")
    other = QUARTER * m.random.integers(-8, 9, size=m.one((), v.shape[-1:], v.shape)).astype(np.float32)
    operands = [other, v.wire] if m.number(0, 1) else [v.wire, other]
    return Value(m.g.op(kind, operands, v.shape), v.bound + 2.0, v.exact)


@step("Mul Div")
def _product(m: Maker) -> Value:
    a = m.tame(8.0)
    b = m.tame(8.0, m.one(*m.same_size(a)[::-1]))
    shape = np.broadcast_shapes(a.shape, b.shape)
    if m.number(0, 1):
        return Value(m.g.op("Div", [a.wire, m.g.add(m.g.absolute(b.wire), 1.0)], shape), a.bound, False)
    return Value(m.g.op("Mul", [a.wire, b.wire], shape), a.bound * b.bound, False)


@step("MatMul")
def _map(m: Maker) -> Value:
    v, out = m.tame(), m.number(1, 5)
    matrix = m.weights(v.shape[-1], out)
    return Value(m.g.project(v.wire, matrix), v.bound * float(np.abs(matrix).sum(axis=0).max()), False)


@step("MatMul Transpose")
def _gram(m: Maker) -> Value:
    v = m.shaped(m.tame(8.0), 2)
    turned = m.g.transpose(v.wire, (1, 0))
    return Value(m.g.matmul(turned, v.wire), 64.0 * v.shape[0], False)


@step("MatMul")
def _mixed_rows(m: Maker) -> Value:
    v, out = m.shaped(m.tame(), 2), m.number(1, 4)
    matrix = m.weights(out, v.shape[0])
    wire = m.g.op("MatMul", [matrix, v.wire], (out, v.shape[1]))
    return Value(wire, v.bound * float(np.abs(matrix).sum(axis=1).max()), False)


# -- truths

@step("Equal Greater GreaterOrEqual Less LessOrEqual")
def _compared(m: Maker) -> Wire:
    v = m.settled()
    kind = m.one("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal")
    bound = float(QUARTER * m.number(-8, 8) + m.one(0.0, EIGHTH))
    operands: tuple[Wire | float, Wire | float] = (bound, v.wire) if m.number(0, 1) else (v.wire, bound)
    return m.g.op(kind, operands, v.shape)


@step("And Or Not")
def _logic(m: Maker) -> Wire:
    a, b = m.truth(), m.truth()
    if a.shape != b.shape or not m.number(0, 2):
        return m.g.negate(a)
    return m.g.both(a, b) if m.number(0, 1) else m.g.either(a, b)


@step("Cast")
def _counted(m: Maker) -> Value:
    return Value(m.g.number(m.truth()), 1.0, True)


@step("Where")
def _chosen(m: Maker) -> Value:
    truth = m.truth()
    fitting = [v for v in m.pool if len(v.shape) == len(truth.shape) and _fit(v.shape, truth.shape)]
    if not fitting:
        return Value(m.g.where(truth, 1.5, -QUARTER), 1.5, True)
    a = m.one(*fitting[::-1])
    b = m.one(*[v for v in fitting if _fit(np.broadcast_shapes(a.shape, truth.shape), v.shape)])
    if m.number(0, 1):
        return Value(m.g.where(truth, a.wire, b.wire), max(a.bound, b.bound), a.exact and b.exact)
    return Value(m.g.where(truth, 0.5, a.wire), max(a.bound, 0.5), a.exact)


# -- shape

@step("Reshape")
def _reshaped(m: Maker) -> Value:
    v = m.value()
    size = _size(v.shape)
    first = m.one(*[n for n in range(1, size + 1) if size % n == 0])
    shape = m.one((size,), (first, size // first), (1, first, size // first))
    return Value(m.g.reshape(v.wire, shape), v.bound, v.exact)


@step("Transpose")
def _turned(m: Maker) -> Value:
    v = m.shaped(m.value(), m.number(2, 3))
    order = m.draw(st.permutations(range(len(v.shape))))
    return Value(m.g.transpose(v.wire, order), v.bound, v.exact)


@step("Slice")
def _cut(m: Maker) -> Value:
    v, axis = _with_axis(m)
    start = m.number(0, v.shape[axis] - 1)
    stop = m.number(start + 1, v.shape[axis])
    every = m.number(1, 2)
    shape = (*v.shape[:axis], -(-(stop - start) // every), *v.shape[axis + 1:])
    bounds = [m.g.constant([n], np.int64) for n in (start, stop, axis + 1, every)]
    return Value(m.g.op("Slice", [v.wire, *bounds], shape), v.bound, v.exact)


@step("Concat")
def _joined(m: Maker) -> Value:
    v, axis = _with_axis(m)
    others = [o for o in m.pool if len(o.shape) == len(v.shape)
              and (*o.shape[:axis], 0, *o.shape[axis + 1:]) == (*v.shape[:axis], 0, *v.shape[axis + 1:])]
    parts = [v, *(m.one(*others) for _ in range(m.number(1, 2)))]
    return Value(m.g.concat([p.wire for p in parts], axis), max(p.bound for p in parts), all(p.exact for p in parts))


@step("Pad")
def _padded(m: Maker) -> Value:
    v, axis = _with_axis(m)
    mode = m.one("constant", "edge", "reflect")
    most = min(2, v.shape[axis] - 1) if mode == "reflect" else 2
    before, after = m.number(0, most), m.number(0, most)
    pads = [0] * (2 * len(v.shape) + 2)
    pads[axis + 1], pads[len(v.shape) + 1 + axis + 1] = before, after
    shape = (*v.shape[:axis], v.shape[axis] + before + after, *v.shape[axis + 1:])
    operands: list[Wire | str] = [v.wire, m.g.constant(pads, np.int64)]
    operands += [m.g.constant(np.float32(1.25))] if mode == "constant" and m.number(0, 1) else []
    return Value(m.g.op("Pad", operands, shape, mode=mode), max(v.bound, 1.25), v.exact)


@step("Gather")
def _picked(m: Maker) -> Value:
    v, axis = _with_axis(m)
    places = m.draw(st.lists(st.integers(0, v.shape[axis] - 1), min_size=1, max_size=4))
    shape = (*v.shape[:axis], len(places), *v.shape[axis + 1:])
    return Value(m.g.op("Gather", [v.wire, m.g.constant(places, np.int64)], shape, axis=axis + 1), v.bound, v.exact)


@step("ArgMax Gather")
def _looked_up(m: Maker) -> Value:
    v = m.flat(m.settled())
    keep = m.number(0, 1)
    place = m.g.op("ArgMax", [v.wire], (1,) if keep else (), axis=1, keepdims=keep)
    table = QUARTER * m.random.integers(-8, 9, size=(v.shape[0], m.number(1, 3))).astype(np.float32)
    shape = (*place.shape, table.shape[1])
    return Value(m.g.op("Gather", [table, place], shape, axis=0), 2.0, True)


@step("TopK Gather")
def _largest(m: Maker) -> Value:
    v = m.flat(m.settled())
    count = m.number(1, v.shape[0])
    table = QUARTER * m.random.integers(-8, 9, size=(v.shape[0], 2)).astype(np.float32)
    best = m.g.op("TopK", [v.wire, m.g.constant([count], np.int64)], (count,), outputs=2, axis=-1,
                  largest=m.number(0, 1), sorted=1)
    if m.number(0, 1):
        return Value(best, v.bound, True)
    index = Wire(f"{best.name}_1", (count,))
    return Value(m.g.op("Gather", [table, index], (count, 2), axis=0), 2.0, True)


# -- reductions and neighbourhoods

@step("ReduceMax ReduceMean ReduceMin ReduceSum")
def _reduced(m: Maker) -> Value:
    kind = m.one("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")
    v = m.tame(MOST if kind in ("ReduceSum", "ReduceMean") else RAW)
    axes = sorted(m.draw(st.sets(st.integers(0, len(v.shape) - 1), min_size=1)))
    keep = 1 if len(axes) == len(v.shape) else m.number(0, 1)
    sizes = [1 if i in axes else n for i, n in enumerate(v.shape) if keep or i not in axes]
    wire = m.g.op(kind, [v.wire, m.g.constant([a + 1 for a in axes], np.int64)], tuple(sizes), keepdims=keep)
    count = _size(tuple(v.shape[a] for a in axes))
    exact = v.exact and kind != "ReduceMean" and (kind != "ReduceSum" or v.bound * count < EXACT_MOST)
    return Value(wire, v.bound * count if kind == "ReduceSum" else v.bound, exact)


@step("ReduceMean Sub Mul")
def _variance(m: Maker) -> Value:
    """Around the mean along the first axis."""
    v = m.tame(8.0)
    return Value(m.g.mean(m.g.square(m.g.subtract(v.wire, m.g.mean(v.wire, axis=0))), axis=0), 64.0, False)


@step("Conv")
def _conv_1d(m: Maker) -> Value:
    v = m.shaped(m.tame(8.0), 2)
    return _conv(m, v, 1)


@step("Conv")
def _conv_2d(m: Maker) -> Value:
    v = m.shaped(m.tame(8.0), 3)
    return _conv(m, v, 2)


def _conv(m: Maker, v: Value, axes: int) -> Value:
    inner, space = v.shape[0], v.shape[1:]
    dilations = [m.number(1, 2) for _ in space]
    pads = [m.number(0, 2) for _ in range(2 * axes)]
    kernel = [min(m.number(1, 3), _fits(n + pads[i] + pads[axes + i], dilations[i])) for i, n in enumerate(space)]
    strides = [m.number(1, 2) for _ in space]
    group = m.one(1, inner)
    out = group * m.number(1, 2)
    w = m.weights(out, inner // group, *kernel)
    bias = m.weights(out) if m.number(0, 1) else None
    wire = m.g.conv(v.wire, w, bias, strides=strides, pads=pads, dilations=dilations, group=group)
    bound = v.bound * float(np.abs(w).sum(axis=tuple(range(1, w.ndim))).max()) + 4.0
    return Value(wire, bound, False)


@step("AveragePool MaxPool")
def _pooled(m: Maker) -> Value:
    axes = m.number(1, 2)
    v = m.shaped(m.tame(), axes + 1)
    space = v.shape[1:]
    kernel = [m.number(1, min(3, n)) for n in space]
    strides = [m.number(1, 2) for _ in space]
    kind = m.one("MaxPool", "AveragePool")
    # onnx 1.23's reference evaluator leaves the pads of a MaxPool out where all its strides are 1.
    padded = kind == "AveragePool" or max(strides) > 1
    pads = [m.number(0, kernel[i % axes] // 2) if padded else 0 for i in range(2 * axes)]
    shape = (v.shape[0], *((n + pads[i] + pads[axes + i] - kernel[i]) // strides[i] + 1 for i, n in enumerate(space)))
    more = {"count_include_pad": m.number(0, 1)} if kind == "AveragePool" else {}
    wire = m.g.op(kind, [v.wire], shape, kernel_shape=kernel, strides=strides, pads=pads, **more)
    return Value(wire, v.bound, v.exact and kind == "MaxPool")


@step("TreeEnsembleRegressor")
def _forest(m: Maker) -> Value:
    v = m.flat(m.settled())
    outputs, depth = m.number(1, 2), m.number(0, 3)
    count = m.number(outputs, 3)
    trees = [forest_tree(m.random, tree, v.shape[0], depth, outputs) for tree in range(count)]
    joined = {key: [n for tree in trees for n in tree[key]] for key in trees[0]}
    base = [0.5] * outputs if m.number(0, 1) else None
    wire = m.g.forest(v.wire, outputs, **joined, **({"base_values": base} if base else {}))
    return Value(wire, 2.0 * count + 1.0, False)


def forest_tree(random: np.random.Generator, tree: int, features: int, depth: int, outputs: int
                ) -> dict[str, list[Any]]:
    """The attributes of one full tree whose thresholds lie on the grid of the values and between.

    All leaves of a tree give the same output: ONNX Runtime 1.31 leaves the base value of an output out where no leaf
    that was reached gives it.
    """
    inner, size = 2**depth - 1, 2**(depth + 1) - 1
    ids = list(range(size))
    leaves = ids[inner:]
    mode = str(random.choice(["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"]))
    return {
        "nodes_treeids": [tree] * size, "nodes_nodeids": ids,
        "nodes_featureids": [int(random.integers(features)) if i < inner else 0 for i in ids],
        "nodes_values": [float(EIGHTH * random.integers(-16, 17)) if i < inner else 0.0 for i in ids],
        "nodes_hitrates": [1.0] * size, "nodes_modes": [mode if i < inner else "LEAF" for i in ids],
        "nodes_truenodeids": [2 * i + 1 if i < inner else 0 for i in ids],
        "nodes_falsenodeids": [2 * i + 2 if i < inner else 0 for i in ids],
        "nodes_missing_value_tracks_true": [int(random.integers(2)) if i < inner else 0 for i in ids],
        "target_treeids": [tree] * len(leaves), "target_nodeids": leaves,
        "target_ids": [tree % outputs] * len(leaves),
        "target_weights": [float(w) for w in random.uniform(-2, 2, len(leaves))]}


# -- state

@step("Slice Concat Reshape")
def _window(m: Maker) -> Value:
    v = m.value() if m.number(0, 1) else m.pool[0]
    return Value(m.g.window(m.state(), v.wire, m.number(1, 6)), v.bound, v.exact)


@step("Slice Concat Reshape")
def _window_of_columns(m: Maker) -> Value:
    """[C, T] with the newest column last."""
    v, length = m.flat(m.value()), m.number(2, 6)
    name = m.state()
    column = m.g.reshape(v.wire, (v.shape[0], 1))
    old = m.g.state(name, (v.shape[0], length))
    new = m.g.concat([m.g.slice(old, 1, length, 1), column], 1)
    m.g.keep(name, new)
    return Value(new, v.bound, v.exact)


@step("Slice Concat Reshape Transpose")
def _long_window(m: Maker) -> Value:
    """[T, C] or [C, T] of an input, long enough for layers over it."""
    v = m.tame(16.0, m.one(*m.pool[:2][::-1]))
    window = m.g.window(m.state(), v.wire, m.number(4, 20))
    return Value(m.g.transpose(window, (1, 0)) if m.number(0, 1) else window, 16.0, True)


@step("Slice Concat")
def _past(m: Maker) -> Value:
    """Flat, newest first."""
    v, lags, name = m.flat(m.value()), m.number(2, 4), m.state()
    width = v.shape[0]
    new = m.g.concat([v.wire, m.g.slice(m.g.state(name, (lags * width,)), 0, (lags - 1) * width)])
    m.g.keep(name, new)
    return Value(new, v.bound, v.exact)


@step("Add Sub Mul")
def _ewma(m: Maker) -> Value:
    v = m.tame()
    return Value(m.g.ewma(m.state(), v.wire, m.one(0.5, 0.1, 1.0)), v.bound, False)


@step("Add Min")
def _ticks(m: Maker) -> Value:
    most = m.number(1, 20)
    return Value(m.g.ticks(m.state(), most), float(most), True)


@step("Where")
def _held(m: Maker) -> Value:
    """The newest usable value of each channel."""
    name = m.state()
    held = m.g.where(m.g.greater(m.g.quality, 0.5), m.g.x, m.g.state(name, m.g.x.shape))
    m.g.keep(name, held)
    return Value(held, RAW, True)


# -- strategies

@st.composite
def cases(draw: Callable[[st.SearchStrategy[Any]], Any], steps: tuple[str, ...] = (), *, most_steps: int = 10,
          most_ticks: int = 12, most_assets: int = 3, fewest_ticks: int = 1, first: tuple[str, ...] = (),
          chained: bool = False) -> Case:
    """A graph of 1 to ``most_steps`` steps out of ``steps`` (all of them by default), with input for it.

    ``first`` are steps that it begins with; with ``chained`` each step takes what the one before it gave.
    """
    drawn = draw(st.lists(st.sampled_from(steps or tuple(STEPS)), min_size=1, max_size=most_steps))
    names, channels = [*first, *drawn], draw(st.integers(1, 5))
    graph = build(draw, channels, names, chained)
    x, quality = draw(inputs(channels, most_ticks, most_assets, fewest_ticks))
    return Case(graph, x, quality, tuple(names))


def build(draw: Callable[[st.SearchStrategy[Any]], Any], channels: int, names: list[str], chained: bool = False
          ) -> bytes:
    """The graph of these steps; its outputs are the newest values and a comparison."""
    g = StepBuilder(channels)
    m = Maker(g, draw, chained=chained, random=np.random.default_rng(draw(st.integers(0, 2**16))))
    m.pool += [Value(g.quality, 1.0, True), Value(g.x, RAW, True)]
    for name in names:
        made = STEPS[name](m)
        if isinstance(made, Wire):
            m.truths.append(made)
        else:
            m.pool.append(_small(m, made))
    outputs = {f"y{i}": v.wire for i, v in enumerate(m.pool[-3:])}
    return g.model(outputs | {"alarm": g.number(m.truths[-1])} if m.truths else outputs)


@st.composite
def inputs(draw: Callable[[st.SearchStrategy[Any]], Any], channels: int, most_ticks: int = 12, most_assets: int = 3,
           fewest_ticks: int = 1) -> tuple[Array, Array]:
    """``x`` and ``quality`` [T, A, C]: quarters up to 8, at times lost, at the ends of float32, or denormal."""
    shape = (draw(st.integers(fewest_ticks, most_ticks)), draw(st.integers(1, most_assets)), channels)
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    x = (QUARTER * random.integers(-32, 33, size=shape)).astype(np.float32)
    for share, values in ((draw(st.sampled_from((0.0, 0.1))), (RAW, -RAW, 1e30, -1e30)),
                          (draw(st.sampled_from((0.0, 0.1))), (1e-40, -1e-42, 1.2e-38))):
        x = np.where(random.random(shape) < share, random.choice(np.array(values, np.float32), size=shape), x)
    lost = random.random(shape) < draw(st.sampled_from((0.0, 0.2, 1.0)))
    return np.where(lost, np.float32(0.0), x), np.where(lost, np.float32(0.0), np.float32(1.0))


def _small(m: Maker, v: Value) -> Value:
    """Graphs stay quick: a value of more than 256 numbers is cut."""
    if _size(v.shape) <= 256:
        return v
    flat = m.flat(v)
    return Value(m.g.slice(flat.wire, 0, 256), v.bound, v.exact)


def _with_axis(m: Maker) -> tuple[Value, int]:
    v = m.value()
    return v, m.number(0, len(v.shape) - 1)


def _fit(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(n == k or 1 in (n, k) for n, k in zip(a, b, strict=True))


def _fits(size: int, dilation: int) -> int:
    """The longest kernel of that dilation within ``size``."""
    return (size - 1) // dilation + 1


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
