"""tract (Rust, pure CPU): reads the step graph itself and has no other file; state stays in its own tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lineshaft.backend._buffers import Buffers, zeros
from lineshaft.backend._refuse import or_refuse, refusals, version
from lineshaft.backend._trees import without_forests
from lineshaft.core.step import Array, Engine, Facts, StepSignature, Support
from lineshaft.core.target import Target


class Tract:
    """One thread always. ``float16`` and ``int8`` are what the graph itself holds."""

    name = "tract"

    def supports(self, graph: bytes, target: Target) -> Support:
        reasons = refusals(graph, target, ("float32", "float16", "int8"), "tract", {"tract": "tract"})
        return Support(tuple(reasons or _problems(without_forests(graph))))

    def compile(self, graph: bytes, target: Target) -> bytes:
        or_refuse(self, graph, target)
        return without_forests(graph)

    def facts(self, artifact: bytes, target: Target) -> Facts:
        return Facts(version("tract"))

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        return _FedBack(artifact, signature, assets)


class _FedBack(Buffers):
    """State tensors of one step are the arguments of the next, and are never turned into arrays on the way."""

    def __init__(self, artifact: bytes, signature: StepSignature, assets: int) -> None:
        super().__init__(signature, assets)
        shapes = [(signature.channels,)] * 2 + [state.shape for state in signature.states]
        self._runs = _runnable(artifact, [(assets, *shape) for shape in shapes]).spawn_state()
        self._tensors: list[Any] = []
        self.reset()

    def step(self) -> None:
        found = self._runs.run([self.x, self.quality, *self._tensors])
        for tensor, array in zip(found, self._out.values(), strict=False):
            array[...] = tensor.to_numpy()
        self._tensors = found[len(self._out):]

    def state(self) -> dict[str, Array]:
        ports = self.signature.states
        return {port.name: tensor.to_numpy() for port, tensor in zip(ports, self._tensors, strict=True)}

    def restore(self, state: Mapping[str, Array]) -> None:
        import tract

        self._tensors = [tract.Tensor.from_numpy(state[port.name]) for port in self.signature.states]

    def reset(self) -> None:
        self.restore(zeros(self.signature.states, self.assets))


def _runnable(graph: bytes, shapes: list[tuple[int, ...]]) -> Any:
    model = _read(graph)
    for place, shape in enumerate(shapes):
        model.set_input_fact(place, ",".join(map(str, (*shape, "f32"))))
    for place in range(model.output_count()):  # declared with the open asset axis, which is a number by now
        model.set_output_fact(place, None)
    return model.into_model().into_runnable()


def _read(graph: bytes) -> Any:
    import tract

    with TemporaryDirectory() as folder:  # its reader takes a path only
        file = Path(folder) / "step.onnx"
        file.write_bytes(graph)
        return tract.onnx().load(file)


def _problems(graph: bytes) -> list[str]:
    """What tract itself says against a graph, at its first step too: some faults show only there (0.23.9)."""
    import tract

    from lineshaft.graph.check import signature

    try:
        _FedBack(graph, signature(graph), 1).step()
    except tract.TractError as error:
        return [f"tract: {_complaint(error)}"]
    return []


def _complaint(error: BaseException) -> str:
    """Its chain of causes on one line, without the stack."""
    text = str(error).split("Stack backtrace")[0].replace("Caused by:", "")
    return " ".join(text.split())[:300]


BACKEND = Tract()
