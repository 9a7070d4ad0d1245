"""Which part of a step graph becomes the FPGA core: the largest network that hangs on one tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx

from lineshaft.backend._hls.graph import StepView
from lineshaft.graph.operators import attributes

ACTIVATIONS = frozenset({"Relu", "Tanh", "Sigmoid", "Clip"})
WEIGHTED = frozenset({"MatMul", "Conv"})
CLIP_CEILINGS = (1.0, 6.0)


@dataclass(frozen=True, slots=True)
class Region:
    """Operators of the core in order, the one tensor they read, and the tensors that others read of them."""

    source: str
    nodes: tuple[onnx.NodeProto, ...]
    results: tuple[str, ...]
    products: int


def network(view: StepView) -> Region | None:
    """The region with the most multiplications; None where no weights are followed by an activation.

    A region is all that depends on one tensor and nothing else that moves, so that no path leaves it and comes back.
    Linear maps without an activation stay outside: they are no network, and a PC or an Arm core runs them in no time.
    """
    sources = dict.fromkeys(name for node in view.nodes if node.op_type in WEIGHTED for name in view.moving(node))
    regions = [r for r in (_hanging_on(view, source) for source in sources) if r is not None]
    return max(regions, key=lambda r: (r.products, -len(r.nodes)), default=None)


def obstacles(view: StepView) -> tuple[str, ...]:
    """Operators of networks that no core takes, with the reason: what to tell when none was found."""
    kinds = WEIGHTED | {"Softmax", "Erf", "MaxPool", "AveragePool"}
    return tuple(f"{node.op_type} {node.name}: {why}" for node in view.nodes if node.op_type in kinds
                 and (why := refused(view, node)))


def refused(view: StepView, node: onnx.NodeProto) -> str:
    """Why the core can't hold an operator; empty when it can."""
    rule = _RULES.get(node.op_type)
    if node.domain not in ("", "ai.onnx") or rule is None:
        return "the core has no such operator"
    if any(view.shape(name) is None for name in (*view.moving(node), node.output[0])):
        return "a shape is not known"
    if any(view.element(name) != onnx.TensorProto.FLOAT for name in (*view.moving(node), node.output[0])):
        return "it doesn't compute on float32"
    return rule(view, node)


def products(view: StepView, node: onnx.NodeProto) -> int:
    """Multiplications by weights in one evaluation."""
    if node.op_type == "MatMul":
        return int(np.size(view.constants[node.input[1]]))
    if node.op_type == "Conv":
        places = view.shape(node.output[0]) or ()
        return int(np.size(view.constants[node.input[1]]) * np.prod(places[1:], dtype=int))
    return 0


def _hanging_on(view: StepView, source: str) -> Region | None:
    inside, nodes = {source}, []
    for node in view.nodes:
        moving = view.moving(node)
        if moving and inside.issuperset(moving) and not refused(view, node):
            inside.update(node.output)
            nodes.append(node)
    nodes = _neural(view, nodes, source)
    if not nodes:
        return None
    mine = _made(nodes)
    results = tuple(name for node in nodes for name in node.output if name in view.outputs or any(
        reader.output[0] not in mine for reader in view.read_by.get(name, [])))
    return Region(source, tuple(nodes), results, sum(products(view, node) for node in nodes))


def _neural(view: StepView, nodes: list[onnx.NodeProto], source: str) -> list[onnx.NodeProto]:
    """Without what comes after the last layer, and without weights that no activation comes before or after."""
    behind_weights = _made(_behind([n for n in nodes if n.op_type in WEIGHTED], nodes))
    active = [n for n in nodes if n.op_type in ACTIVATIONS and n.output[0] in behind_weights]
    layers = [*active, *(n for n in _behind(active, nodes) if n.op_type in WEIGHTED)]
    weighted = _made([n for n in layers if n.op_type in WEIGHTED])
    layers += [n for n in nodes if n.op_type == "Add" and view.moving(n)[0] in weighted and len(view.moving(n)) == 1]
    needed = _made(layers)
    kept = []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(name for name in node.input if name != source)
    return kept[::-1]


