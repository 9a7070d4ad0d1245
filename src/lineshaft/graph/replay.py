"""History through a step graph: the same operators as the body of one standard ``Scan``."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from lineshaft.core.step import Array, Executor, StepSignature
from lineshaft.graph.builder import ASSETS, IR_VERSION
from lineshaft.graph.check import signature


def scan_model(graph: bytes, known: StepSignature | None = None) -> bytes:
    """``(state..., x[T,A,C], quality[T,A,C]) -> (state'..., output[T,A,...]...)`` of a step graph.

    Stepping and scanning run the same kernels on the same shapes, so they agree bit for bit. ``known`` is the graph's
    signature where the caller has it, since asking for it checks the whole graph.
    """
    sig = known or signature(graph)
    model_of_step = onnx.load_from_string(graph)
    step = model_of_step.graph
    states = [s.name for s in sig.states]
    outputs = [o.name for o in sig.outputs]
    body = onnx.GraphProto(name="tick")
    body.node.extend(step.node)
    body.initializer.extend(step.initializer)
    body.input.extend([*step.input[2:], *step.input[:2]])
    body.output.extend([*step.output[len(outputs):], *step.output[:len(outputs)]])
    loop = helper.make_node(
        "Scan", [f"{s}_0" for s in states] + ["xs", "qualities"],
        [f"{s}_T" for s in states] + [f"{o}_all" for o in outputs], num_scan_inputs=2, body=body)
    first = [_value(f"{s.name}_0", (ASSETS, *s.shape)) for s in sig.states]
    series = [_value(name, ("T", ASSETS, sig.channels)) for name in ("xs", "qualities")]
    last = [_value(f"{s.name}_T", (ASSETS, *s.shape)) for s in sig.states]
    all_ = [_value(f"{o.name}_all", ("T", ASSETS, *o.shape)) for o in sig.outputs]
    whole = helper.make_graph([loop], "replay", first + series, last + all_)
    model = helper.make_model(whole, opset_imports=list(model_of_step.opset_import), ir_version=IR_VERSION)
    return bytes(model.SerializeToString(deterministic=True))


class Replay:
    """Runs history [T, C] (or [T, A, C]) through a step graph from zero state, on any executor."""

    def __init__(self, graph: bytes, execute: Executor) -> None:
        self.signature: StepSignature = signature(graph)
        self._model = scan_model(graph, self.signature)
        self._execute = execute

    def __call__(self, x: Array, quality: Array) -> dict[str, NDArray[np.float32]]:
        """Outputs by name, [T, ...] for [T, C] input and [T, A, ...] for [T, A, C]."""
        single = x.ndim == 2
        xs, qualities = (x[:, None], quality[:, None]) if single else (x, quality)
        feeds: dict[str, NDArray[np.generic]] = {
            f"{s.name}_0": np.zeros((xs.shape[1], *s.shape), np.float32) for s in self.signature.states}
        feeds |= {"xs": np.ascontiguousarray(xs, np.float32), "qualities": np.ascontiguousarray(qualities, np.float32)}
        found = self._execute(self._model, feeds)
        return {o.name: np.asarray(found[f"{o.name}_all"][:, 0] if single else found[f"{o.name}_all"], np.float32)
                for o in self.signature.outputs}


def _value(name: str, shape: tuple[str | int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


