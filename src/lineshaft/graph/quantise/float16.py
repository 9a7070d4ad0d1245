"""Convolutions, matrix products and the activations between them in float16; inputs, outputs and state stay float32."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from lineshaft.graph.quantise.static import candidates
from lineshaft.graph.view import Edit, Node, View

ALONG = ("Relu", "Clip", "Tanh", "Sigmoid")
LIMIT = float(np.finfo(np.float16).max)


def float16(graph: View) -> View | str:
    """The graph with its products in float16, or the reason where it has none large enough."""
    return _Writer(graph).write()


class _Writer:
    """``halves`` are values that exist in float16, by their old name."""

    def __init__(self, graph: View) -> None:
        self._graph, self._edit = graph, Edit(graph)
        self._products = set(candidates(graph))
        self._halves: dict[str, str] = {}
        self._cast: dict[str, str] = {}

    def write(self) -> View | str:
        for node in self._graph.nodes:
            if node in self._products or self._along(node):
                self._narrow(node)
        return self._edit.unchanged("no product has weights of its own that are large enough")

    def _along(self, node: Node) -> bool:
        """An activation, or a sum, of values that are in float16 already."""
        if node.kind == "Add":
            return all(name in self._halves for name in node.inputs)
        return node.kind in ALONG and node.inputs[0] in self._halves

    def _narrow(self, node: Node) -> None:
        edit = self._edit
        made = edit.add(node.kind, [self._half(name) for name in node.inputs], domain=node.domain, **node.attributes)
        name = node.outputs[0]
        self._halves[name] = made
        # Others take it in float32 again; where nobody does, the Cast reaches no output and goes.
        edit.replace(name, edit.add("Cast", [made], to=TensorProto.FLOAT))

    def _half(self, name: str) -> str:
        if name in self._halves or not name:
            return self._halves.get(name, name)
        if name not in self._cast:
            constant = self._graph.constant(name)
            self._cast[name] = (self._edit.constant(np.clip(constant, -LIMIT, LIMIT), np.float16)
                                if constant is not None else
                                self._edit.add("Cast", [name], to=TensorProto.FLOAT16))
        return self._cast[name]
