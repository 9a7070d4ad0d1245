"""A step graph looked up by name: who makes a tensor, who reads it, its shape."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from lineshaft.graph.builder import STATE_SUFFIX


class StepView:
    """Nodes of a step graph in their order; shapes leave out the asset axis."""

    def __init__(self, graph: bytes) -> None:
        self.model = onnx.shape_inference.infer_shapes(onnx.load_from_string(graph), data_prop=True)
        _end_with_identities(self.model.graph)
        self.nodes = list(self.model.graph.node)
        self.constants: dict[str, NDArray[np.generic]] = {
            c.name: numpy_helper.to_array(c) for c in self.model.graph.initializer}
        self.inputs = [i.name for i in self.model.graph.input]
        self.states = self.inputs[2:]
        self.outputs = [o.name for o in self.model.graph.output]

    @cached_property
    def made_by(self) -> dict[str, onnx.NodeProto]:
        return {name: node for node in self.nodes for name in node.output if name}

    @cached_property
    def read_by(self) -> dict[str, list[onnx.NodeProto]]:
        found: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.input):
                found.setdefault(name, []).append(node)
        return found

    @cached_property
    def fixed(self) -> frozenset[str]:
        """Constants, and what is computed of constants alone: the same at every tick, without an asset axis."""
        known = set(self.constants)
        for node in self.nodes:
            if all(name in known for name in node.input if name):
                known.update(node.output)
        return frozenset(known)

    def moving(self, node: onnx.NodeProto) -> list[str]:
        """Inputs that change from tick to tick."""
        return [name for name in dict.fromkeys(node.input) if name and name not in self.fixed]

    def shape(self, name: str) -> tuple[int, ...] | None:
        """[...] without the asset axis; None where inference didn't find it."""
        info = self._info.get(name)
        if info is None or not info.type.tensor_type.HasField("shape"):
            return None
        sizes = tuple(d.dim_value for d in info.type.tensor_type.shape.dim[1:])
        return sizes if all(size > 0 for size in sizes) and info.type.tensor_type.shape.dim else None

    def element(self, name: str) -> int:
        """The ONNX element type."""
        return int(self._info[name].type.tensor_type.elem_type)

    @cached_property
    def _info(self) -> dict[str, onnx.ValueInfoProto]:
        graph = self.model.graph
        return {v.name: v for v in (*graph.value_info, *graph.input, *graph.output)}

    def upstream(self, names: Collection[str], *, until: Collection[str] = ()) -> list[onnx.NodeProto]:
        """Nodes that ``names`` need, in order, not looking behind the tensors ``until``."""
        needed = set(names) - set(until)
        kept = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(set(node.input) - set(until))
        return kept[::-1]

    def downstream(self, names: Collection[str]) -> list[onnx.NodeProto]:
        """Nodes that read ``names`` or what comes of them, in order."""
        reached, kept = set(names), []
        for node in self.nodes:
            if reached.intersection(node.input):
                kept.append(node)
                reached.update(node.output)
        return kept

    def kept_by(self, state: str) -> str:
        """The output that carries a state to the next tick."""
        return state + STATE_SUFFIX


def _end_with_identities(graph: onnx.GraphProto) -> None:
    """Every output is an ``Identity`` of its own, so that a cut may go through what comes before it."""
    outputs = {o.name for o in graph.output if not any(o.name in n.output for n in graph.node
                                                       if n.op_type == "Identity")}
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    for name in sorted(outputs):
        inner = f"{name}_made"
        while inner in taken:
            inner += "_"
        for node in graph.node:
            node.input[:] = [inner if i == name else i for i in node.input]
            node.output[:] = [inner if o == name else o for o in node.output]
        made = next(o for o in graph.output if o.name == name)
        graph.value_info.append(onnx.helper.make_value_info(inner, made.type))
        graph.node.append(onnx.helper.make_node("Identity", [inner], [name], name=f"Identity_{name}"))
