"""Step graph -> program. Shapes are static and the asset axis is 1: the caller loops over assets."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import numpy_helper, shape_inference

from lineshaft.core.errors import Refused
from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.loops import points
from lineshaft.graph.loops.emit import WHOLE, Emitter
from lineshaft.graph.loops.form import FLOAT, INT, Buffer, Expr, Index, Load, Program, Sliding, State, Var, loads
from lineshaft.graph.loops.marking import Marking
from lineshaft.graph.loops.node import Node, lowerings
from lineshaft.graph.loops.tensor import Place, Tensor, View, dtype_of, known, view
from lineshaft.graph.loops.windows import (
    Window,
    moved_position,
    newest_first_row,
    old_first,
    rows_of,
    sliding_state,
    whole_first,
    windows,
)
from lineshaft.graph.quantise.storage import unpacked

CHEAP = 2  # operations that are rather repeated for each reader than stored and loaded


def lower(graph: bytes, *, lanes: int = 1, memory_bytes: int = 2**62, marked: bool = False) -> Program:
    """The program of a step graph that ``graph.check`` accepts.

    ``lanes`` is how many float32 the machine adds at once (reductions get that many accumulators); ``memory_bytes``
    what mirrored rings may take beyond shifted windows; ``marked`` keeps the marks that the graph carries. Raises
    ``Refused`` naming operators that can't be lowered.

    >>> from lineshaft.graph.builder import StepBuilder
    >>> g = StepBuilder(channels=2)
    >>> program = lower(g.model({"mean": g.ewma("level", g.x, 0.5)}))
    >>> [b.name for b in program.buffers], [s.name for s in program.states]
    (['x', 'quality', 'mean', 'level'], ['level'])
    """
    model = onnx.load_from_string(unpacked(graph))
    missing = unsupported(model.graph)
    if missing:
        raise Refused(f"operators without a lowering: {', '.join(missing)}", where="graph.loops")
    ports = [value.name for value in (*model.graph.input, *model.graph.output)]
    marking = Marking(points.of_model(model) if marked else {})
    return _Lowering(model, Emitter(lanes, ports), memory_bytes, marking).program()


def unsupported(graph: onnx.GraphProto) -> tuple[str, ...]:
    """Operators of a graph that have no lowering."""
    return tuple(sorted({node.op_type for node in graph.node} - set(lowerings())))


class _Lowering:
    def __init__(self, model: onnx.ModelProto, emitter: Emitter, memory_bytes: int, marking: Marking) -> None:
        self.graph, self.emitter, self.marking = model.graph, emitter, marking
        self.shapes = _shapes(model)
        self.windows = windows(self.graph, self.shapes)
        self.values: dict[str, Tensor] = {}
        self.inputs = tuple(Buffer(i.name, "input", FLOAT, self.shapes[i.name][1]) for i in self.graph.input[:2])
        self.states = self._states(memory_bytes)
        kept = {state.name + STATE_SUFFIX for state in self.states}
        names = [o.name for o in self.graph.output if o.name not in kept]
        self.outputs = {name: Buffer(name, "output", FLOAT, _size(self.shapes[name])) for name in names}
        self.readers = self._readers()
        self.named = self._named()

    def program(self) -> Program:
        for buffer in self.inputs:
            self.values[buffer.name] = view(buffer, (1, buffer.size))
        for constant in self.graph.initializer:
            value = numpy_helper.to_array(constant)
            self.values[constant.name] = known(value, self.emitter.constant(value.astype(dtype_of(value)), "k"))
        for state in self.states:
            self.values[state.name] = _old(state)
        for node in self.graph.node:
            self._node(node)
        for name, buffer in self.outputs.items():
            self._fill(self.values[name], view(buffer, self.shapes[name]))
        self._keep()
        return Program(self.inputs, tuple(self.outputs.values()),
                       {name: self.shapes[name][1:] for name in self.outputs}, self.states, self.emitter.body,
                       self.emitter.lanes, self.marking.of_buffers(self.states, self.outputs))

    # -- nodes

    def _node(self, node: onnx.NodeProto) -> None:
        window = self.windows.get(node.output[0])
        if window is not None:
            self.values[node.output[0]] = self._slide(window)
            return
        lowering = lowerings()[node.op_type]
        inputs = tuple(self._input(name, streams=lowering.streams) if name else None  # type: ignore[attr-defined]
                       for name in node.input)
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        found = lowering(self.emitter, Node(node.op_type, inputs, attributes, self.shapes[node.output[0]]))
        for name, tensor in zip(node.output, found if isinstance(found, tuple) else (found,), strict=False):
            self.values[name] = self._placed(name, self.marking.marked(name, tensor))

    def _input(self, name: str, *, streams: bool) -> Tensor:
        if not streams:
            self.values[name] = self.emitter.ready(self.values[name])
        return self.values[name]

    def _placed(self, name: str, tensor: Tensor) -> Tensor:
        """In an output's memory, in memory because several read it, or not in memory at all."""
        if name in self.named and not isinstance(tensor, View):
            return self.emitter.realise(tensor, self.outputs[self.named[name]])
        readers = self.readers.get(name, 0)
        if (tensor.cost > CHEAP and readers > 1) or tensor.cost > 64:
            return self.emitter.realise(tensor)
        return tensor

    def _fill(self, tensor: Tensor, target: View) -> None:
        if not (isinstance(tensor, View) and (tensor.buffer, tensor.offset, tensor.strides)
                == (target.buffer, target.offset, target.strides)):
            self.emitter.write(tensor, target)

    # -- states

    def _states(self, memory_bytes: int) -> tuple[State, ...]:
        moving = {window.state: window for window in self.windows.values()}
        found = []
        for value in self.graph.input[2:]:
            shape = self.shapes[value.name][1:]
            if value.name in moving:
                position = self.emitter.buffer(INT, 1, "state", f"{value.name}_at")
                state, taken = sliding_state(moving[value.name], shape, position, memory_bytes)
                memory_bytes -= taken
            else:
                state = State(value.name, shape, Buffer(value.name, "state", FLOAT, _size(shape)),
                              tuple(range(len(shape))))
            found.append(state)
        return tuple(found)

    def _slide(self, window: Window) -> Tensor:
        """Write the newest rows; the value is a view on the window."""
        state = next(s for s in self.states if s.name == window.state)
        how = state.sliding
        assert how is not None
        newest = self.values[window.newest]
        target = rows_of(state, how.step, 0 if how.position is not None else newest_first_row(how))
        if how.position is None:
            self.emitter.write(newest, target)
        else:
            self._write_twice(newest, target, how.span * how.width)
        if window.whole:
            return rows_of(state, how.span, whole_first(how))
        return rows_of(state, how.rows, whole_first(how) + (0 if how.newest_first else how.step))

    def _write_twice(self, tensor: Tensor, target: View, apart: int) -> None:
        again = view(target.buffer, target.shape, target.strides, target.offset + apart)

        def element(place: Place, value: Expr) -> None:
            once = self.emitter.hold(value)
            self.emitter.write_at(target, place, once)
            self.emitter.write_at(again, place, once)

        self.emitter.each(tensor, element)

    def _keep(self) -> None:
        """Next states into their places: at once where nobody reads the old value afterwards, else at the end."""
        plain = [state for state in self.states if state.sliding is None]
        for state in plain:
            self._input(state.name + STATE_SUFFIX, streams=False)
        late: list[tuple[Tensor, View]] = []
        for place, state in enumerate(plain):
            target = view(state.buffer, (1, *state.shape))
            value = self.values[state.name + STATE_SUFFIX]
            others = [self.values[s.name + STATE_SUFFIX] for s in plain[place + 1:]]
            if _elementwise_in(value, target) and not any(_reads(t, state.buffer) for t in others):
                self._fill(value, target)
            else:
                copy = self.emitter.realise(value)
                if copy.buffer.kind == "state":
                    copy = self.emitter.realise(value, self.emitter.buffer(value.dtype, value.size))
                late.append((copy, target))
        for value, target in late:
            self._fill(value, target)
        for state in self.states:
            if state.sliding is not None:
                self._advance(state, state.sliding)

    def _advance(self, state: State, how: Sliding) -> None:
        if how.position is not None:
            self.emitter.store(how.position, WHOLE, moved_position(how))
            return
        size, step = how.rows * how.width, how.step * how.width

        def move(index: Place) -> None:
            if how.newest_first:
                source = index[0] * -1 + (size - 1)
                self.emitter.store(state.buffer, source + step, Load(state.buffer, source))
            else:
                self.emitter.store(state.buffer, index[0], Load(state.buffer, index[0] + step))

        self.emitter.loops((size,), move)

    # -- what the graph says

    def _readers(self) -> dict[str, int]:
        readers: dict[str, int] = {}
        for node in self.graph.node:
            for name in set(node.input):
                readers[name] = readers.get(name, 0) + 1
        return readers

    def _named(self) -> dict[str, str]:
        """Values that are an output, by their name where they are computed."""
        source = {name: name for name in self.outputs}
        for node in reversed(self.graph.node):
            if node.op_type == "Identity" and node.output[0] in source:
                source.setdefault(node.input[0], source[node.output[0]])
        return source


