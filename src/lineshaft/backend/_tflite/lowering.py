"""What an operator's lowering works with: values by name, in the layout they have, and the writer behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lineshaft.backend._tflite.writer import Writer
from lineshaft.graph.operators import attributes

INT, FLOAT, BOOL = np.dtype(np.int32), np.dtype(np.float32), np.dtype(np.bool_)
_TYPES = {onnx.TensorProto.FLOAT: FLOAT, onnx.TensorProto.INT64: INT, onnx.TensorProto.INT32: INT,
          onnx.TensorProto.BOOL: BOOL}


class NotTaken(Exception):
    """Why an operator has no lowering, in words for a person."""


class Lowering:
    """One graph on its way into a ``Writer``.

    A value is kept channels-last where a convolution made it, and turned only when something asks for it in the
    graph's own order: so convolutions, activations and pools in a row are not turned in between.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.writer = Writer()
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.types: dict[str, np.dtype[Any]] = {}
        self._values: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self.constants = {c.name: _array(c) for c in graph.initializer}
        for value in (*graph.input, *graph.value_info, *graph.output):
            self._declare(value)
        self.arguments = {i.name: self.writer.tensor(self.shapes[i.name], FLOAT, i.name) for i in graph.input}
        self._values.update(self.arguments)

    def _declare(self, value: onnx.ValueInfoProto) -> None:
        tensor = value.type.tensor_type
        self.shapes[value.name] = tuple(d.dim_value for d in tensor.shape.dim)
        if tensor.elem_type not in _TYPES:
            raise NotTaken(f"{value.name} is {onnx.TensorProto.DataType.Name(tensor.elem_type).lower()}")
        self.types[value.name] = _TYPES[tensor.elem_type]

    def shape(self, name: str) -> tuple[int, ...]:
        return self.constants[name].shape if name in self.constants else self.shapes[name]

    def type(self, name: str) -> np.dtype[Any]:
        return self.constants[name].dtype if name in self.constants else self.types[name]

    def value(self, name: str) -> int:
        """The tensor of a value in the graph's own order of axes."""
        if name in self.constants:
            return self.writer.constant(self.constants[name])
        if name not in self._values:
            self._values[name] = self.channels_first(self._last[name], self.shapes[name])
        return self._values[name]

    def bind(self, name: str, tensor: int) -> None:
        """``tensor`` is the value ``name``."""
        self._values[name] = tensor

    def kept_last(self, name: str) -> int | None:
        """The channels-last tensor of a value where that is how it was made."""
        return self._last.get(name)

    def last(self, name: str) -> int:
        """The tensor of a value [A, C, *space] as [A, H, W, C]."""
        if name not in self._last:
            shape = self.shapes[name]
            turned = self.transpose(self.value(name), shape, (0, *range(2, len(shape)), 1))
            self._last[name] = turned if len(shape) == 4 else self.reshape(turned, (1, shape[2], shape[1]))
        return self._last[name]

    def bind_last(self, name: str, tensor: int) -> None:
        """``tensor`` [A, H, W, C] is the value ``name`` [A, C, *space]."""
        self._last[name] = tensor

    def channels_first(self, tensor: int, shape: Sequence[int]) -> int:
        """A tensor [A, H, W, C] as [A, C, *space] of that shape."""
        if len(shape) == 4:
            return self.transpose(tensor, (1, *shape[2:], shape[1]), (0, 3, 1, 2))
        return self.transpose(self.reshape(tensor, (shape[2], shape[1])), (1, shape[2], shape[1]), (0, 2, 1))

    def emit(self, code: str, inputs: Sequence[int], shape: Sequence[int], dtype: np.dtype[Any] = FLOAT,
             options: str = "", **values: Any) -> int:
        """One operator with one result."""
        made = self.writer.tensor(shape, dtype)
        self.writer.operator(code, inputs, [made], options, **values)
        return made

    def numbers(self, *values: int) -> int:
        """A constant list of places or sizes."""
        return self.writer.constant(np.array(values, np.int32))

    def scalar(self, value: float) -> int:
        return self.writer.constant(np.array(value, np.float32))

    def reshape(self, tensor: int, shape: Sequence[int], dtype: np.dtype[Any] = FLOAT) -> int:
        """``shape`` leaves out the asset axis, which takes what is left."""
        return self.emit("RESHAPE", [tensor, self.numbers(-1, *shape)], (1, *shape), dtype, "ReshapeOptions")

    def transpose(self, tensor: int, shape: Sequence[int], order: Sequence[int], dtype: np.dtype[Any] = FLOAT) -> int:
        """``shape`` is that before."""
        return self.emit("TRANSPOSE", [tensor, self.numbers(*order)], [shape[i] for i in order], dtype,
                         "TransposeOptions")


Lower = Callable[[Lowering, onnx.NodeProto], None]


def lowered(graph: bytes, operators: Mapping[str, Lower]) -> bytes:
    """The flatbuffer of a step graph. Raises ``NotTaken`` with the operator's name."""
    model = onnx.load_from_string(graph)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    unknown = sorted({node.op_type for node in inferred.node} - set(operators))
    if unknown:
        raise NotTaken(f"no lowering for {', '.join(unknown)}")
    lowering = Lowering(inferred)
    for node in inferred.node:
        try:
            operators[node.op_type](lowering, node)
        except NotTaken as error:
            raise NotTaken(f"{node.op_type} {node.name or node.output[0]}: {error}") from error
    return lowering.writer.seal(list(lowering.arguments.values()), [lowering.value(o.name) for o in inferred.output])


def option(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """One attribute of a node."""
    return attributes(node).get(name, default)


def _array(constant: onnx.TensorProto) -> NDArray[Any]:
    array: NDArray[Any] = onnx.numpy_helper.to_array(constant)
    if array.dtype == np.int64:
        array = np.clip(array, -(2**31), 2**31 - 1).astype(np.int32)
    return array
