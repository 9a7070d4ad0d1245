"""ONNX Runtime where tensors lie on a device: inputs are copied to it, outputs back, and state never leaves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort

from lineshaft.backend._buffers import STATE_SUFFIX, Buffers
from lineshaft.core.step import Array, Port, StepSignature

Place = tuple[str, int]


class DeviceEngine(Buffers):
    """An ``Engine`` with two sets of state on the device, which alternate. ``place`` is its kind and number."""

    def __init__(self, session: ort.InferenceSession, signature: StepSignature, assets: int, place: Place) -> None:
        super().__init__(signature, assets)
        self._session, self._newest = session, 0
        inputs = (Port("x", (signature.channels,)), Port("quality", (signature.channels,)))
        self._inputs = _values(inputs, assets, place)
        self._results = _values(signature.outputs, assets, place)
        self._states = (_values(signature.states, assets, place), _values(signature.states, assets, place))
        self._bindings = (self._bind(0), self._bind(1))
        self.reset()

    def step(self) -> None:
        newest = self._newest
        self._inputs["x"].update_inplace(self.x)
        self._inputs["quality"].update_inplace(self.quality)
        self._session.run_with_iobinding(self._bindings[newest])
        for name, array in self._out.items():
            array[...] = self._results[name].numpy()
        self._newest = 1 - newest

    def state(self) -> dict[str, Array]:
        return {name: value.numpy().copy() for name, value in self._states[self._newest].items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        for name, value in self._states[self._newest].items():
            value.update_inplace(np.ascontiguousarray(state[name], np.float32))

    def reset(self) -> None:
        for value in self._states[self._newest].values():
            value.update_inplace(np.zeros(value.shape(), np.float32))

    def _bind(self, source: int) -> ort.IOBinding:
        """The binding that reads state ``source`` and writes the other."""
        binding = self._session.io_binding()
        values = {**self._inputs, **self._states[source]}
        for name in (known.name for known in self._session.get_inputs()):
            binding.bind_ortvalue_input(name, values[name])
        after = {name + STATE_SUFFIX: value for name, value in self._states[1 - source].items()}
        for name, value in {**self._results, **after}.items():
            binding.bind_ortvalue_output(name, value)
        return binding


def _values(ports: Sequence[Port], assets: int, place: Place) -> dict[str, ort.OrtValue]:
    return {port.name: ort.OrtValue.ortvalue_from_shape_and_type([assets, *port.shape], np.float32, *place)
            for port in ports}
