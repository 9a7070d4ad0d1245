"""LiteRT (TensorFlow Lite): the step graph written as its flatbuffer; arrays are views of the interpreter's memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineshaft.backend._buffers import Buffers
from lineshaft.backend._refuse import first_lines, or_refuse, refusals, version
from lineshaft.backend._trees import without_forests
from lineshaft.core.errors import Refused
from lineshaft.core.step import Array, Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target


class LiteRt:
    """The interpreter with its XNNPACK kernels. The file runs wherever LiteRT does, microcontrollers aside."""

    name = "litert"

    def supports(self, graph: bytes, target: Target) -> Support:
        reasons = refusals(graph, target, ("float32",), "litert", {"ai_edge_litert": "ai-edge-litert"})
        return Support(tuple(reasons or _problems(without_forests(graph))))

    def compile(self, graph: bytes, target: Target) -> bytes:
        """A flatbuffer for one asset, whose leading axis may be resized."""
        or_refuse(self, graph, target)
        return _lowered(without_forests(graph))

    def facts(self, artifact: bytes, target: Target) -> Facts:
        return Facts(version("ai-edge-litert"))

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        return _Interpreted(artifact, signature, target.threads, assets)


class _Interpreted(Buffers):
    """``x``, ``quality`` and ``out`` are the interpreter's own tensors; state is copied from an output to an input."""

    def __init__(self, artifact: bytes, signature: StepSignature, threads: int, assets: int) -> None:
        super().__init__(signature, assets)
        self._interpreter = interpreter = _allocated(artifact, threads, assets)
        inputs = [interpreter.tensor(detail["index"])() for detail in interpreter.get_input_details()]
        results = [interpreter.tensor(detail["index"])() for detail in interpreter.get_output_details()]
        self.x, self.quality = inputs[:2]
        self._out = dict(zip(self._out, results, strict=False))
        self._states: dict[str, Array] = {port.name: array for port, array in
                                          zip(signature.states, inputs[2:], strict=True)}
        self._after = tuple(zip(inputs[2:], results[len(self._out):], strict=True))
        # The wrapper's ``invoke`` refuses while such views exist. They stay true: memory moves on allocation only.
        self._invoke = interpreter._interpreter.Invoke
        self.quality.fill(1.0)
        self.reset()

    def step(self) -> None:
        self._invoke()
        for state, after in self._after:
            state[...] = after

    def state(self) -> dict[str, Array]:
        return {name: value.copy() for name, value in self._states.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        for name, value in self._states.items():
            value[...] = state[name]

    def reset(self) -> None:
        for value in self._states.values():
            value.fill(0.0)


def _allocated(artifact: bytes, threads: int, assets: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=artifact, num_threads=threads)
        if assets != 1:
            for detail in interpreter.get_input_details():
                interpreter.resize_tensor_input(detail["index"], [assets, *detail["shape"][1:]])
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise Refused(f"LiteRT: {first_lines(error)}", where="backend litert") from error
    return interpreter


def _lowered(graph: bytes) -> bytes:
    from lineshaft.backend._tflite.lowering import lowered
    from lineshaft.backend._tflite.operators import OPERATORS

    return lowered(graph, OPERATORS)


def _problems(graph: bytes) -> list[str]:
    """What the lowering says against a graph, and then what LiteRT says against its result."""
    from lineshaft.backend._tflite.lowering import NotTaken

    try:
        _allocated(_lowered(graph), 1, 2)
    except NotTaken as error:
        return [f"LiteRT: {error}"]
    except Refused as error:
        return [error.what]
    return []


BACKEND = LiteRt()
