"""What makes a model a step graph that every backend can take; each refusal names its reason."""

from __future__ import annotations

import onnx

from lineshaft.core.errors import LineshaftError, UsageError
from lineshaft.core.step import Port, StepSignature
from lineshaft.graph.builder import IR_VERSION, OPSET, STATE_SUFFIX
from lineshaft.graph.operators import ML_DOMAIN, ML_OPSET, malformed, unknown
from lineshaft.graph.untrusted.bounds import misshapen, oversized, wild_constants
from lineshaft.graph.untrusted.limits import LIMITS
from lineshaft.graph.untrusted.opening import parsed
from lineshaft.graph.untrusted.rules import called, faults, shown

_MOST_TOLD = 20


def problems(graph: bytes) -> tuple[str, ...]:
    """Why this is no step graph; empty when it is one.

    Safe on bytes from a stranger: cheap rules of our own come first, each as a sentence, and a later rule runs only on
    what the earlier ones let through. The checker and the shape inference of ``onnx`` are the last.
    """
    try:
        model = parsed(graph)
    except LineshaftError as error:
        return (str(error),)
    found = list(dict.fromkeys((*faults(model, LIMITS), *_format_problems(model), *_unknown(model))))
    found = found or _malformed(model) or _port_problems(model) or _inferred_problems(model)
    return tuple(found[:_MOST_TOLD])


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
    if model.functions or model.training_info:
        found.append("it holds functions or training beside its graph")
    return found


def _unknown(model: onnx.ModelProto) -> list[str]:
    foreign = sorted({shown(node.op_type) for node in model.graph.node if unknown(node)})
    return [f"operators outside the allowed set: {', '.join(foreign[:_MOST_TOLD])}"] if foreign else []


def _malformed(model: onnx.ModelProto) -> list[str]:
    constants = _constants(model.graph)
    found = []
    for node in model.graph.node:
        why = misshapen(node, ML_OPSET if node.domain == ML_DOMAIN else OPSET) or malformed(node, constants)
        if why:
            found.append(f"{called(node)}: {why}")
    return found or list(wild_constants(model.graph))


def _constants(graph: onnx.GraphProto) -> frozenset[str]:
    """Initializers, and those that are only stored in fewer bits: unpacked, they are as constant."""
    found = {c.name for c in graph.initializer}
    for node in graph.node:
        if node.op_type in ("DequantizeLinear", "Cast", "Mul") and found.issuperset(node.input):
            found.update(node.output)
    return frozenset(found)


def _inferred_problems(model: onnx.ModelProto) -> list[str]:
    try:
        onnx.checker.check_model(model)
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except Exception as error:  # noqa: BLE001 - the checker raises many kinds; all mean "no ONNX"
        return [f"not a valid ONNX model: {shown(str(error).splitlines()[0]) if str(error) else type(error).__name__}"]
    return list(oversized(inferred.graph, LIMITS))


def _port_problems(model: onnx.ModelProto) -> list[str]:
    graph = model.graph
    if [i.name for i in graph.input[:2]] != ["x", "quality"]:
        return ["its first inputs are not x and quality"]
    found = [f"{shown(v.name)} is not float32 with a symbolic asset axis and static shape"
             for v in (*graph.input, *graph.output) if not _regular(v)]
    states = graph.input[2:]
    if not graph.output:
        found.append("it has no output")
    made = {name for node in graph.node for name in node.output}
    found += [f"output {shown(o.name)} is an input or a constant itself; pass it through an Identity"
              for o in graph.output if o.name not in made]
    kept = {o.name: o for o in graph.output[len(graph.output) - len(states):]}
    for state in states:
        after = kept.get(state.name + STATE_SUFFIX)
        if after is None:
            found.append(f"state {shown(state.name)} has no {shown(state.name)}{STATE_SUFFIX} among the last outputs")
        elif not found and _shape(after) != _shape(state):
            found.append(f"state {shown(state.name)} changes its shape")
    return found


def _regular(value: onnx.ValueInfoProto) -> bool:
    tensor = value.type.tensor_type
    dims = tensor.shape.dim
    return bool(tensor.elem_type == onnx.TensorProto.FLOAT and len(dims) >= 1 and dims[0].dim_param
                and all(d.dim_value > 0 for d in dims[1:]))


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(d.dim_value for d in value.type.tensor_type.shape.dim[1:])
