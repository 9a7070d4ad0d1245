"""The canonical operators in terms of TensorFlow Lite's: those on values here, on their places in ``places``, sliding
ones in ``windowed``.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx

from lineshaft.backend._tflite.lowering import BOOL, FLOAT, Lower, Lowering, NotTaken, option
from lineshaft.backend._tflite.places import argmax, axes_of, concat, gather, pad, reshape, slices, topk, transpose
from lineshaft.backend._tflite.windowed import average_pool, conv, max_pool

_UNARY = {"Abs": "ABS", "Ceil": "CEIL", "Cos": "COS", "Exp": "EXP", "Floor": "FLOOR", "Log": "LOG", "Neg": "NEG",
          "Not": "LOGICAL_NOT", "Relu": "RELU", "Round": "ROUND", "Sigmoid": "LOGISTIC", "Sign": "SIGN", "Sin": "SIN",
          "Sqrt": "SQRT", "Tanh": "TANH"}
_BINARY = {"Add": "ADD", "And": "LOGICAL_AND", "Div": "DIV", "Equal": "EQUAL", "Greater": "GREATER",
           "GreaterOrEqual": "GREATER_EQUAL", "Less": "LESS", "LessOrEqual": "LESS_EQUAL", "Max": "MAXIMUM",
           "Min": "MINIMUM", "Mul": "MUL", "Or": "LOGICAL_OR", "Pow": "POW", "Sub": "SUB"}
_OPTIONS = {"ADD": "AddOptions", "DIV": "DivOptions", "MUL": "MulOptions", "SUB": "SubOptions"}
_REDUCE = {"ReduceMax": "REDUCE_MAX", "ReduceMean": "MEAN", "ReduceMin": "REDUCE_MIN", "ReduceSum": "SUM"}
# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: at most 1.5e-7 off.
_ERF_SCALE = 0.3275911
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def _unary(code: str, c: Lowering, node: onnx.NodeProto) -> None:
    source, name = node.input[0], node.output[0]
    kept = c.kept_last(source)
    if kept is not None:
        shape = (1, *c.shape(source)[2:], c.shape(source)[1])
        c.bind_last(name, c.emit(code, [kept], shape if len(shape) == 4 else (1, *shape), c.type(name)))
    else:
        c.bind(name, c.emit(code, [c.value(source)], c.shape(name), c.type(name)))


def _binary(code: str, c: Lowering, node: onnx.NodeProto) -> None:
    found, shape = c.value(node.input[0]), c.shape(node.input[0])
    for name in node.input[1:]:
        shape = np.broadcast_shapes(shape, c.shape(name))
        found = c.emit(code, [found, c.value(name)], shape, c.type(node.output[0]), _OPTIONS.get(code, ""))
    c.bind(node.output[0], found)


def _reduce(code: str, c: Lowering, node: onnx.NodeProto) -> None:
    axes = axes_of(c, node, 1)
    if not axes or 0 in axes:
        raise NotTaken("it reduces over the assets")
    c.bind(node.output[0], c.emit(code, [c.value(node.input[0]), c.numbers(*axes)], c.shape(node.output[0]), FLOAT,
                                  "ReducerOptions", keepDims=bool(option(node, "keepdims", 1))))


def _cast(c: Lowering, node: onnx.NodeProto) -> None:
    source, target = c.type(node.input[0]), c.type(node.output[0])
    if source == target:
        c.bind(node.output[0], c.value(node.input[0]))
    elif target == BOOL:
        zero = c.writer.constant(np.array(0, source))
        c.bind(node.output[0], c.emit("NOT_EQUAL", [c.value(node.input[0]), zero], c.shape(node.output[0]), BOOL))
    else:
        c.bind(node.output[0], c.emit("CAST", [c.value(node.input[0])], c.shape(node.output[0]), target, "CastOptions"))


def _clip(c: Lowering, node: onnx.NodeProto) -> None:
    found = c.value(node.input[0])
    for place, code in ((1, "MAXIMUM"), (2, "MINIMUM")):
        if len(node.input) > place and node.input[place]:
            found = c.emit(code, [found, c.value(node.input[place])], c.shape(node.output[0]))
    c.bind(node.output[0], found)


def _erf(c: Lowering, node: onnx.NodeProto) -> None:
    x, shape = c.value(node.input[0]), c.shape(node.output[0])
    size = c.emit("ABS", [x], shape)
    t = c.emit("DIV", [c.scalar(1.0), _plus(c, _times(c, size, c.scalar(_ERF_SCALE), shape), 1.0, shape)], shape,
               FLOAT, "DivOptions")
    series = _times(c, t, c.scalar(_ERF[0]), shape)
    for factor in _ERF[1:]:
        series = _times(c, _plus(c, series, factor, shape), t, shape)
    fall = c.emit("EXP", [c.emit("NEG", [_times(c, x, x, shape)], shape)], shape)
    rest = c.emit("SUB", [c.scalar(1.0), _times(c, series, fall, shape)], shape, FLOAT, "SubOptions")
    c.bind(node.output[0], _times(c, c.emit("SIGN", [x], shape), rest, shape))


def _times(c: Lowering, a: int, b: int, shape: tuple[int, ...]) -> int:
    return c.emit("MUL", [a, b], shape, FLOAT, "MulOptions")


def _plus(c: Lowering, a: int, b: float, shape: tuple[int, ...]) -> int:
    return c.emit("ADD", [a, c.scalar(b)], shape, FLOAT, "AddOptions")


def _identity(c: Lowering, node: onnx.NodeProto) -> None:
    source, name = node.input[0], node.output[0]
    # An argument handed out as it came needs memory of its own: states are copied back one after the other.
    if source in c.arguments or source in c.constants:
        c.bind(name, c.reshape(c.value(source), c.shape(name)[1:], c.type(name)))
    elif c.kept_last(source) is not None:
        c.bind_last(name, c.last(source))
    else:
        c.bind(name, c.value(source))


def _matmul(c: Lowering, node: onnx.NodeProto) -> None:
    left, right = node.input
    shape = c.shape(node.output[0])
    if right in c.constants and c.constants[right].ndim == 2 and left not in c.constants:
        weights = c.writer.constant(np.ascontiguousarray(c.constants[right].T))
        c.bind(node.output[0], c.emit("FULLY_CONNECTED", [c.value(left), weights, -1], shape, FLOAT,
                                      "FullyConnectedOptions", keepNumDims=True))
        return
    if min(len(c.shape(left)), len(c.shape(right))) < 2:
        raise NotTaken("one side is a vector")
    c.bind(node.output[0], c.emit("BATCH_MATMUL", [c.value(left), c.value(right)], shape, FLOAT, "BatchMatMulOptions"))


def _softmax(c: Lowering, node: onnx.NodeProto) -> None:
    c.bind(node.output[0], c.emit("SOFTMAX", [c.value(node.input[0])], c.shape(node.output[0]), FLOAT,
                                  "SoftmaxOptions", beta=1.0))


def _where(c: Lowering, node: onnx.NodeProto) -> None:
    c.bind(node.output[0], c.emit("SELECT_V2", [c.value(name) for name in node.input], c.shape(node.output[0]),
                                  c.type(node.output[0])))


OPERATORS: dict[str, Lower] = {
    **{kind: partial(_unary, code) for kind, code in _UNARY.items()},
    **{kind: partial(_binary, code) for kind, code in _BINARY.items()},
    **{kind: partial(_reduce, code) for kind, code in _REDUCE.items()},
    "ArgMax": argmax, "AveragePool": average_pool, "Cast": _cast, "Clip": _clip, "Concat": concat, "Conv": conv,
    "Erf": _erf, "Gather": gather, "Identity": _identity, "MatMul": _matmul, "MaxPool": max_pool, "Pad": pad,
    "Reshape": reshape, "Slice": slices, "Softmax": _softmax, "TopK": topk, "Transpose": transpose, "Where": _where}
