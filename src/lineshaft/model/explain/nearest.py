"""Nearest past cases: which ticks of history looked to the model as this one does.

What the model sees of the past is its state: held values, lagged rows, means. Windows count by their mean over time and
single counters not at all; a graph without state sees its input. Each number is scaled by its deviation in history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lineshaft.core.errors import UsageError
from lineshaft.core.step import Array, Executor
from lineshaft.graph.builder import ASSETS, STATE_SUFFIX
from lineshaft.graph.check import signature
from lineshaft.graph.replay import Replay

Matrix = NDArray[np.float64]
FARTHEST = 10.0
VIEW = "view_of_"


@dataclass(frozen=True, slots=True)
class Near:
    """A row of history and its distance in deviations; ``closer`` is the share of rows that are farther."""

    row: int
    distance: float
    closer: float


def views(graph: bytes, x: Array, quality: Array, execute: Executor) -> Matrix:
    """What the model sees [T, D] at each tick of a stretch [T, C], from zero state."""
    names, seeing = _seeing(graph)
    if not names:
        return np.hstack([x, quality]).astype(np.float64)
    said = Replay(seeing, execute)(x, quality)
    return np.hstack([said[VIEW + name].reshape(len(x), -1) for name in names]).astype(np.float64)


def nearest(history: Matrix, now: Matrix, count: int = 5, apart: int = 1, usable: NDArray[np.bool_] | None = None
            ) -> list[Near]:
    """The ``count`` rows of ``history`` [N, D] most like ``now`` [D], nearest first, at least ``apart`` rows from each
    other, so that one episode counts once; only ``usable`` [N] rows.

    >>> [near.row for near in nearest(np.array([[0.0], [5.0], [5.1], [9.0]]), np.array([5.0]), 2, apart=2)]
    [1, 3]
    """
    allowed = np.ones(len(history), np.bool_) if usable is None else usable.copy()
    if not allowed.any():
        raise UsageError("no past row is left to compare with", where="nearest cases", do="look farther back")
    scale = history[allowed].std(axis=0)
    moves = scale > 1e-9
    if not moves.any():
        raise UsageError("the model saw the same at every past row", where="nearest cases", do="look farther back")
    gap = np.clip((history[:, moves] - now[moves]) / scale[moves], -FARTHEST, FARTHEST)
    distance = np.sqrt((gap**2).mean(axis=1))
    ranked = np.sort(distance[allowed])
    found: list[Near] = []
    while allowed.any() and len(found) < count:
        row = int(np.where(allowed, distance, np.inf).argmin())
        farther = 1.0 - float(np.searchsorted(ranked, distance[row], "right")) / len(ranked)
        found.append(Near(row, float(distance[row]), farther))
        allowed[max(0, row - apart + 1):row + apart] = False
    return found


def _seeing(graph: bytes) -> tuple[list[str], bytes]:
    """The states that say something, and a graph that gives each as an output of its own."""
    model = onnx.load_from_string(graph)
    step = signature(graph)
    ports = [port for port in step.states if int(np.prod(port.shape)) > 1]
    states = list(model.graph.output[len(step.outputs):])
    views = []
    for port in ports:
        name, rank = VIEW + port.name, len(port.shape)
        if rank > 1:
            axes = numpy_helper.from_array(np.array([1], np.int64), f"axes_of_{name}")
            model.graph.initializer.append(axes)
            node = helper.make_node("ReduceMean", [port.name + STATE_SUFFIX, axes.name], [name], keepdims=0)
        else:
            node = helper.make_node("Identity", [port.name + STATE_SUFFIX], [name])
        model.graph.node.append(node)
        shape = port.shape[1:] if rank > 1 else port.shape
        views.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [ASSETS, *shape]))
    del model.graph.output[:]
    model.graph.output.extend([*views, *states])
    return [port.name for port in ports], bytes(model.SerializeToString(deterministic=True))
