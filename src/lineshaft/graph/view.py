"""A step graph as a rewrite sees it: nodes, constants as arrays, shapes per asset, who gives and who takes a value.

A ``View`` is never changed: nodes and arrays are shared between views, so a pass copies no weights. ``Edit`` collects
the changes to one and ``done`` gives the next: in an order that can be executed, without what reaches no output, and
with its values named anew, so that equal changes give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from lineshaft.core.step import Port
from lineshaft.graph.builder import ASSETS, IR_VERSION, OPSET, STATE_SUFFIX
from lineshaft.graph.operators import ML_DOMAIN, ML_OPSET

Constant = NDArray[Any]
LARGE = 1024  # values from which on the inference of shapes is told a constant's shape instead of its values


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator. ``inputs`` may hold "" for one that is left out; two nodes are the same only if they are one."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    domain: str = ""

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute's value."""
        return self.attributes.get(name, default)


@dataclass(frozen=True, eq=False)
class View:
    """``outputs`` end with the next value ``name_o`` of each state in ``states``; shapes leave the asset axis out."""

    channels: int
    states: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[Node, ...]
    constants: Mapping[str, Constant]

    @property
    def results(self) -> tuple[Port, ...]:
        """Outputs that are no states."""
        return self.outputs[:len(self.outputs) - len(self.states)]

    @property
    def inputs(self) -> tuple[Port, ...]:
        return (Port("x", (self.channels,)), Port("quality", (self.channels,)), *self.states)

    @cached_property
    def producers(self) -> Mapping[str, Node]:
        """The node that gives a value."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that take a value; a value that is an output has that use besides."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}

    @cached_property
    def ports(self) -> frozenset[str]:
        """Names that may not change."""
        return frozenset(p.name for p in (*self.inputs, *self.outputs))

    def producer(self, name: str, kind: str = "") -> Node | None:
        """The node that gives a value, if it is of that kind."""
        node = self.producers.get(name)
        return node if node is not None and kind in ("", node.kind) else None

    def only_use(self, name: str) -> Node | None:
        """The one node that takes a value which is no output; none where there are more, or no such node."""
        users = self.consumers.get(name, ())
        return users[0] if len(users) == 1 and name not in self.ports else None

    def constant(self, name: str) -> Constant | None:
        return self.constants.get(name)

    def whole_numbers(self, name: str) -> tuple[int, ...]:
        """The values of an integer constant; none where it is no constant."""
        found = self.constants.get(name)
        return () if found is None else tuple(int(v) for v in found.reshape(-1))

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Shape per asset; none for a constant and for what isn't static."""
        return self._inferred[0].get(name)

    def dtype(self, name: str) -> int:
        """ONNX element type; 0 where unknown."""
        if name in self.constants:
            return int(helper.np_dtype_to_tensor_dtype(self.constants[name].dtype))
        return self._inferred[1].get(name, 0)

    @cached_property
    def _inferred(self) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
        shapes = {p.name: p.shape for p in (*self.inputs, *self.outputs)}
        types = {p.name: int(TensorProto.FLOAT) for p in (*self.inputs, *self.outputs)}
        for value in onnx.shape_inference.infer_shapes(self._model(LARGE)).graph.value_info:
            tensor = value.type.tensor_type
            dims = tensor.shape.dim
            types[value.name] = int(tensor.elem_type)
            if dims and not dims[0].HasField("dim_value") and all(d.HasField("dim_value") for d in dims[1:]):
                shapes[value.name] = tuple(d.dim_value for d in dims[1:])
        return shapes, types

    def bytes(self) -> bytes:
        """The same graph as ONNX."""
        return bytes(self._model().SerializeToString(deterministic=True))

    def _model(self, largest: int | None = None) -> onnx.ModelProto:
        nodes = [helper.make_node(n.kind, n.inputs, n.outputs, name=f"{n.kind}_{n.outputs[0]}", domain=n.domain,
                                  **n.attributes) for n in self.nodes]
        small = {name: array for name, array in self.constants.items() if largest is None or array.size <= largest}
        told = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
                for name, array in self.constants.items() if name not in small]
        graph = helper.make_graph(nodes, "step", [*map(_value, self.inputs), *told], [*map(_value, self.outputs)],
                                  [numpy_helper.from_array(array, name) for name, array in small.items()])
        opsets = [helper.make_opsetid("", OPSET)]
        if any(n.domain == ML_DOMAIN for n in self.nodes):
            opsets.append(helper.make_opsetid(ML_DOMAIN, ML_OPSET))
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="lineshaft")


