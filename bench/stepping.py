"""How long one step of a graph takes on this machine, as a node steps it."""

from __future__ import annotations

import numpy as np

from harness import time_each
from lineshaft.backend import backend, target
from lineshaft.core.dataset import Dataset
from lineshaft.graph.check import signature
from lineshaft.model.pipeline import step_inputs

STEPS = 2000


def per_step(graph: bytes, rows: Dataset) -> float:
    """Median microseconds of a step of the default backend with bound buffers, on the last row."""
    place, onnxruntime = target("pc"), backend("onnxruntime")
    engine = onnxruntime.load(onnxruntime.compile(graph, place), signature(graph), place)
    x, quality = step_inputs(rows.rows(slice(len(rows) - 1, len(rows))))
    engine.x[:], engine.quality[:] = x, quality
    return float(np.median(time_each(engine.step, STEPS))) / 1e3
