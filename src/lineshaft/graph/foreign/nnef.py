"""NNEF 1.0: ``graph.nnef`` of a flat graph, its tensors beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.builder import IR_VERSION, OPSET
from lineshaft.graph.importing.reading import How
from lineshaft.graph.nnef import tensor, text
from lineshaft.graph.nnef.text import Name, Statement
from lineshaft.graph.untrusted.limits import LIMITS
from lineshaft.graph.untrusted.opening import inside, read

ENDINGS = (".nnef",)
_UNARY = {"abs": "Abs", "ceil": "Ceil", "cos": "Cos", "exp": "Exp", "floor": "Floor", "log": "Log", "neg": "Neg",
          "relu": "Relu", "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin", "sqrt": "Sqrt", "tanh": "Tanh",
          "not": "Not", "copy": "Identity", "rcp": "Reciprocal", "softplus": "Softplus"}
_PAIRS = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "min": "Min", "max": "Max",
          "lt": "Less", "gt": "Greater", "le": "LessOrEqual", "ge": "GreaterOrEqual", "eq": "Equal",
          "and": "And", "or": "Or"}
_REDUCED = {"sum_reduce": "ReduceSum", "mean_reduce": "ReduceMean", "max_reduce": "ReduceMax",
            "min_reduce": "ReduceMin"}
_NAMES: Mapping[str, tuple[str, ...]] = {
    "clamp": ("x", "a", "b"), "select": ("condition", "true_value", "false_value"), "matmul": ("A", "B"),
    "conv": ("input", "filter", "bias"), "linear": ("input", "filter", "bias"), "concat": ("values",),
    "leaky_relu": ("x", "alpha"), "elu": ("x", "alpha"),
    "batch_normalization": ("input", "mean", "variance", "offset", "scale"), **dict.fromkeys(_PAIRS, ("x", "y")),
    **dict.fromkeys(_UNARY, ("x",)), "softmax": ("x",)}


def takes(thing: object) -> bool:
    return False


def from_object(thing: Any, how: How) -> onnx.ModelProto:
    raise UsageError("NNEF comes as files", do="give the path of graph.nnef")


def from_file(path: Path, how: How) -> onnx.ModelProto:
    folder = path if path.is_dir() else path.parent
    raw = read(folder / "graph.nnef" if path.is_dir() else path)
    try:
        graph = text.parse(raw.decode())
    except UnicodeDecodeError:
        raise UsageError("it is no text", where=str(path)) from None
    return _Reader(folder).model(graph)


class _Reader:
    """Statements to ONNX nodes; ``ranks`` are kept since NNEF lines axes up from the front and ONNX from the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.ranks: dict[str, int] = {}
        self.bytes = 0

    def model(self, graph: text.Document) -> onnx.ModelProto:
        for statement in graph.statements:
            self._add(statement)
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in graph.outputs]
        constants = [numpy_helper.from_array(values, name) for name, values in self.constants.items()]
        return helper.make_model(helper.make_graph(self.nodes, "nnef", self.inputs, outputs, constants),
                                 ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)])

    def _add(self, said: Statement) -> None:
        try:
            if said.kind == "external":
                self._external(said)
            elif said.kind == "variable":
                self._variable(said)
            else:
                self._operation(said)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Refused(f"{said.kind} {said.results[0]}: it is malformed ({type(error).__name__}: {error})") from None

    def _external(self, said: Statement) -> None:
        name, shape = said.results[0], [int(s) for s in said.named["shape"]]
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        self.ranks[name] = len(shape)

    def _variable(self, said: Statement) -> None:
        name, label = said.results[0], str(said.named["label"])
        raw = read(inside(self.folder, f"{label}.dat", f"variable {name}"))
        self.bytes += len(raw)
        if self.bytes > LIMITS.file_bytes:
            raise Refused(f"its tensors have more than {LIMITS.file_bytes:,} bytes")
        values = tensor.loads(raw)
        if list(values.shape) != list(said.named["shape"]):
            raise Refused(f"variable {name}: it says {said.named['shape']}, its file {list(values.shape)}")
        self._constant(name, values.astype(np.float32) if values.dtype.kind == "f" else values)

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self.constants[name], self.ranks[name] = values, values.ndim
        return name

    def _operation(self, said: Statement) -> None:
        known = _NAMES.get(said.kind, ("input",))
        given = {**dict(zip(known, said.given, strict=False)), **said.named}
        out, first = said.results[0], given.get(known[0])
        rank = self._rank(first)
        if said.kind in _UNARY:
            self._node(_UNARY[said.kind], [self._operand(first)], out, rank)
        elif said.kind in _PAIRS:
            self._aligned(_PAIRS[said.kind], [given[n] for n in known], out)
        elif said.kind == "select":
            self._aligned("Where", [given[n] for n in known], out)
        elif said.kind in _RULES and len(said.results) == 1:
            _RULES[said.kind](self, given, out, rank)
        else:
            raise Refused(f"{said.kind} {out}: this operation of NNEF is not taken")

    def _rank(self, value: Any) -> int:
        one = value[0] if isinstance(value, list) and value else value
        return self.ranks[one.text] if isinstance(one, Name) else 0

    def _operand(self, value: Any) -> str:
        if isinstance(value, Name):
            self.ranks[value.text]  # made before it is used, or a KeyError
            return value.text
        return self._constant(f"literal_{len(self.constants)}", np.asarray(value, np.float32))

    def _node(self, kind: str, inputs: Sequence[str], out: str, rank: int, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [out], f"{kind}_{out}", **attributes))
        self.ranks[out] = rank
        return out

    def _integers(self, values: Sequence[int]) -> str:
        return self._constant(f"integers_{len(self.constants)}", np.array(list(values), np.int64))

    def _aligned(self, kind: str, values: Sequence[Any], out: str) -> None:
        rank = max(self._rank(v) for v in values)
        operands: list[str] = []
        for value in values:
            name, own = self._operand(value), self._rank(value)
            if 0 < own < rank:
                axes = self._integers(range(own, rank))
                name = self._node("Unsqueeze", [name, axes], f"{out}_wide{len(operands)}", rank)
            operands.append(name)
        self._node(kind, operands, out, rank)

    def flat(self, value: Any, channels: int) -> str:
        """A bias or a statistic [1, C] or one number, as [C]."""
        values = self.constants[value.text] if isinstance(value, Name) else np.asarray(value)
        whole = np.broadcast_to(values.ravel().astype(np.float32), (channels,))
        return self._constant(f"flat_{len(self.constants)}", np.ascontiguousarray(whole))


