"""The independent reference: the onnx package's own evaluator steps the same graph, in NumPy, slowly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from lineshaft.core.golden import Golden
from lineshaft.core.step import Array, StepSignature
from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.check import signature


class ReferenceEngine:
    """``core.step.Engine`` without a runtime: what every backend is compared with."""

    def __init__(self, graph: bytes, assets: int = 1) -> None:
        self.signature: StepSignature = signature(graph)
        self.assets = assets
        self.x: Array = np.zeros((assets, self.signature.channels), np.float32)
        self.quality: Array = np.ones((assets, self.signature.channels), np.float32)
        self._evaluator = ReferenceEvaluator(onnx.load_from_string(graph))
        self._out: dict[str, Array] = {}
        self._state: dict[str, Array] = {}
        self.reset()

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def step(self) -> None:
        names = [o.name for o in self.signature.outputs] + [s.name + STATE_SUFFIX for s in self.signature.states]
        found = self._evaluator.run(names, {"x": self.x, "quality": self.quality, **self._state})
        values = dict(zip(names, found, strict=True))
        self._out = {o.name: values[o.name] for o in self.signature.outputs}
        self._state = {s.name: values[s.name + STATE_SUFFIX] for s in self.signature.states}

    def state(self) -> dict[str, Array]:
        return {name: value.copy() for name, value in self._state.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._state = {s.name: np.array(state[s.name], np.float32) for s in self.signature.states}

    def reset(self) -> None:
        self._state = {s.name: np.zeros((self.assets, *s.shape), np.float32) for s in self.signature.states}


def golden(graph: bytes, x: Array, quality: Array, name: str = "") -> Golden:
    """Golden sequence of one asset: the reference's outputs for ``x`` and ``quality`` [T, C]."""
    engine = ReferenceEngine(graph)
    rows: dict[str, list[Array]] = {o.name: [] for o in engine.signature.outputs}
    with np.errstate(all="ignore"):  # extremes are what some sequences are for
        for values, usable in zip(x, quality, strict=True):
            engine.x[0], engine.quality[0] = values, usable
            engine.step()
            for port, seen in rows.items():
                seen.append(engine.out[port][0].copy())
    return Golden(np.asarray(x, np.float32), np.asarray(quality, np.float32),
                  {port: np.stack(seen) for port, seen in rows.items()}, name)
