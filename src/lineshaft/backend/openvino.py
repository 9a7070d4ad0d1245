"""OpenVINO on the CPU: an IR that is read without ONNX, every tensor bound once, state in two alternating sets.

OpenVINO's own variables (ReadValue and Assign, also by way of MakeStateful) are not used: its CPU plugin overwrites
a window that is shifted by ``Concat(Slice(state), x)`` while it still reads it (seen in 2026.4.1), and they measured
no faster than bound tensors.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lineshaft.backend._archive import pack, unpack
from lineshaft.backend._buffers import Alternating
from lineshaft.backend._refuse import first_lines, or_refuse, refusals, version
from lineshaft.core.step import Array, Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target

_NOT_CONVERTED = re.compile(r"No conversion rule found for operations: (.*)")


class OpenVino:
    """Intel's runtime, one thread. ``float16`` halves the constants; the CPU still computes in float32."""

    name = "openvino"

    def supports(self, graph: bytes, target: Target) -> Support:
        reasons = refusals(graph, target, ("float32", "float16", "int8"), "openvino", {"openvino": "openvino"})
        return Support(tuple(reasons or _conversion(graph)))

    def compile(self, graph: bytes, target: Target) -> bytes:
        """Model and weights of the IR; the number of assets is open."""
        or_refuse(self, graph, target)
        import openvino

        with TemporaryDirectory() as folder:
            xml = Path(folder) / "step.xml"
            openvino.save_model(_core().read_model(graph), xml, compress_to_fp16=target.precision == "float16")
            return pack({file.name: file.read_bytes() for file in sorted(xml.parent.iterdir())})

    def facts(self, artifact: bytes, target: Target) -> Facts:
        return Facts(version("openvino"))

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        return _Bound(artifact, signature, target, assets)


class _Bound(Alternating):
    """Two requests of one compiled model: each reads one set of state and writes the other."""

    def __init__(self, artifact: bytes, signature: StepSignature, target: Target, assets: int) -> None:
        from openvino._pyopenvino import InferRequest

        super().__init__(signature, assets)
        compiled = _compiled(artifact, assets, target.threads)
        self._keep = [_request(compiled, self.inputs(source), self.results(source)) for source in (0, 1)]
        # The Python wrapper's ``infer`` looks through its arguments and copies every output; neither is wanted.
        self._runs = tuple(InferRequest.infer.__get__(request) for request in self._keep)
        self._nothing: dict[Any, Any] = {}

    def step(self) -> None:
        newest = self._newest
        self._runs[newest](self._nothing, True, True)
        self._newest = 1 - newest


def _request(compiled: Any, inputs: dict[str, Array], results: dict[str, Array]) -> Any:
    from openvino import Tensor

    request = compiled.create_infer_request()
    # An input that reaches no output is not in the compiled model, so the model's ports are walked, not ours.
    for ports, arrays in ((compiled.inputs, inputs), (compiled.outputs, results)):
        for port in ports:
            request.set_tensor(port, Tensor(_named(port, arrays), shared_memory=True))
    return request


def _named(port: Any, arrays: dict[str, Array]) -> Array:
    return next(arrays[name] for name in port.names if name in arrays)


def _compiled(artifact: bytes, assets: int, threads: int) -> Any:
    import numpy as np
    from openvino import Tensor

    files = unpack(artifact)
    weights = np.frombuffer(files["step.bin"], np.uint8)
    model = _core().read_model(model=files["step.xml"], weights=Tensor(weights))
    model.reshape({port: [assets, *list(port.partial_shape)[1:]] for port in model.inputs})
    return _core().compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
        # Without this a CPU with bfloat16 or float16 arithmetic computes in it, unasked.
        "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False})


def _conversion(graph: bytes) -> list[str]:
    """What OpenVINO's own ONNX reader says against a graph."""
    try:
        _core().read_model(graph)
    except RuntimeError as error:
        found = _NOT_CONVERTED.search(str(error))
        return [f"OpenVINO has no operator {found[1].strip()}" if found else f"OpenVINO: {first_lines(error)}"]
    return []


@cache
def _core() -> Any:
    from openvino import Core

    return Core()


BACKEND = OpenVino()
