"""A foreign model as a part of a step graph: features in, named wires out."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from lineshaft.core.errors import Refused
from lineshaft.graph.builder import STATE_SUFFIX, StepBuilder, Wire
from lineshaft.graph.importing.graft import graft
from lineshaft.graph.importing.inputs import Input
from lineshaft.graph.importing.values import Tensor, Value


@dataclass(frozen=True, slots=True)
class Written:
    """Outputs by the names that they have in the step graph; ``notes`` say what a person should know."""

    wires: Mapping[str, Wire]
    notes: tuple[str, ...]


def write(g: StepBuilder, model: onnx.ModelProto, features: Wire, inputs: Sequence[Input],
          names: Mapping[str, str] | None = None, reserved: Sequence[str] = ()) -> Written:
    """Write ``model`` into ``g``: its inputs in order take ``features`` [n], its outputs get plain names.

    ``names`` gives an output another name; one that is ``reserved`` gets "model_" in front. Raises ``Refused``
    naming the operator that can't be taken.
    """
    flat = features if len(features.shape) == 1 else g.reshape(features, (math.prod(features.shape),))
    if sum(one.size for one in inputs) != flat.shape[0]:
        raise Refused(f"the model takes {sum(one.size for one in inputs)} features and is given {flat.shape[0]}")
    found = graft(g, model, _fed(g, flat, features, inputs), alone=any(one.alone for one in inputs))
    wires: dict[str, Wire] = {}
    for name, value in found.outputs.items():
        wires[(names or {}).get(name) or plain_name(name, {*wires, *reserved})] = _as_wire(g, name, value)
    left = [f"output {name} was left out: {why}" for name, why in found.left_out.items()]
    return Written(wires, (*found.notes, *left))


def _fed(g: StepBuilder, flat: Wire, features: Wire, inputs: Sequence[Input]) -> dict[str, Tensor]:
    """Each input its part of the features, in its own shape."""
    fed, start = {}, 0
    for one in inputs:
        whole = one.size == flat.shape[0]
        part = flat if whole else g.slice(flat, start, start + one.size)
        start += one.size
        wire = features if whole and features.shape == one.shape else (
            part if part.shape == one.shape else g.reshape(part, one.shape))
        if one.kind == "bool":
            wire = g.greater(wire, 0.5)
        fed[one.name] = Tensor(wire, one.kind)
    return fed


def _as_wire(g: StepBuilder, name: str, value: Value) -> Wire:
    """[A, ...] float32 with at least one axis besides the assets'."""
    if not isinstance(value, Tensor):
        constant = np.asarray(value, np.float32)
        if constant.shape[:1] not in ((), (1,)):
            raise Refused(f"output {name} is the same {constant.shape} for all assets")
        zero = g.multiply(g.slice(g.x, 0, 1), 0.0)
        return g.add(g.reshape(zero, (1,) * max(constant.ndim - 1, 1)), constant.reshape(constant.shape[1:] or (1,)))
    if value.at and math.prod(value.wire.shape[:value.at]) != 1:
        raise Refused(f"output {name} doesn't have the assets as its first axis")
    wire = g.number(value.wire) if value.kind == "bool" else value.wire
    if value.kind in ("int8", "uint8"):
        raise Refused(f"output {name} is quantised")
    shape = value.wire.shape[value.at:] or (1,)
    return wire if wire.shape == shape else g.reshape(wire, shape)


def plain_name(name: str, taken: Collection[str]) -> str:
    """Letters, digits and underscores, not taken yet.

    >>> plain_name("StatefulPartitionedCall:0", ()), plain_name("score", ("score",))
    ('StatefulPartitionedCall_0', 'model_score')
    """
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:60] or "output"
    while plain in taken or plain.endswith(STATE_SUFFIX):
        plain = f"model_{plain.removesuffix(STATE_SUFFIX)}"
    return plain
