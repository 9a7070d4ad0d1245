"""OpenVINO on the CPU: an IR that is read without ONNX, every tensor bound once, state in two alternating sets.

OpenVINO's own variables (ReadValue and Assign, also by way of MakeStateful) are not used: its CPU plugin overwrites
a window that is shifted by ``Concat(Slice(state), x)`` while it still reads it (seen in 2026.4.1), and they measured
no faster than bound tensors.

Nor may it turn ``(x - mean) * scale`` into ``x * scale - mean * scale``, as it does with constants: a pressure of 800
with a spread of 0.1 loses four digits there. Such a mean is an input of the model, bound once, which it can't fold.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lineshaft.backend._archive import pack, unpack
from lineshaft.backend._buffers import Alternating
from lineshaft.backend._refuse import first_lines, or_refuse, refusals, version
from lineshaft.backend._trees import without_forests
from lineshaft.core.step import Array, Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target

_NOT_CONVERTED = re.compile(r"No conversion rule found for operations: (.*)")
_HELD = "held"


class OpenVino:
    """Intel's runtime, one thread. ``float16`` halves the constants; the CPU still computes in float32."""

    name = "openvino"

    def supports(self, graph: bytes, target: Target) -> Support:
        reasons = refusals(graph, target, ("float32", "float16", "int8"), "openvino", {"openvino": "openvino"})
        return Support(tuple(reasons or _conversion(without_forests(graph))))

    def compile(self, graph: bytes, target: Target) -> bytes:
        """Model and weights of the IR; the number of assets is open."""
        or_refuse(self, graph, target)
        import openvino

        with TemporaryDirectory() as folder:
            xml = Path(folder) / "step.xml"
            model, held = _held_out(_core().read_model(without_forests(graph)))
            openvino.save_model(model, xml, compress_to_fp16=target.precision == "float16")
            return pack({file.name: file.read_bytes() for file in (xml, xml.with_suffix(".bin"))} | held)

    def facts(self, artifact: bytes, target: Target) -> Facts:
        return Facts(version("openvino"))

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        return _Bound(artifact, signature, target, assets)


class _Bound(Alternating):
    """Two requests of one compiled model: each reads one set of state and writes the other."""

    def __init__(self, artifact: bytes, signature: StepSignature, target: Target, assets: int) -> None:
        from openvino._pyopenvino import InferRequest

        super().__init__(signature, assets)
        files = unpack(artifact)
        compiled = _compiled(files, assets, target.threads)
        self._held = _arrays(files)  # a tensor that shares an array's memory does not keep it alive
        self._requests = [_request(compiled, self.inputs(source) | self._held, self.results(source))
                          for source in (0, 1)]
        # The Python wrapper's ``infer`` looks through its arguments and copies every output; neither is wanted.
        self._runs = tuple(InferRequest.infer.__get__(request) for request in self._requests)
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


def _held_out(model: Any) -> tuple[Any, dict[str, bytes]]:
    """The model with each constant that must not be folded as an input ``held<n>``, and those as files."""
    import openvino
    from openvino import opset13

    held: dict[str, bytes] = {}
    for node in [node for node in model.get_ops() if node.get_type_name() in ("Add", "Subtract") and _followed(node)]:
        for value in node.input_values():
            constant = value.get_node()
            if constant.get_type_name() == "Constant" and value.get_element_type() == openvino.Type.f32:
                name = f"{_HELD}{len(held)}"
                held[f"{name}.npy"] = _file(constant.get_data())
                parameter = opset13.parameter(value.get_shape(), openvino.Type.f32, name)
                parameter.output(0).set_names({name})
                model.add_parameters([parameter])
                node.input(node.input_values().index(value)).replace_source_output(parameter.output(0))
    return model, held


def _followed(node: Any) -> bool:
    """Whether a constant comes next that might be folded into this sum."""
    return any(value.get_node().get_type_name() == "Constant"
               for consumer in node.output(0).get_target_inputs()
               if consumer.get_node().get_type_name() in ("Multiply", "Divide", "Add", "Subtract")
               for value in consumer.get_node().input_values())


def _file(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _arrays(files: Mapping[str, bytes]) -> dict[str, Array]:
    return {name.removesuffix(".npy"): np.load(io.BytesIO(content))
            for name, content in files.items() if name.startswith(_HELD)}


def _compiled(files: Mapping[str, bytes], assets: int, threads: int) -> Any:
    from openvino import Tensor

    weights = np.frombuffer(files["step.bin"], np.uint8)
    model = _core().read_model(model=files["step.xml"], weights=Tensor(weights))
    model.reshape({port: [assets, *list(port.partial_shape)[1:]] for port in model.inputs
                   if not port.any_name.startswith(_HELD)})
    return _core().compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
        # Without this a CPU with bfloat16 or float16 arithmetic computes in it, unasked.
        "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False})


def _conversion(graph: bytes) -> list[str]:
    """What OpenVINO's own ONNX reader says against a graph, and what is known to go wrong after it."""
    try:
        model = _core().read_model(graph)
    except RuntimeError as error:
        found = _NOT_CONVERTED.search(str(error))
        return [f"OpenVINO has no operator {found[1].strip()}" if found else f"OpenVINO: {first_lines(error)}"]
    return [f"{_called(node)}: OpenVINO leaves an element of its result to chance where a pad is as wide as the kernel"
            for node in model.get_ops() if _overpadded(node)]


def _called(node: Any) -> str:
    """A node's name in the graph; the reader adds to that of a convolution whose bias it splits off."""
    return str(node.get_friendly_name()).split("/", 1)[0]


def _overpadded(node: Any) -> bool:
    if node.get_type_name() not in ("Convolution", "GroupConvolution"):
        return False
    found = node.get_attributes()
    kernel = list(node.input_value(1).get_shape())[-len(found["dilations"]):]
    reach = [(size - 1) * spread + 1 for size, spread in zip(kernel, found["dilations"], strict=True)]
    return any(pad >= most for pads in (found["pads_begin"], found["pads_end"])
               for pad, most in zip(pads, reach, strict=True))


@cache
def _core() -> Any:
    from openvino import Core

    return Core()


BACKEND = OpenVino()