def _behind(start: list[onnx.NodeProto], nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """``start`` and the nodes that use what it gives."""
    reached, found = _made(start), []
    for node in nodes:
        if reached.intersection([*node.input, *node.output]):
            reached.update(node.output)
            found.append(node)
    return found


def _made(nodes: list[onnx.NodeProto]) -> set[str]:
    return {name for node in nodes for name in node.output}


# -- what the core can hold

def _always(view: StepView, node: onnx.NodeProto) -> str:
    return ""


def _matmul(view: StepView, node: onnx.NodeProto) -> str:
    if np.ndim(view.constants.get(node.input[1], ())) != 2:
        return "its weights are not one constant matrix"
    return "" if len(view.shape(node.input[0]) or ()) == 1 else "it multiplies more than one row"


def _sum(view: StepView, node: onnx.NodeProto) -> str:
    moving = view.moving(node)
    if len(moving) == 1 and len(node.input) == 2 and node.input[0] != node.input[1]:
        other = node.input[1] if node.input[0] == moving[0] else node.input[0]
        return _per_feature(view, moving[0], other)
    if len(moving) == 2 and view.shape(moving[0]) == view.shape(moving[1]):
        return ""
    return "its operands differ in shape"


def _scale(view: StepView, node: onnx.NodeProto) -> str:
    if len(view.moving(node)) != 1 or node.input[0] == node.input[1]:
        return "it multiplies two computed tensors"
    return _sum(view, node)


def _per_feature(view: StepView, moving: str, other: str) -> str:
    constant, shape = view.constants.get(other), view.shape(moving) or ()
    if constant is None:
        return "one operand is no stored constant"
    if constant.size == 1:
        return ""
    features = (1, shape[0], *(1 for _ in shape[1:]))
    return "" if (1,) * (len(features) - constant.ndim) + constant.shape == features else (
        "its constant is not one number a channel")


def _clip(view: StepView, node: onnx.NodeProto) -> str:
    bounds = [view.constants.get(name) for name in node.input[1:]]
    found = [float(b.reshape(-1)[0]) for b in bounds if b is not None]
    return "" if len(found) == 2 and found[0] == 0.0 and found[1] in CLIP_CEILINGS else (
        "the core clips at 0 and 1 or 0 and 6 only")


def _conv(view: StepView, node: onnx.NodeProto) -> str:
    found = attributes(node)
    if np.ndim(view.constants[node.input[1]]) not in (3, 4):
        return "the core has convolutions over one or two axes only"
    if found.get("group", 1) != 1:
        return "it is grouped"
    return "" if set(_ints(found.get("dilations", [1]))) == {1} else "it is dilated"


def _pool(view: StepView, node: onnx.NodeProto) -> str:
    found = attributes(node)
    if len(view.shape(node.input[0]) or ()) not in (2, 3):
        return "the core has pools over one or two axes only"
    if any(_ints(found.get("pads", []))):
        return "it is padded"
    return "" if set(_ints(found.get("dilations", [1]))) == {1} else "it is dilated"


def _mean(view: StepView, node: onnx.NodeProto) -> str:
    rank = len(view.shape(node.input[0]) or ()) + 1
    axes = sorted(int(a) % rank for a in view.constants[node.input[1]].reshape(-1)) if len(node.input) > 1 else []
    whole = rank in (3, 4) and axes == list(range(2, rank)) and attributes(node).get("keepdims", 1) == 1
    return "" if whole else "it does not average a channel over all of its places"


def _reshape(view: StepView, node: onnx.NodeProto) -> str:
    before, after = view.shape(node.input[0]) or (), view.shape(node.output[0]) or ()
    return "" if min(len(before), len(after)) == 1 and max(len(before), len(after)) <= 3 else (
        "it neither flattens nor unfolds")


def _ints(value: object) -> list[int]:
    return [int(v) for v in value] if isinstance(value, list) else []


_RULES: dict[str, Callable[[StepView, onnx.NodeProto], str]] = {
    "MatMul": _matmul, "Conv": _conv, "Add": _sum, "Sub": _sum, "Mul": _scale, "Clip": _clip, "Relu": _always,
    "Tanh": _always, "Sigmoid": _always, "MaxPool": _pool, "AveragePool": _pool, "ReduceMean": _mean,
    "Reshape": _reshape}
