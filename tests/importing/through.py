"""An imported model beside the original: on ONNX Runtime, and on the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lineshaft.app.importing import Around, Made, build
from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.importing.registry import domains
from lineshaft.graph.reference import ReferenceEngine
from lineshaft.graph.untrusted.opening import checked

Array = NDArray[np.float32]
BARE = Around(mask="zero")


def taken(model: onnx.ModelProto, shape: tuple[int, ...] | None = None) -> Made:
    """The model as a step graph with nothing around it."""
    return build(checked(model, domains=domains()), BARE, None, shape)


def stepped(made: Made, x: Array, quality: Array | None = None) -> dict[str, Array]:
    """Outputs of the first tick for each asset: ``x`` [A, ...]."""
    flat = np.ascontiguousarray(x.reshape(len(x), -1), np.float32)
    feeds = {"x": flat, "quality": np.ones_like(flat) if quality is None else quality}
    feeds |= {s.name: np.zeros((len(x), *s.shape), np.float32) for s in made.signature.states}
    return {name: np.asarray(value, np.float32) for name, value in execute(made.graph, feeds).items()}


def referenced(made: Made, x: Array) -> dict[str, Array]:
    """The same on the reference evaluator."""
    engine = ReferenceEngine(made.graph, len(x))
    engine.x[...] = x.reshape(len(x), -1)
    engine.step()
    return dict(engine.out)


def gap(found: Array, wanted: NDArray[np.generic]) -> float:
    """Largest |a - b| / (1 + |b|)."""
    wanted = np.asarray(wanted, np.float64).reshape(found.shape)
    return float((np.abs(found - wanted) / (1.0 + np.abs(wanted))).max(initial=0.0))


def model_of(nodes: list[onnx.NodeProto], shape: tuple[int, ...], constants: dict[str, Any],
             opset: int = 18, outputs: int = 1, *, batch: int | str = "N", elem: int = TensorProto.FLOAT
             ) -> onnx.ModelProto:
    """A foreign model of one input ``data`` [batch, *shape] whose last nodes' first outputs are its outputs."""
    names = [node.output[0] for node in nodes[-outputs:]]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("data", elem, [batch, *shape])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    return helper.make_model(graph, ir_version=10, opset_imports=[
        helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)])
