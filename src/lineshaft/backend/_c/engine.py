"""A step that was compiled to machine code, in this process: arrays that are the struct's own memory, and one call."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend._c.library import opened
from lineshaft.backend._c.places import StateAt, checked
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array, StepSignature

_LONG_STEP = 200_000  # operations: below it, giving the interpreter's lock away costs more than it lends


class StructEngine:
    """What an ``Engine`` on the program's struct has in common; ``layout`` is the artifact's.

    Where the layout has binary points, ``x``, ``quality`` and ``out`` are integers: ``binary.Converted`` is the engine.
    """

    def __init__(self, layout: Mapping[str, Any], signature: StepSignature, assets: int = 1) -> None:
        self.signature, self.assets = signature, assets
        self.layout = found = checked(layout, signature)
        self._size = found.size
        # A cache line's worth of slack, so that the struct itself can start on one.
        self._memory = np.zeros(self._size * assets + 64, np.uint8)
        self._base = -self._memory.ctypes.data % 64
        self._states = found.states
        self.x: Array = self._view(found.x, (signature.channels,), found.dtype)
        self.quality: Array = self._view(found.quality, (signature.channels,), found.dtype)
        self.quality[...] = 1
        self._out = {port.name: self._view(found.outputs[port.name], port.shape, found.dtype)
                     for port in signature.outputs}

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def struct(self, asset: int) -> memoryview:
        """The bytes of one asset's struct."""
        first = self._base + asset * self._size
        return self._memory[first:first + self._size].data

    def state(self) -> dict[str, Array]:
        return {at.name: np.stack([self._read(at, asset) for asset in range(self.assets)]) for at in self._states}

    def restore(self, state: Mapping[str, Array]) -> None:
        for at in self._states:
            for asset in range(self.assets):
                self._write(at, asset, np.asarray(state[at.name], np.float32)[asset])

    def reset(self) -> None:
        for at in self._states:
            self._view(at.offset, (at.size,), at.dtype).fill(0)
            if at.position >= 0:
                self._view(at.position, (1,), np.int32).fill(0)

    def _read(self, at: StateAt, asset: int) -> Array:
        moved = tuple(at.shape[axis] for axis in at.order)
        flat = self._flat(at, asset)
        first = self._first(at, asset) * at.width
        lying = flat[first:first + int(np.prod(moved))].reshape(moved)
        return np.ascontiguousarray(at.real(lying).transpose(np.argsort(at.order)))

    def _write(self, at: StateAt, asset: int, value: Array) -> None:
        lying = at.stored(value.reshape(at.shape).transpose(at.order).ravel())
        flat = self._flat(at, asset)
        if at.position >= 0:
            self._view(at.position, (1,), np.int32)[asset] = 0
            half, first = at.span * at.width, at.first * at.width
            places = (first + np.arange(lying.size)) % half
            flat[places] = flat[places + half] = lying
        else:
            first = at.first * at.width
            flat[first:first + lying.size] = lying

    def _first(self, at: StateAt, asset: int) -> int:
        moved = int(self._view(at.position, (1,), np.int32)[asset, 0]) if at.position >= 0 else 0
        return at.first + moved

    def _flat(self, at: StateAt, asset: int) -> NDArray[Any]:
        flat: NDArray[Any] = self._view(at.offset, (at.size,), at.dtype)[asset]
        return flat

    def _view(self, offset: int, shape: tuple[int, ...], dtype: type[np.generic] = np.float32) -> NDArray[Any]:
        """[A, *shape] on the structs' memory."""
        inner = np.zeros(shape, dtype).strides
        return np.ndarray((self.assets, *shape), dtype, self._memory, self._base + offset, (self._size, *inner))


class NativeEngine(StructEngine):
    """``core.step.Engine`` on a shared library."""

    def __init__(self, library: bytes, layout: Mapping[str, Any], signature: StepSignature, assets: int = 1) -> None:
        super().__init__(layout, signature, assets)
        long = self.layout.operations * assets >= _LONG_STEP
        self._library = opened(library, ctypes.CDLL if long else ctypes.PyDLL)
        if _struct_bytes(self._library) != self._size:
            raise Refused("its layout and its library are not of one struct", where="artifact of the c backend",
                          do="compile the graph again")
        self._library.bind(ctypes.c_void_p(self._memory.ctypes.data + self._base), ctypes.c_int32(assets))
        # The library's own function, without a frame of Python around it.
        self.step: Callable[[], None] = self._library.run
        self._library.run.restype = None
        # The function keeps its library alive, and so the library the structs that it writes into.
        self._library.memory = self._memory  # type: ignore[attr-defined]


def _struct_bytes(library: ctypes.CDLL) -> int:
    """Size of the struct as the compiler laid it out; 0 for a library that isn't ours."""
    try:
        for function in ("bind", "run"):
            getattr(library, function)
        return ctypes.c_int32.in_dll(library, "struct_bytes").value
    except (AttributeError, ValueError):
        return 0