def _old(state: State) -> View:
    if state.sliding is None:
        return view(state.buffer, (1, *state.shape))
    return rows_of(state, state.sliding.rows, old_first(state.sliding))


def _elementwise_in(tensor: Tensor, target: View) -> bool:
    """Whether an element needs no other element of the target's buffer than its own."""
    place = tuple(_probe(axis) for axis in range(len(target.shape)))
    own = target.at(place)
    return all(load == own for load in loads(tensor.at(place)) if load.buffer == target.buffer)


def _reads(tensor: Tensor, buffer: Buffer) -> bool:
    place = tuple(_probe(axis) for axis in range(len(tensor.shape)))
    return any(load.buffer == buffer for load in loads(tensor.at(place)))


def _probe(axis: int) -> Index:
    """A place that is only looked at, never looped over."""
    return Index(0, ((Var(f"probe{axis}"), 1),))


def _shapes(model: onnx.ModelProto) -> Mapping[str, tuple[int, ...]]:
    """Shapes of all values with one asset."""
    single = onnx.ModelProto()
    single.CopyFrom(model)
    for value in single.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    for value in single.graph.output:
        value.type.tensor_type.shape.ClearField("dim")
        value.type.tensor_type.ClearField("shape")
    del single.graph.value_info[:]
    inferred = shape_inference.infer_shapes(single, strict_mode=True, data_prop=True).graph
    values = [*inferred.input, *inferred.output, *inferred.value_info]
    found = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in values}
    return found | {c.name: tuple(c.dims) for c in inferred.initializer}


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
