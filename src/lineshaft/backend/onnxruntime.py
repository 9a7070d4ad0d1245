"""ONNX Runtime: bound buffers, state that alternates between two of them, no allocation per step.

On the CPU unless the target's ``options.onnxruntime.providers`` names others (``_providers``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lineshaft.backend._buffers import Alternating
from lineshaft.backend._device import DeviceEngine
from lineshaft.backend._providers import CPU, memory, named, quiet, refused, started, used
from lineshaft.backend._refuse import or_refuse, refusals
from lineshaft.core.step import Array, Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target

ort.disable_telemetry_events()  # where somebody imported it before Lineshaft said so


class OnnxRuntime:
    """The default backend: every graph, every desktop and server processor, and a GPU where there is one.

    ``float16`` and ``int8`` are what the graph itself holds.
    """

    name = "onnxruntime"

    def supports(self, graph: bytes, target: Target) -> Support:
        return Support((*refusals(graph, target, ("float32", "float16", "int8")), *refused(target)))

    def compile(self, graph: bytes, target: Target) -> bytes:
        or_refuse(self, graph, target)
        return graph if named(target) == (CPU,) else used(graph)

    def facts(self, artifact: bytes, target: Target) -> Facts:
        return Facts(f"onnxruntime {ort.__version__}", notes={"providers": ", ".join(named(target))})

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        if named(target) == (CPU,):
            return BoundEngine(artifact, signature, target.threads, assets)
        session, place = started(artifact, target, assets), memory(target)
        if place[0] == "cpu":
            return SessionEngine(session, signature, assets)
        return DeviceEngine(session, signature, assets, place)


class SessionEngine(Alternating):
    """An ``Engine`` whose tensors are bound once: a step is one call into the runtime. For sessions on host memory."""

    def __init__(self, session: ort.InferenceSession, signature: StepSignature, assets: int) -> None:
        super().__init__(signature, assets)
        self._session = session
        self._keep: list[ort.OrtValue] = []
        bindings = (self._bind(0), self._bind(1))
        # The wrapper's method adds a Python call and an argument check to each step; the session below has neither.
        self._run = self._session._sess.run_with_iobinding
        self._bound = tuple(binding._iobinding for binding in bindings)
        self._wrappers = bindings

    def step(self) -> None:
        newest = self._newest
        self._run(self._bound[newest], None)
        self._newest = 1 - newest

    def _bind(self, source: int) -> ort.IOBinding:
        """The binding that reads state ``source`` and writes the other."""
        binding = self._session.io_binding()
        arrays = self.inputs(source)
        for name in (known.name for known in self._session.get_inputs()):
            binding.bind_ortvalue_input(name, self._value(arrays[name]))
        for name, array in self.results(source).items():
            binding.bind_ortvalue_output(name, self._value(array))
        return binding

    def _value(self, array: Array) -> ort.OrtValue:
        # On the CPU an OrtValue of an array shares its memory, so the arrays stay the interface.
        value = ort.OrtValue.ortvalue_from_numpy(array)
        self._keep.append(value)
        return value


class BoundEngine(SessionEngine):
    """The CPU's own."""

    def __init__(self, artifact: bytes, signature: StepSignature, threads: int = 1, assets: int = 1) -> None:
        super().__init__(_session(artifact, threads), signature, assets)


def execute(model: bytes, feeds: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """``core.step.Executor``: one run of any model, all outputs."""
    session = _replaying(model)
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))


@lru_cache(maxsize=4)
def _replaying(model: bytes) -> ort.InferenceSession:
    """The session of a model that is run again and again, once for each run of history."""
    return _session(model, threads=1)


def _session(model: bytes, threads: int) -> ort.InferenceSession:
    return ort.InferenceSession(model, quiet(threads), providers=[CPU])


BACKEND = OnnxRuntime()
