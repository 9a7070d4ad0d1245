"""What makes a model a step graph that every backend can take; each refusal names its reason."""

from __future__ import annotations

import onnx

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Port, StepSignature
from lineshaft.graph.builder import IR_VERSION, OPSET, STATE_SUFFIX
from lineshaft.graph.operators import ML_DOMAIN, ML_OPSET, malformed, unknown


def problems(graph: bytes) -> tuple[str, ...]:
    """Why this is no step graph; empty when it is one."""
    try:
        model = onnx.load_from_string(graph)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # noqa: BLE001 - protobuf and the checker raise many kinds; all mean "no ONNX"
        return (f"not a valid ONNX model: {str(error).splitlines()[0] if str(error) else type(error).__name__}",)
    return (*_format_problems(model), *_operator_problems(model), *_port_problems(model))


def signature(graph: bytes) -> StepSignature:
    """The step signature of a graph; raises ``UsageError`` with every reason when it is none."""
    found = problems(graph)
    if found:
        raise UsageError("not a step graph: " + "; ".join(found), do="build it with graph.StepBuilder")
    model = onnx.load_from_string(graph).graph
    states = tuple(Port(i.name, _shape(i)) for i in model.input[2:])
    return StepSignature(_shape(model.input[0])[0],
                         tuple(Port(o.name, _shape(o)) for o in model.output[:len(model.output) - len(states)]),
                         states)


def _format_problems(model: onnx.ModelProto) -> list[str]:
    opsets = {o.domain or "ai.onnx": o.version for o in model.opset_import}
    found = []
    if {ML_DOMAIN: ML_OPSET, **opsets} != {"ai.onnx": OPSET, ML_DOMAIN: ML_OPSET}:
        found.append(f"opsets {opsets} instead of ai.onnx {OPSET}, with {ML_DOMAIN} {ML_OPSET} where there are forests")
    if model.ir_version > IR_VERSION:
        found.append(f"ir_version {model.ir_version} above {IR_VERSION}")
    return found


def _operator_problems(model: onnx.ModelProto) -> list[str]:
    nodes = model.graph.node
    foreign = sorted({node.op_type for node in nodes if unknown(node)})
    found = [f"operators outside the allowed set: {', '.join(foreign)}"] if foreign else []
    constants = frozenset(c.name for c in model.graph.initializer)
    wrong = ((node, malformed(node, constants)) for node in nodes if not unknown(node))
    return found + [f"{node.op_type} {node.name or node.output[0]}: {why}" for node, why in wrong if why]


def _port_problems(model: onnx.ModelProto) -> list[str]:
    graph = model.graph
    if [i.name for i in graph.input[:2]] != ["x", "quality"]:
        return ["its first inputs are not x and quality"]
    found = [f"{v.name} is not float32 with a symbolic asset axis and static shape"
             for v in (*graph.input, *graph.output) if not _regular(v)]
    states = graph.input[2:]
    kept = {o.name: o for o in graph.output[len(graph.output) - len(states):]}
    for state in states:
        after = kept.get(state.name + STATE_SUFFIX)
        if after is None:
            found.append(f"state {state.name} has no {state.name}{STATE_SUFFIX} among the last outputs")
        elif not found and _shape(after) != _shape(state):
            found.append(f"state {state.name} changes its shape")
    return found


def _regular(value: onnx.ValueInfoProto) -> bool:
    tensor = value.type.tensor_type
    dims = tensor.shape.dim
    return bool(tensor.elem_type == onnx.TensorProto.FLOAT and len(dims) >= 1 and dims[0].dim_param
                and all(d.dim_value > 0 for d in dims[1:]))


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(d.dim_value for d in value.type.tensor_type.shape.dim[1:])