Given = Mapping[str, Any]
Rule = Callable[[_Reader, Given, str, int], object]


def _window(given: Given, axes: int, skip: int) -> dict[str, Any]:
    """Strides, dilations and pads; no padding said means as much as keeps the size."""
    found: dict[str, Any] = {"strides": list(given.get("stride") or [1] * (axes + skip))[skip:],
                             "dilations": list(given.get("dilation") or [1] * (axes + skip))[skip:]}
    padding = list(given.get("padding") or [])[skip:]
    return found | ({"pads": [b for b, _ in padding] + [a for _, a in padding]} if padding
                    else {"auto_pad": "SAME_UPPER"})


def _conv(r: _Reader, given: Given, out: str, rank: int) -> None:
    if given.get("border", "constant") != "constant":
        raise Refused(f"conv {out}: its border is {given['border']}")
    weights = r.constants[given["filter"].text]
    bias = r.flat(given.get("bias", 0.0), weights.shape[0])
    groups = int(given.get("groups", 1)) or weights.shape[0]
    r._node("Conv", [r._operand(given["input"]), given["filter"].text, bias], out, rank, group=groups,
            kernel_shape=list(weights.shape[2:]), **_window(given, weights.ndim - 2, 0))


def _pool(kind: str) -> Rule:
    def rule(r: _Reader, given: Given, out: str, rank: int) -> None:
        size, border = list(given["size"]), given.get("border", "constant")
        if size[:2] != [1, 1] or border not in ("ignore", "constant") or (kind == "MaxPool" and border != "ignore"):
            raise Refused(f"{kind} {out}: its size is {size} and its border {border}")
        found = _window(given, len(size) - 2, 2)
        if kind == "AveragePool":
            found["count_include_pad"] = int(border == "constant")
        r._node(kind, [r._operand(given["input"])], out, rank, kernel_shape=size[2:], **found)
    return rule


def _reduce(kind: str) -> Rule:
    return lambda r, given, out, rank: r._node(
        kind, [r._operand(given["input"]), r._integers(given["axes"])], out, rank, keepdims=1)


