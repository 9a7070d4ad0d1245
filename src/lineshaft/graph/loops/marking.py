"""Marks of a graph's tensors on their way into a program: on each element's expression, or on a buffer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.loops.form import FLOAT, Buffer, Const, Expr, Op, State
from lineshaft.graph.loops.points import Mark
from lineshaft.graph.loops.tensor import Produced, Tensor, View, produced


class Marking:
    """``marks`` by tensor; without any, nothing is changed."""

    def __init__(self, marks: Mapping[str, Mark]) -> None:
        self._marks = marks
        self._buffers: dict[str, Mark] = {}

    def marked(self, name: str, tensor: Tensor) -> Tensor:
        """The tensor with its mark; memory that a lowering gave it keeps the mark of its first tensor."""
        mark = self._marks.get(name)
        if mark is None or tensor.dtype != FLOAT:
            return tensor
        if isinstance(tensor, View):
            if tensor.buffer.kind == "scratch":
                self._buffers.setdefault(tensor.buffer.name, mark)
            return tensor

        def within(value: Expr) -> Expr:
            return Op("within", (value, Const(mark.top), Const(mark.usual)))

        if isinstance(tensor, Produced):
            return produced(tensor.shape, tensor.dtype, lambda sink: tensor.produce(
                lambda place, value: sink(place, within(value))), tensor.cost)
        return Tensor(tensor.shape, tensor.dtype, lambda place: within(tensor.at(place)), tensor.cost)

    def of_buffers(self, states: Iterable[State], outputs: Mapping[str, Buffer]) -> Mapping[str, Mark]:
        """Marks by buffer: those met on the way, and those of states and outputs."""
        found = dict(self._buffers)
        for state in states:
            both = [self._marks[name] for name in (state.name, state.name + STATE_SUFFIX) if name in self._marks]
            if both:
                found[state.buffer.name] = Mark(max(m.top for m in both), min(m.usual for m in both))
        return found | {name: self._marks[name] for name in outputs if name in self._marks}