def view(graph: bytes) -> View:
    """The view of a valid step graph (see ``check.problems``).

    >>> from lineshaft.graph.builder import StepBuilder
    >>> g = StepBuilder(3)
    >>> seen = view(g.model({"score": g.sum(g.window("past", g.x, 4), axis=0)}))
    >>> [node.kind for node in seen.nodes], seen.states, seen.shape("n2")
    (['Reshape', 'Slice', 'Concat', 'ReduceSum', 'Identity', 'Identity'], (Port(name='past', shape=(4, 3)),), (4, 3))
    """
    found = onnx.load_from_string(graph).graph
    nodes = tuple(Node(n.op_type, tuple(n.input), tuple(n.output),
                       {a.name: helper.get_attribute_value(a) for a in n.attribute},
                       "" if n.domain == "ai.onnx" else n.domain) for n in found.node)
    constants = {c.name: numpy_helper.to_array(c) for c in found.initializer}
    inputs, outputs = [_port(v) for v in found.input], [_port(v) for v in found.output]
    return View(inputs[0].shape[0], tuple(inputs[2:]), tuple(outputs), nodes, constants)


def _port(value: onnx.ValueInfoProto) -> Port:
    return Port(value.name, tuple(d.dim_value for d in value.type.tensor_type.shape.dim[1:]))


def _value(port: Port) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(port.name, TensorProto.FLOAT, [ASSETS, *port.shape])


