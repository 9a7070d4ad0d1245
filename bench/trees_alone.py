"""The forest of the trees pipeline alone, on ready features: our C beside lleaves, which compiles the same model."""

from __future__ import annotations

import ctypes
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import progress
from lineshaft import backend as backends
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from pipelines import trees
from pipelines.pipeline import CACHE, Pipeline

BLOCK = 500


@dataclass(frozen=True)
class TreesAlone:
    """Medians in us of one row; ``ratio`` is ours over lleaves's C function."""

    ours_us: float
    lleaves_us: float
    predict_us: float

    @property
    def ratio(self) -> float:
        return self.ours_us / self.lleaves_us


def trees_alone(pipeline: Pipeline, blocks: int) -> TreesAlone | None:
    """None where lleaves is not installed. Both are checked to say the same before they are timed."""
    try:
        import lightgbm
        import lleaves
    except ImportError:
        progress("lleaves or lightgbm is not installed: the forest is not compared")
        return None
    path = max(CACHE.glob("trees-*.txt"), key=lambda file: file.stat().st_mtime)
    booster = lightgbm.Booster(model_file=path)
    rows = np.random.default_rng(0).normal(size=(256, booster.num_feature()))
    rows = rows.astype(np.float32).astype(np.float64)
    with tempfile.TemporaryDirectory() as folder:
        model = lleaves.Model(model_file=str(path))
        model.compile(cache=str(Path(folder) / "model.o"), raw_score=True)
        theirs = _entry(model, rows)
        ours = _ours(trees.forest(booster), rows)
        expected = booster.predict(rows, raw_score=True)
        for name, call in (("c", ours), ("lleaves", theirs)):
            if not np.allclose([call(i) for i in range(len(rows))], expected, rtol=1e-4, atol=1e-4):
                progress(f"{name} and LightGBM differ: no ratio can be given")
                return None
        calls: list[Callable[[int], object]] = [
            ours, theirs, lambda i: model.predict(rows[i:i + 1], n_jobs=1), lambda i: None]
        medians = _in_turns(calls, blocks)
    return TreesAlone(*(value - medians[3] for value in medians[:3]))


def _ours(forest: dict[str, object], rows: NDArray[np.float64]) -> Callable[[int], float]:
    g = StepBuilder(rows.shape[1])
    graph = g.model({"score": g.forest(g.x, 1, **forest)})
    backend, target = backends.backend("c"), backends.target("pc")
    engine = backend.load(backend.compile(graph, target), signature(graph), target)
    narrow, score = rows.astype(np.float32), engine.out["score"]

    def call(i: int) -> float:
        engine.x[0] = narrow[i]
        engine.step()
        return score.item(0)

    return call


def _entry(model: object, rows: NDArray[np.float64]) -> Callable[[int], float]:
    """lleaves's compiled function on one row, its pointers ready: less Python than its own ``predict``."""
    function = model._c_entry_func  # type: ignore[attr-defined]
    place, out = np.zeros(rows.shape[1]), np.zeros(1)
    double = ctypes.POINTER(ctypes.c_double)
    data, result = place.ctypes.data_as(double), out.ctypes.data_as(double)
    first, last = ctypes.c_int(0), ctypes.c_int(1)

    def call(i: int) -> float:
        place[:] = rows[i]
        function(data, result, first, last)
        return out.item(0)

    return call


def _in_turns(calls: list[Callable[[int], object]], blocks: int) -> list[float]:
    """Median us of each call."""
    seen: list[list[float]] = [[] for _ in calls]
    for _ in range(blocks):
        for call, medians in zip(calls, seen, strict=True):
            spent = np.empty(BLOCK, np.int64)
            for i in range(BLOCK):
                begun = time.perf_counter_ns()
                call(i % 256)
                spent[i] = time.perf_counter_ns() - begun
            medians.append(float(np.median(spent)) / 1e3)
    return [float(np.median(values)) for values in seen]
