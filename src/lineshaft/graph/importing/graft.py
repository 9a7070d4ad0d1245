"""A foreign model into a step graph that is being built, operator by operator, in canonical form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx
from onnx import numpy_helper

from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.importing.folding import folded
from lineshaft.graph.importing.node import Node
from lineshaft.graph.importing.registry import Handler, handlers
from lineshaft.graph.importing.values import Constant, Tensor, Value
from lineshaft.graph.untrusted.bounds import misshapen
from lineshaft.graph.untrusted.rules import called, shown

OLDEST = 7
_FOLDED_ONLY = frozenset(("Shape", "Size", "Range", "ConstantOfShape"))


@dataclass(frozen=True, slots=True)
class Grafted:
    """Outputs by name, those that could not be taken with the reason, and what a person should know besides."""

    outputs: dict[str, Value]
    left_out: dict[str, Refused]
    notes: list[str]


def graft(g: StepBuilder, model: onnx.ModelProto, inputs: Mapping[str, Tensor], *, alone: bool = False) -> Grafted:
    """Write ``model`` into ``g`` with these values as its inputs.

    ``alone`` says that the model was made for exactly one asset. The model has been through ``untrusted.checked``.
    Raises ``Refused`` that names the operators that can't be taken where no output is left without them.
    """
    opsets = {one.domain: one.version for one in model.opset_import}
    version = opsets.get("", opsets.get("ai.onnx", 0))
    if version < OLDEST:
        raise Refused(f"it is of opset {version}, and those before {OLDEST} are not taken",
                      do="convert it with onnx.version_converter")
    values: dict[str, Value | Refused | None] = {"": None}
    values |= {c.name: _array(c) for c in model.graph.initializer}
    values |= inputs
    notes: list[str] = []
    for proto in _needed(model.graph):
        found = _outcome(partial(Node, proto, g=g, opset=opsets.get(proto.domain, version), alone=alone, notes=notes),
                         [values[name] for name in proto.input])
        names = [name for name in proto.output if name]
        values |= dict.fromkeys(names, found) if isinstance(found, Refused) else dict(
            zip(proto.output, found, strict=False))
        values[""] = None
    ends = {o.name: values.get(o.name) for o in model.graph.output}
    lost = {name: end for name, end in ends.items() if isinstance(end, Refused)}
    kept = {name: end for name, end in ends.items() if end is not None and not isinstance(end, Refused)}
    if not kept:
        raise _all_reasons(model.graph, list(lost.values()))
    return Grafted(kept, lost, list(dict.fromkeys(notes)))


def _needed(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes that an output depends on, in order."""
    needed = {o.name for o in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    return kept[::-1]


def _all_reasons(graph: onnx.GraphProto, lost: Sequence[Refused]) -> Refused:
    """Operators that nothing is known of, all at once; else why the first node was not taken."""
    unknown = {f"{node.domain}:{node.op_type}": called(node) for node in _needed(graph)
               if _handler(node) is None and node.op_type not in _FOLDED_ONLY}
    if len(unknown) < 2 and lost:
        return lost[0]
    return Refused("no canonical form is known of " + ", ".join(sorted(unknown.values())[:8]) or "it has no output")


def _outcome(made: Callable[[Sequence[Value | None]], Node], inputs: Sequence[Value | Refused | None]
             ) -> Sequence[Value] | Refused:
    for value in inputs:
        if isinstance(value, Refused):
            return value
    node = made([v for v in inputs if not isinstance(v, Refused)])
    try:
        return _brought_in(node)
    except Refused as error:
        return error
    except LineshaftError:
        raise
    except Exception as error:  # noqa: BLE001 - a malformed operator fails anywhere; what matters is its name
        told = shown(str(error).splitlines()[0]) if str(error) else type(error).__name__
        return node.refused(f"it is malformed ({told})")


def _brought_in(node: Node) -> Sequence[Value]:
    wrong = misshapen(node.proto, node.opset)
    if wrong:
        raise node.refused(wrong)
    known = folded(node)
    if known is not None:
        return known
    handler = _handler(node.proto)
    if handler is None:
        raise node.refused("its inputs are computed while it runs, and have to be known before"
                           if node.kind in _FOLDED_ONLY else "no canonical form of this operator is known")
    if any(isinstance(v, np.ndarray) and v.dtype.kind == "O" for v in node.inputs):
        raise node.refused("it works on text")
    found = handler(node)
    return [found] if isinstance(found, Tensor | np.ndarray) else list(found)


def _handler(node: onnx.NodeProto) -> Handler | None:
    return handlers().get(("" if node.domain == "ai.onnx" else node.domain, node.op_type))


def _array(tensor: onnx.TensorProto) -> Constant:
    found: Constant = numpy_helper.to_array(tensor)
    return found if found.dtype.kind in "fiubO" else found.astype(np.float32)
