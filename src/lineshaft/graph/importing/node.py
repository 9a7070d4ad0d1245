"""One operator of a foreign model, with its inputs as far as they are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from lineshaft.core.errors import Refused
from lineshaft.graph.builder import Operand, StepBuilder, Wire
from lineshaft.graph.importing.values import Constant, Tensor, Value, counts_assets
from lineshaft.graph.untrusted.limits import LIMITS
from lineshaft.graph.untrusted.rules import called


class Node:
    """What a function of ``operators/`` is given: the operator, its inputs, and the step graph to write into.

    ``alone`` says that the model was made for exactly one asset, so that a size of 1 in front stands for the assets.
    ``notes`` takes what a person should know of the result.
    """

    def __init__(self, proto: onnx.NodeProto, inputs: Sequence[Value | None], g: StepBuilder, opset: int,
                 alone: bool, notes: list[str]) -> None:
        self.proto, self.inputs, self.g, self.opset, self.alone = proto, tuple(inputs), g, opset, alone
        self.notes = notes
        self.kind = str(proto.op_type)
        self.attributes: dict[str, Any] = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}

    # -- what it says

    def refused(self, why: str) -> Refused:
        """The reason that names this node, to be raised."""
        return Refused(f"{called(self.proto)}: {why}")

    def has(self, place: int) -> bool:
        return place < len(self.inputs) and self.inputs[place] is not None

    def value(self, place: int) -> Value:
        found = self.inputs[place] if place < len(self.inputs) else None
        if found is None:
            raise self.refused(f"its input {place} is missing")
        return found

    def tensor(self, place: int) -> Tensor:
        """A computed input."""
        found = self.value(place)
        if not isinstance(found, Tensor):
            raise self.refused(f"its input {place} is a constant, and this is taken of computed values only")
        if found.joined > 1:
            raise self.refused("the assets are joined with another axis")
        return found

    def rows(self, place: int) -> Tensor:
        """A computed input of an operator that treats every row alike, so that assets may be joined with an axis."""
        found = self.value(place)
        return found if isinstance(found, Tensor) and found.joined > 1 else self.tensor(place)

    def assets_first(self, place: int) -> Tensor:
        """A computed input whose first axis is the assets'; axes of length 1 before it don't matter."""
        found = self.tensor(place)
        if found.at and math.prod(found.wire.shape[:found.at]) != 1:
            raise self.refused("the assets are not its first axis")
        return found

    def sizes(self, place: int) -> Constant:
        """A known input that may hold the number of assets."""
        found = self.value(place)
        if isinstance(found, Tensor):
            raise self.refused(f"its input {place} is computed while it runs, and has to be known before")
        return found

    def constant(self, place: int) -> Constant:
        """A known input."""
        found = self.sizes(place)
        if counts_assets(found):
            raise self.refused("it computes with the number of assets, which is not known before it runs")
        return found

    def attribute(self, name: str, default: Any = None) -> Any:
        """Its value as Python has it; texts as ``str``."""
        found = self.attributes.get(name, default)
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else found

    def integers(self, name: str, place: int, default: Sequence[int] | None = None) -> list[int] | None:
        """Numbers that older opsets give as an attribute and newer ones as an input."""
        if name in self.attributes:
            found = self.attributes[name]
            return [int(v) for v in (found if isinstance(found, Sequence) else [found])]
        if self.has(place):
            return [int(v) for v in self.constant(place).ravel()]
        return list(default) if default is not None else None

    # -- axes

    def axis(self, tensor: Tensor, axis: int) -> int:
        """An axis as the wire has it, counted without the assets; refused for the axis of the assets."""
        place = self.place(axis, tensor.rank)
        if place == tensor.at:
            raise self.refused("it works across assets")
        return place - (place > tensor.at)

    def place(self, axis: int, rank: int) -> int:
        """An axis counted from the front."""
        if not -rank <= axis < rank:
            raise self.refused(f"it has no axis {axis} of {rank}")
        return axis % rank

    # -- what it becomes

    def emit(self, kind: str, operands: Sequence[Operand | str], shape: tuple[int, ...], *, of: str = "float",
             at: int = 0, joined: int = 1, outputs: int = 1, **attributes: Any) -> Tensor:
        """One canonical operator."""
        if math.prod(shape) > LIMITS.elements or len(shape) >= LIMITS.rank:
            raise self.refused(f"it makes {' x '.join(map(str, shape)) or 'one number'} an asset, at most "
                               f"{LIMITS.elements:,} numbers and {LIMITS.rank} axes are taken")
        if min(shape, default=1) < 1:
            raise self.refused("what it makes is empty")
        return Tensor(self.g.op(kind, operands, tuple(map(int, shape)), outputs=outputs, **attributes), of, at, joined)

    def integers_of(self, values: Sequence[int]) -> str:
        """A constant of whole numbers for the step graph."""
        return self.g.constant(list(values), np.int64)

    def reshaped(self, tensor: Tensor, shape: Sequence[int], at: int = 0, joined: int = 1) -> Tensor:
        """Another shape of the wire (without the assets)."""
        if tuple(shape) == tensor.wire.shape:
            return Tensor(tensor.wire, tensor.kind, at, joined)
        if math.prod(shape) != math.prod(tensor.wire.shape):
            raise self.refused(f"{tensor.wire.shape} can't be {tuple(shape)}")
        return self.emit("Reshape", [tensor.wire, self.integers_of([-1, *shape])], tuple(shape), of=tensor.kind, at=at,
                         joined=joined)

    def number(self, value: Value) -> Value:
        """A bool as 0 and 1; anything else as it is."""
        if isinstance(value, Tensor):
            return Tensor(self.g.number(value.wire), "int", value.at, value.joined) if value.kind == "bool" else value
        return value.astype(np.float32) if value.dtype == np.bool_ else value

    def wired(self, constant: Constant, like: Tensor) -> Tensor:
        """A known value [1 at the assets' place] as a wire: the same for every asset."""
        inner = self._without_assets(constant, constant.ndim, constant.ndim - 1 - like.at)
        one = self.g.reshape(like.wire, (math.prod(like.wire.shape),)) if like.wire.shape else like.wire
        first = self.g.slice(one, 0, 1) if like.wire.shape else self.g.reshape(one, (1,))
        zero = self.g.reshape(self.g.multiply(first, 0.0), (1,) * inner.ndim)
        return Tensor(self.g.add(zero, inner.astype(np.float32)), "float", like.at)

    def aligned(self, values: Sequence[Value]) -> tuple[list[Operand], int, int]:
        """Operands that broadcast against each other as the foreign model means it, where its assets are, and how
        often each is joined there.

        Raises ``Refused`` where the axis of the assets meets another axis.
        """
        rank = max(v.rank if isinstance(v, Tensor) else v.ndim for v in values)
        behind = {(v.rank - 1 - v.at, v.joined) for v in values if isinstance(v, Tensor)}
        if len(behind) != 1:
            raise self.refused("the axis of the assets meets another axis")
        after, joined = behind.pop()
        operands: list[Operand] = []
        for value in values:
            if isinstance(value, Tensor):
                missing = rank - value.rank
                operands.append(self.reshaped(value, (1,) * missing + value.wire.shape).wire)
            else:
                operands.append(self._without_assets(value, rank, after, joined))
        return operands, rank - 1 - after, joined

    def _without_assets(self, constant: Constant, rank: int, after: int, joined: int = 1) -> Constant:
        """A constant with its axis of the assets, which must be 1, taken out; it stays where an axis is joined."""
        full = constant.reshape((1,) * (rank - constant.ndim) + constant.shape)
        place = rank - 1 - after
        if full.shape[place] != 1:
            raise self.refused(f"its constant has {full.shape[place]} values along the axis of the assets")
        inner = full.reshape(full.shape[:place] + full.shape[place + (joined == 1):])
        while inner.ndim > constant.ndim:
            inner = inner[0]
        return inner


def flat(wire: Wire) -> int:
    """How many numbers a wire carries for an asset."""
    return math.prod(wire.shape)
