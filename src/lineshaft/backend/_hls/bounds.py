"""Interval analysis: between which bounds every tensor of a step graph stays, at every tick, whatever comes in.

Arithmetic on intervals (Moore, Interval Analysis, 1966) per element; states start at zero and are widened until
nothing grows any more. A bound is never too narrow (but for the rounding of float32) and may be too wide: the
operators see their inputs as independent of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from lineshaft.backend._hls.graph import StepView

Values = NDArray[np.float64]
EXACT, ALIKE = 2, 8  # growths of a state after which its bounds are widened


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Lowest and highest value of each element, [1, ...]."""

    low: Values
    high: Values

    @property
    def farthest(self) -> float:
        """The largest magnitude of any element."""
        return float(max(np.abs(self.low).max(), np.abs(self.high).max()))

    def hull(self, other: Interval) -> Interval:
        return Interval(np.minimum(self.low, other.low), np.maximum(self.high, other.high))


def bounds(view: StepView) -> dict[str, Interval]:
    """The interval of every tensor, for finite ``x`` and a ``quality`` between 0 and 1."""
    held = {s: _around(view, s, 0.0) for s in view.states}
    growths = dict.fromkeys(view.states, 0)
    while True:
        found = _once(view, held)
        grown = {s: held[s].hull(found[view.kept_by(s)]) for s in view.states}
        growing = [s for s in view.states if not _same(held[s], grown[s])]
        if not growing:
            return found
        for state in growing:
            growths[state] += 1
            held[state] = _widened(held[state], grown[state], growths[state])


def propagate(view: StepView, nodes: Sequence[onnx.NodeProto], found: dict[str, Interval]) -> None:
    """Add what ``nodes`` give to the intervals of what they read."""
    for node in nodes:
        try:
            interval = _of(view, node, found)
        except (RuntimeError, ValueError, TypeError, IndexError):  # an operator in a form that has no rule here
            interval = None
        for name in node.output:
            usable = interval is not None and name == node.output[0]
            found[name] = interval if usable and interval is not None else _around(view, name, np.inf)


def _once(view: StepView, held: Mapping[str, Interval]) -> dict[str, Interval]:
    quality = _around(view, "quality", 1.0)
    found = {"x": _around(view, "x", np.inf), "quality": Interval(0.0 * quality.low, quality.high), **held}
    propagate(view, view.nodes, found)
    return found


def _around(view: StepView, name: str, size: float) -> Interval:
    full = np.full((1, *(view.shape(name) or ())), size)
    return Interval(-full, full)


def _same(a: Interval, b: Interval) -> bool:
    return bool(np.array_equal(a.low, b.low) and np.array_equal(a.high, b.high))


def _widened(before: Interval, after: Interval, growths: int) -> Interval:
    """As it grew at first; then alike for all rows of a window, which values wander through; in the end unbounded."""
    if growths <= EXACT:
        return after
    if growths <= ALIKE:
        rows = 1 if after.low.ndim > 2 else None
        low = np.broadcast_to(after.low.min(axis=rows, keepdims=True), after.low.shape)
        return Interval(low, np.broadcast_to(after.high.max(axis=rows, keepdims=True), after.low.shape))
    return Interval(np.where(after.low < before.low, -np.inf, after.low),
                    np.where(after.high > before.high, np.inf, after.high))


# -- one operator

def _of(view: StepView, node: onnx.NodeProto, found: Mapping[str, Interval]) -> Interval | None:
    rule = _RULES.get(node.op_type)
    if rule is None:
        return None
    operands = [found[n] if n in found else _constant(view, n) for n in node.input]
    with np.errstate(all="ignore"):
        interval = rule(view, node, operands)
    if interval is None or np.isnan(interval.low).any() or np.isnan(interval.high).any():
        return None
    return interval


def _constant(view: StepView, name: str) -> Interval:
    value = np.asarray(view.constants[name]) if name else np.zeros(0)
    exact = value.astype(np.float64) if value.dtype == np.float32 else value
    return Interval(exact, exact)


def _run(node: onnx.NodeProto, values: Sequence[Values]) -> Values:
    """The operator itself on float64 values; constants that shape it stay integers."""
    feeds = {name: value for name, value in zip(node.input, values, strict=True) if name}
    return np.asarray(ReferenceEvaluator(node).run([node.output[0]], feeds)[0], np.float64)