class Edit:
    """Changes to a view in the making."""

    def __init__(self, graph: View) -> None:
        self.graph = graph
        self.changed = 0
        self._nodes = list(graph.nodes)
        self._gone: set[Node] = set()
        self._constants = dict(graph.constants)
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._instead: dict[str, str] = {}
        self._states = {port.name: port for port in graph.states}
        self._next: dict[str, str] = {}

    def constant(self, value: ArrayLike, dtype: Any = np.float32) -> str:
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = self._known[key] = f"new constant {len(self._known)}"
            self._constants[name] = array
        return self._known[key]

    def add(self, kind: str, inputs: Sequence[str | ArrayLike], *, outputs: int = 1, domain: str = "",
            **attributes: Any) -> str:
        """A further node; its first output's name. Numbers and arrays become float32 constants."""
        names = tuple(i if isinstance(i, str) else self.constant(i) for i in inputs)
        base = f"new {len(self._nodes)}"
        given = (base, *(f"{base}.{i}" for i in range(1, outputs)))
        self._nodes.append(Node(kind, names, given, attributes, domain))
        self.changed += 1
        return base

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64), np.int64)

    def cut(self, value: str, axis: int, start: int, stop: int) -> str:
        """``start <= i < stop`` along ``axis``, which counts the asset axis."""
        return self.add("Slice", [value, self.integers(start), self.integers(stop), self.integers(axis)])

    def replace(self, name: str, by: str) -> None:
        """Whoever takes ``name`` (an output too) takes ``by`` from now on."""
        self._instead[name] = by
        self.changed += 1

    def remove(self, node: Node) -> None:
        """A node that a new one replaces under the same names."""
        self._gone.add(node)

    def put(self, node: Node, **attributes: Any) -> None:
        """``node`` with other inputs or attributes under the same names (pass ``inputs=`` and ``attributes=``)."""
        self.remove(node)
        self._nodes.append(Node(attributes.get("kind", node.kind), tuple(attributes.get("inputs", node.inputs)),
                                node.outputs, attributes.get("attributes", node.attributes), node.domain))
        self.changed += 1

    def state(self, name: str, shape: tuple[int, ...]) -> str:
        """A new state, zeros at first; its name, which a number is added to where it is taken."""
        taken = {*self.graph.ports, *self._constants, *self.graph.producers, *self._states,
                 *(state + STATE_SUFFIX for state in self._states)}
        names = chain((name,), (f"{name}_{i}" for i in count(2)))
        free = next(n for n in names if n not in taken and n + STATE_SUFFIX not in taken)
        self._states[free] = Port(free, shape)
        self.changed += 1
        return free

    def keep(self, state: str, value: str) -> None:
        """The next value of a state."""
        self._next[state] = value

    def drop_state(self, name: str) -> None:
        """A state that nothing reads any more."""
        del self._states[name]
        self.changed += 1

    def unchanged(self, reason: str) -> View | str:
        """The changed view, or ``reason`` where there was no change."""
        return self.done() if self.changed else reason

    def done(self) -> View:
        """The changed view."""
        states = tuple(self._states.values())
        outputs = (*self.graph.results, *(Port(s.name + STATE_SUFFIX, s.shape) for s in states))
        sources = {p.name: self._resolve(self._next.get(p.name.removesuffix(STATE_SUFFIX), p.name)
                                         if p in outputs[len(self.graph.results):] else p.name) for p in outputs}
        producers = {n: node for node in self._nodes if node not in self._gone for n in node.outputs if n}
        order = self._ordered(list(sources.values()), producers)
        return _renamed(self.graph.channels, states, outputs, sources, order, self._constants)

    def _resolve(self, name: str) -> str:
        while name in self._instead:
            name = self._instead[name]
        return name

    def _ordered(self, roots: Sequence[str], producers: Mapping[str, Node]) -> list[Node]:
        """What the roots need, each node after those it needs; the order depends on the graph alone."""
        order: list[Node] = []
        met: set[Node] = set()
        todo = [(producers[r], False) for r in reversed(roots) if r in producers]
        while todo:
            node, ready = todo.pop()
            if ready:
                order.append(Node(node.kind, tuple(map(self._resolve, node.inputs)), node.outputs, node.attributes,
                                  node.domain))
                continue
            if node in met:
                continue
            met.add(node)
            todo.append((node, True))
            needed = (producers.get(self._resolve(i)) for i in reversed(node.inputs))
            todo.extend((n, False) for n in needed if n is not None and n not in met)
        return order


def _renamed(channels: int, states: tuple[Port, ...], outputs: tuple[Port, ...], sources: Mapping[str, str],
             order: list[Node], constants: Mapping[str, Constant]) -> View:
    """Outputs come straight from the node that computes them where they can; all else is numbered in order."""
    computed = {name for node in order for name in node.outputs if name}
    fixed = {"x": "x", "quality": "quality", **{s.name: s.name for s in states}}
    names: dict[str, str] = dict(fixed)
    copies: list[Node] = []
    for port in outputs:
        source = sources[port.name]
        if source in computed and source not in names:
            names[source] = port.name
        else:
            copies.append(Node("Identity", (source,), (port.name,)))
    taken = {*fixed, *(p.name for p in outputs)}
    kept: dict[str, Constant] = {}
    values, numbers = _free("n", taken), _free("c", taken)
    for node in (*order, *copies):
        for name in node.inputs:
            if name in constants and name not in names:
                names[name] = next(numbers)
                kept[names[name]] = constants[name]
    for name in (name for node in order for name in node.outputs if name):
        if name not in names:
            names[name] = next(values)
    names[""] = ""
    nodes = [Node(n.kind, tuple(names[i] for i in n.inputs), tuple(names[o] for o in n.outputs), n.attributes, n.domain)
             for n in order]
    nodes += [Node(n.kind, (names[n.inputs[0]],), n.outputs) for n in copies]
    return View(channels, states, outputs, tuple(nodes), kept)


def _free(letter: str, taken: set[str]) -> Iterator[str]:
    number = 0
    while True:
        if f"{letter}{number}" not in taken:
            yield f"{letter}{number}"
        number += 1
