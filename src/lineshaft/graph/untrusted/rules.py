"""What has to hold of a parsed model before anything walks it; each rule yields sentences that name the node."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator

import onnx
from onnx import TensorProto

from lineshaft.graph.untrusted.limits import Limits

DOMAINS = frozenset(("", "ai.onnx", "ai.onnx.ml"))
_MOST_SHOWN = 60
_FIELDS = {TensorProto.FLOAT: "float_data", TensorProto.DOUBLE: "double_data", TensorProto.INT64: "int64_data",
           TensorProto.UINT32: "uint64_data", TensorProto.UINT64: "uint64_data", TensorProto.STRING: "string_data"}


def called(node: onnx.NodeProto) -> str:
    """How a sentence names a node: its operator and its name, or its first output where it has none."""
    name = node.name or (node.output[0] if node.output else "without a name")
    return f"{shown(node.op_type)} {shown(name)}"


def shown(name: str) -> str:
    """A name from a stranger, fit for one line of a terminal."""
    plain = "".join(c if c.isprintable() else "?" for c in name[:_MOST_SHOWN + 1])
    return plain if len(plain) <= _MOST_SHOWN else plain[:_MOST_SHOWN - 3] + "..."


def faults(model: onnx.ModelProto, limits: Limits, domains: Collection[str] = DOMAINS) -> Iterator[str]:
    """Every rule that the model breaks; ``domains`` are those whose operators may be there."""
    if not model.HasField("graph"):
        yield "it holds no graph"
    yield from _versions(model)
    graph = model.graph
    if len(graph.node) > limits.nodes:
        yield f"it has {len(graph.node):,} nodes, at most {limits.nodes:,} are taken"
        return
    for tensor in graph.initializer:
        yield from _tensor(tensor, f"initializer {shown(tensor.name)}", limits)
    if graph.sparse_initializer:
        yield f"initializer {shown(graph.sparse_initializer[0].values.name)} is sparse"
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield from _value(value, limits)
    for node in graph.node:
        yield from _node(node, limits, domains)
    yield from _names(graph)


def _versions(model: onnx.ModelProto) -> Iterator[str]:
    domains = [domain for domain, _ in {(one.domain, one.version) for one in model.opset_import}]
    if not set(domains) & {"", "ai.onnx"} and model.graph.node:
        yield "it names no opset of ai.onnx"
    yield from (f"it names two opsets of {shown(d or 'ai.onnx')}" for d in sorted({d for d in domains
                                                                                 if domains.count(d) > 1}))


def _node(node: onnx.NodeProto, limits: Limits, domains: Collection[str]) -> Iterator[str]:
    if node.domain not in domains:
        yield f"{called(node)} is an operator of {shown(node.domain)}, and only those of ONNX itself are taken"
    names = [a.name for a in node.attribute]
    if len(set(names)) < len(names):
        yield f"{called(node)} has an attribute twice"
    for attribute in node.attribute:
        where = f"{shown(attribute.name)} of {called(node)}"
        if attribute.HasField("g") or attribute.graphs:
            yield f"{called(node)} holds a graph of its own ({shown(attribute.name)}); branches and loops are not taken"
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            yield f"{where} is sparse"
        if attribute.ref_attr_name:
            yield f"{where} refers to an attribute of a function, outside of one"
        for tensor in (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors):
            yield from _tensor(tensor, where, limits)


def _tensor(tensor: onnx.TensorProto, where: str, limits: Limits) -> Iterator[str]:
    """Its dims must multiply to exactly the numbers that it holds: nothing is allocated on its word."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        yield f"{where} keeps its numbers in another file"
        return
    if tensor.HasField("segment"):
        yield f"{where} is stored in segments"
        return
    sizes = list(tensor.dims)
    if len(sizes) > limits.rank:
        yield f"{where} has {len(sizes)} axes, at most {limits.rank} are taken"
        return
    if any(size < 0 for size in sizes) or math.prod(sizes) > limits.elements:
        yield f"{where} is {' x '.join(map(str, sizes))}, at most {limits.elements:,} numbers are taken"
        return
    held = _held(tensor)
    if held is None:
        yield f"{where} is of a kind that ONNX does not know ({tensor.data_type})"
    elif held != math.prod(sizes):
        yield f"{where} says {' x '.join(map(str, sizes)) or 'one number'} and holds {held:,}"


def _held(tensor: onnx.TensorProto) -> float | None:
    """How many numbers are stored; None for an unknown type."""
    if tensor.data_type not in TensorProto.DataType.values() or tensor.data_type == TensorProto.UNDEFINED:
        return None
    count = len(getattr(tensor, _FIELDS.get(tensor.data_type, "int32_data")))
    if tensor.data_type in (TensorProto.COMPLEX64, TensorProto.COMPLEX128):
        return None
    if not tensor.HasField("raw_data"):
        return count
    if tensor.data_type == TensorProto.STRING:
        return None
    return _raw(tensor) if not count else None


def _raw(tensor: onnx.TensorProto) -> float | None:
    try:
        wide = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    except (KeyError, TypeError, ValueError):
        return None
    halves = tensor.data_type in (TensorProto.INT4, TensorProto.UINT4)
    if halves:
        return math.prod(tensor.dims) if len(tensor.raw_data) == (math.prod(tensor.dims) + 1) // 2 else -1
    return len(tensor.raw_data) / int(wide)


def _value(value: onnx.ValueInfoProto, limits: Limits) -> Iterator[str]:
    dims = value.type.tensor_type.shape.dim
    if len(dims) > limits.rank:
        yield f"{shown(value.name)} has {len(dims)} axes, at most {limits.rank} are taken"
    elif any(d.dim_value < 0 for d in dims) or math.prod(max(d.dim_value, 1) for d in dims) > limits.elements:
        yield (f"{shown(value.name)} is {' x '.join(str(d.dim_value or d.dim_param or '?') for d in dims)}, "
               f"at most {limits.elements:,} numbers are taken")


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    """Every value is made once, before it is used: so there is no cycle."""
    inputs, constants = [i.name for i in graph.input], [c.name for c in graph.initializer]
    for group in (inputs, constants, [o.name for o in graph.output]):
        yield from (f"{shown(name)} is there twice" for name, count in Counter(group).items() if count > 1)
    made = set(inputs) | set(constants)
    if "" in made:
        yield "an input or an initializer has no name"
    for node in graph.node:
        for name in node.input:
            if name and name not in made:
                yield f"{called(node)} uses {shown(name)}, which no node before it makes: a cycle, or a part is missing"
                return
        for name in filter(None, node.output):
            if name in made:
                yield f"{called(node)} makes {shown(name)} again"
                return
            made.add(name)
    yield from (f"output {shown(o.name)} is made by no node" for o in graph.output if o.name not in made)