def _rising(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    """An operator that rises with each of its inputs."""
    return Interval(_run(node, [o.low for o in operands]), _run(node, [o.high for o in operands]))


def _add(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    a, b = operands
    return Interval(a.low + b.low, a.high + b.high)


def _subtract(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    a, b = operands
    return Interval(a.low - b.high, a.high - b.low)


def _multiply(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    a, b = operands
    corners = np.stack(np.broadcast_arrays(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high))
    corners = np.where(np.isnan(corners), 0.0, corners)  # 0 times unbounded
    low, high = corners.min(axis=0), corners.max(axis=0)
    if node.input[0] == node.input[1]:
        low = np.where((a.low <= 0) & (a.high >= 0), 0.0, np.minimum(a.low**2, a.high**2))
    return Interval(low, high)


def _divide(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval | None:
    a, b = operands
    if ((b.low <= 0) & (b.high >= 0)).any():
        return None
    return _multiply(view, node, [a, Interval(1.0 / b.high, 1.0 / b.low)])


def _matmul(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval | None:
    a, b = operands
    if node.input[1] not in view.constants or not np.isfinite(a.low).all() or not np.isfinite(a.high).all():
        return None
    up, down = np.maximum(b.low, 0), np.minimum(b.low, 0)
    return Interval(a.low @ up + a.high @ down, a.high @ up + a.low @ down)


def _conv(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval | None:
    a, w = operands[0], operands[1]
    if not np.isfinite(a.low).all() or not np.isfinite(a.high).all():
        return None
    bare = onnx.NodeProto()
    bare.CopyFrom(node)
    bare.input[:] = node.input[:2]
    up, down = np.maximum(w.low, 0).astype(np.float64), np.minimum(w.low, 0).astype(np.float64)
    low = _run(bare, [a.low, up]) + _run(bare, [a.high, down])
    high = _run(bare, [a.high, up]) + _run(bare, [a.low, down])
    if len(operands) > 2:
        bias = operands[2].low.reshape(1, -1, *(1 for _ in low.shape[2:]))
        low, high = low + bias, high + bias
    return Interval(low, high)


def _where(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    condition, yes, no = operands
    shape = np.broadcast_shapes(condition.low.shape, yes.low.shape, no.low.shape)
    hull = yes.hull(no)
    return Interval(np.broadcast_to(hull.low, shape), np.broadcast_to(hull.high, shape))


def _truth(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    ones = _around(view, node.output[0], 1.0)
    return Interval(0.0 * ones.low, ones.high)


def _magnitude(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    a = operands[0]
    low = np.where((a.low <= 0) & (a.high >= 0), 0.0, np.minimum(np.abs(a.low), np.abs(a.high)))
    return Interval(low, np.maximum(np.abs(a.low), np.abs(a.high)))


def _negative(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
    return Interval(-operands[0].high, -operands[0].low)


def _cast(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval | None:
    return operands[0] if view.element(node.output[0]) == onnx.TensorProto.FLOAT else None


def _within(low: float, high: float) -> Callable[[StepView, onnx.NodeProto, list[Interval]], Interval]:
    def rule(view: StepView, node: onnx.NodeProto, operands: list[Interval]) -> Interval:
        full = np.ones((1, *(view.shape(node.output[0]) or ())))
        return Interval(low * full, high * full)
    return rule


_RISING = ("Relu Tanh Sigmoid Clip Identity Reshape Transpose Slice Concat Min Max Floor Ceil Round Sqrt Log Exp Erf "
           "Sign MaxPool AveragePool Pad ReduceMean ReduceSum ReduceMax ReduceMin").split()
_TRUTH = "Greater GreaterOrEqual Less LessOrEqual Equal And Or Not".split()
_Rule = Callable[[StepView, onnx.NodeProto, list[Interval]], Interval | None]
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(_RISING, _rising), **dict.fromkeys(_TRUTH, _truth), "Add": _add, "Sub": _subtract,
    "Mul": _multiply, "Div": _divide, "MatMul": _matmul, "Conv": _conv, "Where": _where, "Abs": _magnitude,
    "Neg": _negative, "Cast": _cast, "Softmax": _within(0.0, 1.0), "Sin": _within(-1.0, 1.0), "Cos": _within(-1.0, 1.0)}
