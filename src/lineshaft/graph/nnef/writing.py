"""A canonical graph as NNEF: a folder with ``graph.nnef`` and one ``.dat`` file a constant, for one asset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.check import signature
from lineshaft.graph.nnef import tensor, text
from lineshaft.graph.nnef.text import Name, Statement
from lineshaft.graph.operators import attributes
from lineshaft.graph.untrusted.rules import called

_SAME = {"Abs": "abs", "Ceil": "ceil", "Cos": "cos", "Exp": "exp", "Floor": "floor", "Log": "log", "Neg": "neg",
         "Relu": "relu", "Sigmoid": "sigmoid", "Sign": "sign", "Sin": "sin", "Sqrt": "sqrt", "Tanh": "tanh",
         "Not": "not", "Identity": "copy"}
_PAIRS = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "Min": "min", "Max": "max",
          "Less": "lt", "Greater": "gt", "LessOrEqual": "le", "GreaterOrEqual": "ge", "Equal": "eq",
          "And": "and", "Or": "or"}
_REDUCED = {"ReduceSum": "sum_reduce", "ReduceMean": "mean_reduce", "ReduceMax": "max_reduce",
            "ReduceMin": "min_reduce"}


def write(graph: bytes, folder: Path) -> None:
    """Write a step graph into a new folder. Raises ``Refused`` naming an operator that NNEF 1.0 doesn't have."""
    signature(graph)
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(graph))
    found = _Writer(model.graph)
    lines = found.statements()
    if folder.exists():
        raise UsageError("exists already", where=str(folder), do="choose another name, or remove it first")
    folder.mkdir(parents=True)
    inputs, outputs = ([_plain(v.name) for v in group] for group in (model.graph.input, model.graph.output))
    (folder / "graph.nnef").write_text(text.document(inputs, outputs, lines), "utf-8")
    for label, values in found.stored.items():
        (folder / f"{label}.dat").write_bytes(tensor.dumps(values))


def _plain(name: str) -> str:
    return name if name.isidentifier() else "t_" + "".join(c if c.isalnum() else "_" for c in name)


class _Writer:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.constants: dict[str, NDArray[Any]] = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
        values = (*graph.input, *graph.value_info, *graph.output)
        self.ranks = {v.name: len(v.type.tensor_type.shape.dim) for v in values}
        self.stored: dict[str, NDArray[Any]] = {}

    def statements(self) -> list[Statement]:
        inputs = [Statement((_plain(i.name),), "external", (), {"shape": [
            d.dim_value or 1 for d in i.type.tensor_type.shape.dim]}) for i in self.graph.input]
        body = [self._statement(node) for node in self.graph.node]
        variables = [Statement((label,), "variable", (), {"shape": list(values.shape), "label": label})
                     for label, values in self.stored.items()]
        return [*inputs, *variables, *body]

    def _statement(self, node: onnx.NodeProto) -> Statement:
        results = (_plain(node.output[0]),)
        if node.op_type in _SAME:
            return Statement(results, _SAME[node.op_type], (self.named(node, 0),), {})
        if node.op_type in _PAIRS:
            return Statement(results, _PAIRS[node.op_type], tuple(self.named(node, i) for i in range(2)), {})
        rule = _RULES.get(node.op_type)
        if rule is None or len(node.output) > 1:
            raise Refused(f"{called(node)}: NNEF 1.0 has no such operator")
        kind, given, named = rule(self, node)
        return Statement(results, kind, given, named)

    def named(self, node: onnx.NodeProto, place: int, shape: tuple[int, ...] | None = None) -> Name:
        """An operand; a constant has as many axes as the result, since NNEF lines axes up from the front."""
        name = node.input[place]
        if name not in self.constants:
            return Name(_plain(name))
        values = self.constants[name].astype(np.float32)
        rank = max(self.ranks.get(node.output[0], values.ndim), values.ndim)
        full = values.reshape(shape if shape is not None else (1,) * (rank - values.ndim) + values.shape)
        label = f"{_plain(name)}_{'x'.join(map(str, full.shape))}"
        self.stored[label] = full
        return Name(label)

    def integers(self, node: onnx.NodeProto, place: int) -> list[int]:
        return [int(v) for v in self.constants[node.input[place]].ravel()]

    def number(self, node: onnx.NodeProto, place: int) -> float:
        return float(self.constants[node.input[place]].item())

    def rank(self, node: onnx.NodeProto) -> int:
        return self.ranks[node.input[0]]


Said = tuple[str, tuple[Any, ...], dict[str, Any]]


