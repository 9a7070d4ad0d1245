"""What a foreign model takes: its inputs for one asset."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto

from lineshaft.core.errors import Refused, UsageError
from lineshaft.graph.untrusted.limits import LIMITS
from lineshaft.graph.untrusted.rules import shown

_KINDS = {TensorProto.FLOAT: "float", TensorProto.DOUBLE: "float", TensorProto.FLOAT16: "float",
          TensorProto.INT64: "int", TensorProto.INT32: "int", TensorProto.INT8: "int", TensorProto.UINT8: "int",
          TensorProto.BOOL: "bool"}


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a foreign model: ``shape`` leaves the assets out; ``alone`` says that it was made for one asset."""

    name: str
    shape: tuple[int, ...]
    kind: str
    alone: bool

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def inputs(model: onnx.ModelProto, shape: Sequence[int] | None = None) -> tuple[Input, ...]:
    """Its inputs in order. ``shape`` fills in or overrules the sizes of a single input, without the assets.

    The first axis of each is the assets'. Raises ``UsageError`` where a size is not known.
    """
    constants = {c.name for c in model.graph.initializer}
    values = [i for i in model.graph.input if i.name not in constants]
    if not values:
        raise Refused("it has no input")
    if shape is not None and len(values) > 1:
        raise UsageError(f"it has {len(values)} inputs, and a shape can be given for one only", where="--shape")
    return tuple(_input(value, shape) for value in values)


def _input(value: onnx.ValueInfoProto, shape: Sequence[int] | None) -> Input:
    where, tensor = f"input {shown(value.name)}", value.type.tensor_type
    if tensor.elem_type not in _KINDS:
        raise Refused(f"{where} takes {TensorProto.DataType.Name(tensor.elem_type).lower()}, and only numbers are taken"
                      if tensor.elem_type in TensorProto.DataType.values() else f"{where} takes no numbers")
    dims = list(tensor.shape.dim)
    if tensor.HasField("shape") and not dims:
        raise Refused(f"{where} is one number without an axis for assets")
    own = [d.dim_value for d in dims[1:]]
    sizes = [int(s) for s in shape] if shape is not None else own
    if shape is not None and dims and (len(sizes) != len(own) or any(
            o not in (0, s) for s, o in zip(sizes, own, strict=True))):
        raise UsageError(f"{where} is {_told(dims)}, which {' x '.join(map(str, sizes))} an asset does not fit",
                         where="--shape", do="give the sizes after the first axis")
    if any(s <= 0 for s in sizes) or (shape is None and not dims):
        raise UsageError(f"{where} is {_told(dims)}, and its sizes after the first axis must be known",
                         do="give them, such as --shape 3,224,224")
    if math.prod(sizes) > LIMITS.elements or len(sizes) >= LIMITS.rank:
        raise Refused(f"{where} has {math.prod(sizes):,} numbers an asset, at most {LIMITS.elements:,} are taken")
    if dims and dims[0].dim_value > 1:
        raise Refused(f"{where} takes exactly {dims[0].dim_value} rows at a time",
                      do="export it with a free first axis")
    return Input(value.name, tuple(sizes), _KINDS[tensor.elem_type], bool(dims) and dims[0].dim_value == 1)


def _told(dims: Sequence[onnx.TensorShapeProto.Dimension]) -> str:
    return " x ".join(str(d.dim_value or shown(d.dim_param) or "?") for d in dims) or "without a shape"
