"""Builder of a step graph: blocks call it to write themselves as standard ONNX operators.

Every tensor has a leading asset axis of symbolic size; the shapes here leave it out. Numbers are float32;
comparisons give booleans that ``where`` and ``number`` take back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

from lineshaft.graph.operators import FOREST, ML_DOMAIN, ML_OPSET

OPSET = 18
IR_VERSION = 10
ASSETS = "A"
STATE_SUFFIX = "_o"


@dataclass(frozen=True, slots=True)
class Wire:
    """A tensor [A, *shape] in the making."""

    name: str
    shape: tuple[int, ...]


Operand = Wire | float | ArrayLike


class StepBuilder:
    """Collects operators, constants and state; ``model`` seals them.

    >>> g = StepBuilder(channels=2)
    >>> mean = g.ewma("level", g.x, 0.5)
    >>> model = onnx.load_from_string(g.model({"mean": mean}))
    >>> [i.name for i in model.graph.input], [o.name for o in model.graph.output]
    (['x', 'quality', 'level'], ['mean', 'level_o'])
    """

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.x = Wire("x", (channels,))
        self.quality = Wire("quality", (channels,))
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[bytes, tuple[int, ...], str], onnx.TensorProto] = {}
        self._states: dict[str, tuple[int, ...]] = {}
        self._next: dict[str, Wire] = {}
        self._within = ""
        self._forests = False

    # -- values in

    def constant(self, value: ArrayLike, dtype: type[np.generic] = np.float32) -> str:
        """Name of an initializer; equal constants are stored once."""
        array = np.ascontiguousarray(value, dtype)
        key = (array.tobytes(), array.shape, array.dtype.str)
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"c{len(self._constants)}")
        return str(self._constants[key].name)

    def state(self, name: str, shape: tuple[int, ...]) -> Wire:
        """The value that ``keep`` gave this state at the tick before; zeros at first."""
        name = self._within + name
        if name in self._states or name in ("x", "quality"):
            raise ValueError(f"state {name!r} exists already")
        self._states[name] = shape
        return Wire(name, shape)

    def keep(self, name: str, wire: Wire) -> None:
        """The value of state ``name`` for the next tick."""
        name = self._within + name
        if self._states[name] != wire.shape:
            raise ValueError(f"state {name!r} is {self._states[name]}, kept is {wire.shape}")
        self._next[name] = wire

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Names of states made inside begin with ``name``, so that one block may stand in a graph twice."""
        before, self._within = self._within, f"{self._within}{name}_"
        try:
            yield
        finally:
            self._within = before

    # -- operators

    def op(self, kind: str, operands: Sequence[Operand | str], shape: tuple[int, ...], *, outputs: int = 1,
           **attributes: Any) -> Wire:
        """One ONNX node; plain numbers and arrays become constants, strings name initializers.

        The wire is the first output, ``n7``; further ones are called ``n7_1`` and so on.
        """
        name = f"n{len(self._nodes)}"
        inputs = [o if isinstance(o, str) else o.name if isinstance(o, Wire) else self.constant(o)
                  for o in operands]
        names = [name, *(f"{name}_{i}" for i in range(1, outputs))]
        self._nodes.append(helper.make_node(kind, inputs, names, name=f"{kind}_{name}", **attributes))
        return Wire(name, shape)

    def _elementwise(self, kind: str, *operands: Operand) -> Wire:
        shapes = [o.shape if isinstance(o, Wire) else np.shape(o) for o in operands]
        return self.op(kind, operands, np.broadcast_shapes(*shapes))

    def add(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Add", a, b)

    def subtract(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Sub", a, b)

    def multiply(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Mul", a, b)

    def divide(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Div", a, b)

    def minimum(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Min", a, b)

    def maximum(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Max", a, b)

    def absolute(self, a: Wire) -> Wire:
        return self._elementwise("Abs", a)

    def sqrt(self, a: Wire) -> Wire:
        return self._elementwise("Sqrt", a)

    def log(self, a: Wire) -> Wire:
        return self._elementwise("Log", a)

    def exp(self, a: Wire) -> Wire:
        return self._elementwise("Exp", a)

    def tanh(self, a: Wire) -> Wire:
        return self._elementwise("Tanh", a)

    def square(self, a: Wire) -> Wire:
        return self.multiply(a, a)

    def clip(self, a: Wire, low: float, high: float) -> Wire:
        return self.op("Clip", [a, self.constant(np.float32(low)), self.constant(np.float32(high))], a.shape)

    def greater(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Greater", a, b)

    def less(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("Less", a, b)

    def at_least(self, a: Operand, b: Operand) -> Wire:
        return self._elementwise("GreaterOrEqual", a, b)

    def where(self, condition: Wire, yes: Operand, no: Operand) -> Wire:
        return self._elementwise("Where", condition, yes, no)

    def both(self, a: Wire, b: Wire) -> Wire:
        return self._elementwise("And", a, b)

    def either(self, a: Wire, b: Wire) -> Wire:
        return self._elementwise("Or", a, b)

    def negate(self, a: Wire) -> Wire:
        """Logical not of a comparison."""
        return self._elementwise("Not", a)

    def number(self, a: Wire) -> Wire:
        """A comparison as 0.0 or 1.0."""
        return self.op("Cast", [a], a.shape, to=TensorProto.FLOAT)

    def project(self, a: Wire, matrix: ArrayLike) -> Wire:
        """[A, ..., n] times a constant [n, m]."""
        m = np.asarray(matrix, np.float32)
        return self.op("MatMul", [a, m], (*a.shape[:-1], m.shape[1]))

    def matmul(self, a: Wire, b: Wire) -> Wire:
        return self.op("MatMul", [a, b], (*a.shape[:-1], b.shape[-1]))

    def concat(self, wires: Sequence[Wire], axis: int = 0) -> Wire:
        """Along ``axis`` counted without the asset axis."""
        shape = list(wires[0].shape)
        shape[axis] = sum(w.shape[axis] for w in wires)
        return self.op("Concat", list(wires), tuple(shape), axis=axis + 1)

    def slice(self, a: Wire, start: int, stop: int, axis: int = 0) -> Wire:
        """``start <= i < stop`` along ``axis`` counted without the asset axis."""
        shape = (*a.shape[:axis], stop - start, *a.shape[axis + 1:])
        bounds = [self.constant([v], np.int64) for v in (start, stop, axis + 1)]
        return self.op("Slice", [a, *bounds], shape)

    def reshape(self, a: Wire, shape: tuple[int, ...]) -> Wire:
        return self.op("Reshape", [a, self.constant([-1, *shape], np.int64)], shape)

    def _reduce(self, kind: str, a: Wire, axis: int) -> Wire:
        at = axis % len(a.shape)
        shape = (*a.shape[:at], 1, *a.shape[at + 1:])
        return self.op(kind, [a, self.constant([at + 1], np.int64)], shape, keepdims=1)

    def sum(self, a: Wire, axis: int = -1) -> Wire:
        """Sum along one axis, which stays with length 1."""
        return self._reduce("ReduceSum", a, axis)

    def mean(self, a: Wire, axis: int = -1) -> Wire:
        return self._reduce("ReduceMean", a, axis)

    def largest(self, a: Wire, axis: int = -1) -> Wire:
        return self._reduce("ReduceMax", a, axis)

    def smallest(self, a: Wire, axis: int = -1) -> Wire:
        return self._reduce("ReduceMin", a, axis)

    def transpose(self, a: Wire, order: Sequence[int]) -> Wire:
        """Axes in another order, counted without the asset axis."""
        return self.op("Transpose", [a], tuple(a.shape[i] for i in order), perm=[0, *(i + 1 for i in order)])

    def relu(self, a: Wire) -> Wire:
        return self._elementwise("Relu", a)

    def sigmoid(self, a: Wire) -> Wire:
        return self._elementwise("Sigmoid", a)

    def softmax(self, a: Wire) -> Wire:
        """Along the last axis."""
        return self.op("Softmax", [a], a.shape, axis=-1)

    def conv(self, a: Wire, weights: ArrayLike, bias: ArrayLike | None = None, *, strides: Sequence[int] = (),
             pads: Sequence[int] = (), dilations: Sequence[int] = (), group: int = 1) -> Wire:
        """Convolution of [channels, *space] with constant [out, channels / group, *kernel]; pads as ONNX has them."""
        w = np.asarray(weights, np.float32)
        kernel, axes = w.shape[2:], len(w.shape) - 2
        steps, spread = list(strides) or [1] * axes, list(dilations) or [1] * axes
        edge = list(pads) or [0] * (2 * axes)
        space = [(size + edge[i] + edge[axes + i] - spread[i] * (kernel[i] - 1) - 1) // steps[i] + 1
                 for i, size in enumerate(a.shape[1:])]
        operands: list[Operand | str] = [a, w] if bias is None else [a, w, np.asarray(bias, np.float32)]
        return self.op("Conv", operands, (w.shape[0], *space), kernel_shape=list(kernel), strides=steps, pads=edge,
                       dilations=spread, group=group)

    def forest(self, a: Wire, outputs: int, **trees: Any) -> Wire:
        """Sums of regression trees [outputs] over features [n]: ONE node of ``ai.onnx.ml`` TreeEnsembleRegressor.

        ``trees`` are that operator's ``nodes_*``, ``target_*`` and ``base_values`` attributes; each backend lowers
        the node in its own way.
        """
        self._forests = True
        return self.op(FOREST, [a], (outputs,), domain=ML_DOMAIN, n_targets=outputs, aggregate_function="SUM",
                       post_transform="NONE", **trees)

    def nearest_rows(self, closeness: Wire, rows: ArrayLike, count: int) -> Wire:
        """The ``count`` rows [count, n] of a constant [m, n] whose ``closeness`` [m] is largest."""
        table = np.asarray(rows, np.float32)
        best = self.op("TopK", [closeness, self.constant([count], np.int64)], (count,), outputs=2)
        index = Wire(f"{best.name}_1", (count,))
        return self.op("Gather", [table, index], (count, table.shape[1]), axis=0)

    # -- small idioms with state

    def window(self, name: str, a: Wire, length: int) -> Wire:
        """The newest ``length`` values of ``a`` [n] as [length, n], newest last; zeros before the first."""
        old = self.state(name, (length, *a.shape))
        newest = self.reshape(a, (1, *a.shape))
        new = self.concat([self.slice(old, 1, length), newest]) if length > 1 else newest
        self.keep(name, new)
        return new

    def ewma(self, name: str, a: Wire, weight: float) -> Wire:
        """Exponentially weighted mean from zero: s' = s + weight (a - s)."""
        old = self.state(name, a.shape)
        new = self.add(old, self.multiply(self.subtract(a, old), weight))
        self.keep(name, new)
        return new

    def ticks(self, name: str, most: int) -> Wire:
        """How many ticks have been seen, this one included, at most ``most`` [1]."""
        new = self.minimum(self.add(self.state(name, (1,)), np.ones(1, np.float32)), float(most))
        self.keep(name, new)
        return new

    # -- sealing

    def model(self, outputs: Mapping[str, Wire]) -> bytes:
        """The step graph as ONNX bytes. Raises ``ValueError`` for a name that an input or a state has."""
        missing = sorted(set(self._states) - set(self._next))
        if missing:
            raise ValueError(f"no next value for state {missing}")
        nodes = list(self._nodes)
        taken = sorted({"x", "quality", *self._states} & set(outputs))
        if taken:
            raise ValueError(f"{taken} are names of inputs or states")
        results = [_rename(nodes, wire, name) for name, wire in outputs.items()]
        results.extend(_rename(nodes, self._next[name], name + STATE_SUFFIX) for name in self._states)
        arguments = [_value(w.name, w.shape) for w in (self.x, self.quality)]
        arguments += [_value(name, shape) for name, shape in self._states.items()]
        graph = helper.make_graph(nodes, "step", arguments, results, list(self._constants.values()))
        opsets = [helper.make_opsetid("", OPSET)]
        if self._forests:
            opsets.append(helper.make_opsetid(ML_DOMAIN, ML_OPSET))
        model = helper.make_model(graph, opset_imports=opsets,
                                  ir_version=IR_VERSION, producer_name="lineshaft")
        return bytes(_prune(model).SerializeToString(deterministic=True))


def _value(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [ASSETS, *shape])


def _rename(nodes: list[onnx.NodeProto], wire: Wire, name: str) -> onnx.ValueInfoProto:
    nodes.append(helper.make_node("Identity", [wire.name], [name], name=f"Identity_{name}"))
    return _value(name, wire.shape)


def _prune(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop nodes and constants that reach no output."""
    graph = model.graph
    needed = {output.name for output in graph.output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    constants = [c for c in graph.initializer if c.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(constants)
    return model