def _reduce(w: _Writer, node: onnx.NodeProto) -> Said:
    axes = [a % w.rank(node) for a in w.integers(node, 1)]
    return _REDUCED[node.op_type], (w.named(node, 0),), {"axes": axes}


def _clip(w: _Writer, node: onnx.NodeProto) -> Said:
    return "clamp", (w.named(node, 0), w.number(node, 1), w.number(node, 2)), {}


def _cast(w: _Writer, node: onnx.NodeProto) -> Said:
    kinds = {v.name: v.type.tensor_type.elem_type for v in w.graph.value_info}
    if kinds.get(node.input[0]) != TensorProto.BOOL or attributes(node)["to"] != TensorProto.FLOAT:
        raise Refused(f"{called(node)}: NNEF 1.0 has no such cast")
    return "select", (w.named(node, 0), 1.0, 0.0), {}


def _slice(w: _Writer, node: onnx.NodeProto) -> Said:
    if len(node.input) > 4 and any(s != 1 for s in w.integers(node, 4)):
        raise Refused(f"{called(node)}: it takes steps")
    axes = [a % w.rank(node) for a in w.integers(node, 3)]
    return "slice", (w.named(node, 0),), {"axes": axes, "begin": w.integers(node, 1), "end": w.integers(node, 2)}


def _reshape(w: _Writer, node: onnx.NodeProto) -> Said:
    return "reshape", (w.named(node, 0),), {"shape": w.integers(node, 1)}


def _transpose(w: _Writer, node: onnx.NodeProto) -> Said:
    return "transpose", (w.named(node, 0),), {"axes": list(attributes(node)["perm"])}  # type: ignore[call-overload]


def _concat(w: _Writer, node: onnx.NodeProto) -> Said:
    axis = int(attributes(node)["axis"]) % w.rank(node)  # type: ignore[call-overload]
    return "concat", ([w.named(node, i) for i in range(len(node.input))],), {"axis": axis}


def _conv(w: _Writer, node: onnx.NodeProto) -> Said:
    found: dict[str, Any] = attributes(node)
    weights = w.constants[node.input[1]]
    axes = weights.ndim - 2
    pads = found.get("pads", [0] * 2 * axes)
    bias = w.named(node, 2, (1, weights.shape[0])) if len(node.input) > 2 else 0.0
    return "conv", (w.named(node, 0), w.named(node, 1, weights.shape), bias), {
        "padding": list(zip(pads[:axes], pads[axes:], strict=True)), "border": "constant",
        "stride": list(found.get("strides", [1] * axes)), "dilation": list(found.get("dilations", [1] * axes)),
        "groups": int(found.get("group", 1))}


def _pool(w: _Writer, node: onnx.NodeProto) -> Said:
    found: dict[str, Any] = attributes(node)
    kernel = list(found["kernel_shape"])
    pads = found.get("pads", [0] * 2 * len(kernel))
    return {"MaxPool": "max_pool", "AveragePool": "avg_pool"}[node.op_type], (w.named(node, 0),), {
        "size": [1, 1, *kernel], "border": "ignore", "padding": [(0, 0), (0, 0), *zip(
            pads[:len(kernel)], pads[len(kernel):], strict=True)],
        "stride": [1, 1, *found.get("strides", [1] * len(kernel))],
        "dilation": [1, 1, *found.get("dilations", [1] * len(kernel))]}


def _pad(w: _Writer, node: onnx.NodeProto) -> Said:
    pads, rank = w.integers(node, 1), w.rank(node)
    mode = bytes(attributes(node).get("mode", b"constant")).decode()  # type: ignore[call-overload]
    border = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}[mode]
    value = w.number(node, 2) if len(node.input) > 2 and node.input[2] else 0.0
    return "pad", (w.named(node, 0),), {"padding": list(zip(pads[:rank], pads[rank:], strict=True)), "border": border,
                                        "value": value}


_RULES: dict[str, Callable[[_Writer, onnx.NodeProto], Said]] = {
    **dict.fromkeys(_REDUCED, _reduce), "Clip": _clip, "Cast": _cast, "Slice": _slice, "Reshape": _reshape,
    "Transpose": _transpose, "Concat": _concat, "Conv": _conv, "MaxPool": _pool, "AveragePool": _pool, "Pad": _pad,
    "Softmax": lambda w, node: ("softmax", (w.named(node, 0),), {"axes": [w.rank(node) - 1]}),
    "MatMul": lambda w, node: ("matmul", (w.named(node, 0), w.named(node, 1)), {}),
    "Where": lambda w, node: ("select", tuple(w.named(node, i) for i in range(3)), {})}

