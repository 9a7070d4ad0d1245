"""The operators of a step graph and the one form in which each may appear.

An importer brings a foreign model into this form and a backend lowers nothing else. Shapes are static but for the
leading asset axis; whatever shapes an operator (axes, bounds, kernel, k, weights of ``Conv``, the forest) is a
constant, never a computed tensor.
"""

from __future__ import annotations

from collections.abc import Callable

import onnx

ML_DOMAIN = "ai.onnx.ml"
ML_OPSET = 3
FOREST = "TreeEnsembleRegressor"

OPERATORS = frozenset(
    "Abs Add And ArgMax AveragePool Cast Ceil Clip Concat Conv Cos DequantizeLinear Div DynamicQuantizeLinear Equal "
    "Erf Exp Floor Gather Greater GreaterOrEqual Identity Less LessOrEqual Log MatMul MatMulInteger Max MaxPool Min "
    "Mul Neg Not Or Pad Pow QuantizeLinear ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape Round Sigmoid Sign "
    "Sin Slice Softmax Sqrt Sub Tanh TopK Transpose Where".split())

_CONSTANT_INPUTS: dict[str, tuple[int, ...]] = {
    "Clip": (1, 2), "Pad": (1, 2), "ReduceMax": (1,), "ReduceMean": (1,), "ReduceMin": (1,), "ReduceSum": (1,),
    "Reshape": (1,), "Slice": (1, 2, 3, 4), "TopK": (1,), "QuantizeLinear": (1, 2), "DequantizeLinear": (1, 2)}


def unknown(node: onnx.NodeProto) -> bool:
    """Whether no step graph may hold this kind of operator."""
    if node.domain in ("", "ai.onnx"):
        return node.op_type not in OPERATORS
    return (node.domain, node.op_type) != (ML_DOMAIN, FOREST)


def malformed(node: onnx.NodeProto, constants: frozenset[str]) -> str:
    """Why an operator of a known kind is not in its one form; empty when it is."""
    computed = [i for i in _CONSTANT_INPUTS.get(node.op_type, ())
                if i < len(node.input) and node.input[i] and node.input[i] not in constants]
    if computed:
        return f"its input {computed[0]} is computed, and has to be a constant"
    rule = _FORMS.get(node.op_type)
    return rule(node, constants) if rule is not None else ""


def attributes(node: onnx.NodeProto) -> dict[str, object]:
    """Attributes by name as Python values."""
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def _windowed(node: onnx.NodeProto, constants: frozenset[str]) -> str:
    found = attributes(node)
    if found.get("auto_pad", b"NOTSET") != b"NOTSET":
        return "it pads automatically instead of by explicit pads"
    if found.get("ceil_mode", 0):
        return "it rounds its size up (ceil_mode)"
    if node.op_type == "Conv" and any(name not in constants for name in node.input[1:]):
        return "its weights are computed"
    if len(node.output) > 1:
        return "it also gives indices"
    return ""


def _softmax(node: onnx.NodeProto, constants: frozenset[str]) -> str:
    return "" if attributes(node).get("axis", -1) == -1 else "it is not along the last axis (axis=-1)"


def _pad(node: onnx.NodeProto, constants: frozenset[str]) -> str:
    mode = attributes(node).get("mode", b"constant")
    return "" if mode in (b"constant", b"edge", b"reflect") else f"its mode is {mode!r}"


def _gather(node: onnx.NodeProto, constants: frozenset[str]) -> str:
    if node.input[1] in constants or (node.input[0] in constants and attributes(node).get("axis", 0) == 0):
        return ""
    return "it takes computed places of a computed tensor"


def _forest(node: onnx.NodeProto, constants: frozenset[str]) -> str:
    found = attributes(node)
    if found.get("post_transform", b"NONE") != b"NONE":
        return "it transforms its sums afterwards (post_transform) instead of by an operator of its own"
    return "" if found.get("aggregate_function", b"SUM") == b"SUM" else "it does not add its trees up"


_FORMS: dict[str, Callable[[onnx.NodeProto, frozenset[str]], str]] = {
    "Conv": _windowed, "MaxPool": _windowed, "AveragePool": _windowed, "Softmax": _softmax, "Pad": _pad,
    "Gather": _gather, FOREST: _forest}
