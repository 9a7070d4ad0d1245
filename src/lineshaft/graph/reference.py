"""The independent reference: the onnx package's own evaluator steps the same graph, in NumPy, slowly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from lineshaft.core.golden import Golden
from lineshaft.core.step import Array, StepSignature
from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.check import signature

Inputs = tuple[Array, Array, str]
"""``x`` and ``quality`` [T, C] of a sequence, and its name."""


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
    return goldens(graph, [(x, quality, name)])[0]


def goldens(graph: bytes, sequences: Sequence[Inputs]) -> tuple[Golden, ...]:
    """The same for many sequences ``(x, quality, name)``, each from zero state, of a graph that keeps assets apart.

    Those of equal length are stepped side by side, as assets of one batch: a step in NumPy costs its calls, not its
    numbers.
    """
    found: dict[int, Golden] = {}
    for places in _side_by_side(graph, [len(x) for x, _, _ in sequences]):
        found |= zip(places, _abreast(graph, [sequences[place] for place in places]), strict=True)
    return tuple(found[place] for place in range(len(sequences)))


def _side_by_side(graph: bytes, lengths: Sequence[int]) -> list[list[int]]:
    """Places of equal length together, each alone where an operator has one range for all assets of a call."""
    if any(node.op_type == "DynamicQuantizeLinear" for node in onnx.load_from_string(graph).graph.node):
        return [[place] for place in range(len(lengths))]
    return [[place for place, own in enumerate(lengths) if own == length] for length in dict.fromkeys(lengths)]


def _abreast(graph: bytes, sequences: Sequence[Inputs]) -> list[Golden]:
    engine = ReferenceEngine(graph, len(sequences))
    rows: dict[str, list[Array]] = {o.name: [] for o in engine.signature.outputs}
    xs, qualities = (np.stack([one[part] for one in sequences], axis=1) for part in (0, 1))
    with np.errstate(all="ignore"):  # extremes are what some sequences are for
        for values, usable in zip(xs, qualities, strict=True):
            engine.x[:], engine.quality[:] = values, usable
            engine.step()
            for port, seen in rows.items():
                seen.append(engine.out[port].copy())
    said = {port: np.stack(seen, axis=1) for port, seen in rows.items()}
    return [Golden(np.asarray(x, np.float32), np.asarray(quality, np.float32),
                   {port: values[place] for port, values in said.items()}, name)
            for place, (x, quality, name) in enumerate(sequences)]
