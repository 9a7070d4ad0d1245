"""The operators of a step graph before a C++ library sees them: arity, kinds of attributes, numbers in range; and the
sizes of what they compute, after shape inference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from lineshaft.graph.untrusted.limits import Limits
from lineshaft.graph.untrusted.rules import called, shown

_MOST = 2**20
_RANGES: Mapping[str, tuple[int, int]] = {
    "axis": (-8, 7), "perm": (0, 7), "group": (1, _MOST), "kernel_shape": (1, _MOST), "strides": (1, _MOST),
    "dilations": (1, _MOST), "pads": (0, _MOST), "n_targets": (1, _MOST), "to": (1, 64)}
_CONSTANTS: Mapping[tuple[str, int], tuple[int, int]] = {
    ("TopK", 1): (1, _MOST), ("Pad", 1): (0, _MOST), ("Reshape", 1): (-1, 2**31), ("Slice", 3): (-8, 7),
    ("ReduceSum", 1): (-8, 7), ("ReduceMean", 1): (-8, 7), ("ReduceMax", 1): (-8, 7), ("ReduceMin", 1): (-8, 7)}
_FITS: Mapping[int, str] = {onnx.AttributeProto.FLOAT: "f", onnx.AttributeProto.INT: "i",
                            onnx.AttributeProto.STRING: "s", onnx.AttributeProto.TENSOR: "t"}


def misshapen(node: onnx.NodeProto, version: int) -> str:
    """Why a node doesn't fit its operator's schema; empty when it does. An unknown operator fits anything."""
    try:
        schema = onnx.defs.get_schema(node.op_type, version, "" if node.domain == "ai.onnx" else node.domain)
    except onnx.defs.SchemaError:
        return ""
    if not schema.min_input <= len(node.input) <= schema.max_input:
        return f"it has {len(node.input)} inputs"
    if not schema.min_output <= len(node.output) <= schema.max_output:
        return f"it has {len(node.output)} outputs"
    given = {a.name: a for a in node.attribute}
    absent = [name for name, one in schema.attributes.items() if one.required and name not in given]
    if absent:
        return f"its attribute {absent[0]} is missing"
    for name, attribute in given.items():
        if name not in schema.attributes:
            return f"it has no attribute {shown(name)}"
        wanted = int(schema.attributes[name].type.value)
        if attribute.type != wanted or (wanted in _FITS and not attribute.HasField(_FITS[wanted])):
            return f"its attribute {name} is of another kind"
    return _out_of_range(node)


def _out_of_range(node: onnx.NodeProto) -> str:
    for attribute in node.attribute:
        low, high = _RANGES.get(attribute.name, (-2**63, 2**63))
        values = attribute.ints if attribute.type == onnx.AttributeProto.INTS else (
            [attribute.i] if attribute.type == onnx.AttributeProto.INT else [])
        wild = [v for v in values if not low <= v <= high]
        if wild:
            return f"its {attribute.name} is {wild[0]}, from {low} to {high} is possible"
    return ""


def wild_constants(graph: onnx.GraphProto) -> Iterator[str]:
    """Axes, counts and pads that are given as constants."""
    constants = {c.name: c for c in graph.initializer}
    for node in graph.node:
        for (kind, place), (low, high) in _CONSTANTS.items():
            if node.op_type == kind and place < len(node.input) and node.input[place] in constants:
                values = _integers(constants[node.input[place]])
                if values is None or values.size > 8 * 2 or (values < low).any() or (values > high).any():
                    yield f"{called(node)}: its input {place} is not from {low} to {high}"


def _integers(tensor: onnx.TensorProto) -> NDArray[np.int64] | None:
    if tensor.data_type != onnx.TensorProto.INT64:
        return None
    return np.asarray(numpy_helper.to_array(tensor), np.int64)


def oversized(graph: onnx.GraphProto, limits: Limits) -> Iterator[str]:
    """What an inferred graph computes beyond the limits, per asset."""
    makers = {name: node for node in graph.node for name in node.output}
    total = 0
    for value in (*graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if value.name in makers and any(d.HasField("dim_value") and d.dim_value == 0 for d in dims):
            yield f"{called(makers[value.name])} makes nothing: one of its axes has no places"
            return
        count = math.prod(max(d.dim_value, 1) for d in dims)
        total += count
        if count > limits.elements or len(dims) > limits.rank:
            maker = called(makers[value.name]) if value.name in makers else shown(value.name)
            yield (f"{maker} makes {' x '.join(str(d.dim_value or d.dim_param or '?') for d in dims)}, at most "
                   f"{limits.elements:,} numbers and {limits.rank} axes are taken")
            return
    if total > limits.computed:
        yield f"it computes {total:,} numbers an asset, at most {limits.computed:,} are taken"
