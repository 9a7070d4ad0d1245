"""ONNX Runtime on the CPU: bound buffers, state that alternates between two of them, no allocation per step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lineshaft.backend._buffers import Alternating
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array, Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target


class OnnxRuntime:
    """The default backend: every graph, every desktop and server processor."""

    name = "onnxruntime"

    def supports(self, graph: bytes, target: Target) -> Support:
        from lineshaft.graph.check import problems

        reasons = list(problems(graph))
        if target.precision != "float32":
            reasons.append(f"precision {target.precision} is not offered")
        return Support(tuple(reasons))

    def compile(self, graph: bytes, target: Target) -> bytes:
        support = self.supports(graph, target)
        if not support:
            raise Refused("; ".join(support.reasons), where=f"backend {self.name}")
        return graph

    def facts(self, artifact: bytes, target: Target) -> Facts:
        return Facts(f"onnxruntime {ort.__version__}")

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        return BoundEngine(artifact, signature, target.threads, assets)


class BoundEngine(Alternating):
    """An ``Engine`` whose tensors are bound once: a step is one call into the runtime."""

    def __init__(self, artifact: bytes, signature: StepSignature, threads: int = 1, assets: int = 1) -> None:
        super().__init__(signature, assets)
        self._session = _session(artifact, threads)
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
        for name, array in self.inputs(source).items():
            binding.bind_ortvalue_input(name, self._value(array))
        for name, array in self.results(source).items():
            binding.bind_ortvalue_output(name, self._value(array))
        return binding

    def _value(self, array: Array) -> ort.OrtValue:
        # On the CPU an OrtValue of an array shares its memory, so the arrays stay the interface.
        value = ort.OrtValue.ortvalue_from_numpy(array)
        self._keep.append(value)
        return value


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
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


BACKEND = OnnxRuntime()
