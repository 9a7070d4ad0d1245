"""A flatbuffer of one subgraph in the making; the schema's Python classes come with ai-edge-litert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_VERSION = 3
_IDENTIFIER = b"TFL3"
_TYPES = {np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int32): schema.TensorType.INT32,
          np.dtype(np.bool_): schema.TensorType.BOOL}


class Writer:
    """Tensors are known by their number. Shapes have an asset axis of 1, which is resized when loaded."""

    def __init__(self) -> None:
        self._graph = schema.SubGraphT()
        self._graph.name = "step"
        self._graph.tensors, self._graph.operators = [], []
        self._buffers = [schema.BufferT()]  # the first is empty by the format's rule
        self._codes: dict[int, int] = {}
        self._constants: dict[tuple[bytes, tuple[int, ...], str], int] = {}

    def tensor(self, shape: Sequence[int], dtype: np.dtype[Any], name: str = "", buffer: int = 0) -> int:
        """A tensor that an operator writes, an argument, or (with a buffer) a constant."""
        made = schema.TensorT()
        made.name = name or f"t{len(self._graph.tensors)}"
        made.shape, made.hasRank = [int(size) for size in shape], True
        made.type, made.buffer = _TYPES[np.dtype(dtype)], buffer
        self._graph.tensors.append(made)
        return len(self._graph.tensors) - 1

    def constant(self, value: NDArray[Any]) -> int:
        """A constant; equal ones are stored once."""
        array = np.asarray(value, order="C")
        key = (array.tobytes(), array.shape, array.dtype.str)
        if key not in self._constants:
            made = schema.BufferT()
            made.data = np.frombuffer(key[0], np.uint8)
            self._buffers.append(made)
            self._constants[key] = self.tensor(array.shape, array.dtype, buffer=len(self._buffers) - 1)
        return self._constants[key]

    def operator(self, code: str, inputs: Sequence[int], outputs: Sequence[int], options: str = "",
                 **values: Any) -> None:
        """One builtin operator by its name in the schema; ``options`` is its table of options there."""
        number = getattr(schema.BuiltinOperator, code)
        made = schema.OperatorT()
        made.opcodeIndex = self._codes.setdefault(number, len(self._codes))
        made.inputs, made.outputs = list(inputs), list(outputs)
        if options:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            made.builtinOptions = getattr(schema, f"{options}T")()
            for name, value in values.items():
                setattr(made.builtinOptions, name, value)
        self._graph.operators.append(made)

    def seal(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)
        model = schema.ModelT()
        model.version, model.description = _VERSION, "lineshaft"
        model.subgraphs, model.buffers = [self._graph], self._buffers
        model.operatorCodes = [_code(number) for number in self._codes]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())


def _code(number: int) -> schema.OperatorCodeT:
    made = schema.OperatorCodeT()
    made.builtinCode, made.version = number, 1
    made.deprecatedBuiltinCode = min(number, schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
    return made