def _linear(r: _Reader, given: Given, out: str, rank: int) -> None:
    weights = r.constants[given["filter"].text]
    r._node("Gemm", [r._operand(given["input"]), given["filter"].text, r.flat(given.get("bias", 0.0), len(weights))],
            out, 2, transB=1)


def _matmul(r: _Reader, given: Given, out: str, rank: int) -> None:
    names = [r._operand(given[n]) for n in ("A", "B")]
    for place, flag in enumerate(("transposeA", "transposeB")):
        if given.get(flag):
            names[place] = r._constant(f"{out}_{flag}", np.swapaxes(r.constants[names[place]], -1, -2))
    r._node("MatMul", names, out, max(rank, r.ranks[names[1]]))


def _slice(r: _Reader, given: Given, out: str, rank: int) -> None:
    ends = [2**62 if end == 0 else end for end in given["end"]]
    r._node("Slice", [r._operand(given["input"]), *(r._integers(v) for v in (given["begin"], ends, given["axes"]))],
            out, rank)


def _reshape(r: _Reader, given: Given, out: str, rank: int) -> None:
    if given.get("axis_start", 0) or given.get("axis_count", -1) != -1:
        raise Refused(f"reshape {out}: it takes a part of the axes")
    r._node("Reshape", [r._operand(given["input"]), r._integers(given["shape"])], out, len(given["shape"]))


def _pad(r: _Reader, given: Given, out: str, rank: int) -> None:
    mode = {"constant": "constant", "replicate": "edge", "reflect": "reflect"}[given.get("border", "constant")]
    pads = r._integers([b for b, _ in given["padding"]] + [a for _, a in given["padding"]])
    r._node("Pad", [r._operand(given["input"]), pads, r._operand(given.get("value", 0.0))], out, rank, mode=mode)


def _batch(r: _Reader, given: Given, out: str, rank: int) -> None:
    channels = max(r.constants[given[n].text].size for n in ("mean", "variance"))
    inputs = [r.flat(given.get(n, d), channels) for n, d in (
        ("scale", 1.0), ("offset", 0.0), ("mean", 0.0), ("variance", 1.0))]
    r._node("BatchNormalization", [r._operand(given["input"]), *inputs], out, rank, epsilon=float(given["epsilon"]))


def _shaped(kind: str, change: int) -> Rule:
    return lambda r, given, out, rank: r._node(
        kind, [r._operand(given["input"]), r._integers(given["axes"])], out,
        rank + change * len(given["axes"]))


def _softmax(r: _Reader, given: Given, out: str, rank: int) -> None:
    axes = list(given.get("axes", [1]))
    if len(axes) != 1:
        raise Refused(f"softmax {out}: it is along {len(axes)} axes")
    r._node("Softmax", [r._operand(given["x"])], out, rank, axis=int(axes[0]))


def _clamp(r: _Reader, given: Given, out: str, rank: int) -> None:
    r._node("Clip", [r._operand(given[n]) for n in ("x", "a", "b")], out, rank)


def _curved(kind: str) -> Rule:
    return lambda r, given, out, rank: r._node(
        kind, [r._operand(given["x"])], out, rank, alpha=float(given.get("alpha", 1.0)))


def _concat(r: _Reader, given: Given, out: str, rank: int) -> None:
    r._node("Concat", [r._operand(v) for v in given["values"]], out, rank, axis=int(given["axis"]))


def _transpose(r: _Reader, given: Given, out: str, rank: int) -> None:
    axes = [int(a) for a in given["axes"]]
    r._node("Transpose", [r._operand(given["input"])], out, rank, perm=[*axes, *range(len(axes), rank)])


_RULES: Mapping[str, Rule] = {
    **{name: _reduce(kind) for name, kind in _REDUCED.items()}, "conv": _conv, "max_pool": _pool("MaxPool"),
    "avg_pool": _pool("AveragePool"), "linear": _linear, "matmul": _matmul, "slice": _slice, "reshape": _reshape,
    "pad": _pad, "batch_normalization": _batch, "squeeze": _shaped("Squeeze", -1), "unsqueeze": _shaped("Unsqueeze", 1),
    "softmax": _softmax, "clamp": _clamp, "leaky_relu": _curved("LeakyRelu"), "elu": _curved("Elu"), "concat": _concat,
    "transpose": _transpose}
