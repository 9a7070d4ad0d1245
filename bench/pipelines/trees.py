"""Known faults by boosted trees: a window of 32 ticks, its means, deviations and slow Fourier amplitudes, 100 trees."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.fidelity import say
from lineshaft.graph.foreign.lightgbm import from_text
from lineshaft.graph.operators import FOREST, attributes
from pipelines.pipeline import CACHE, Absent, Pipeline
from pipelines.plant import plant

WINDOW, WAVES, TREES, LEAVES, LIMIT = 32, 3, 100, 31, 0.995
PROTOCOL = ("Tennessee Eastman (Braatz set); learns normal from d00 and the first half of d00_te, faults from the "
            f"training runs d01 to d21 without 3, 9, 15; limit ({LIMIT:.1%} of the score) from the second half of "
            "d00_te; fault test runs validate or are held out as for the CNN")
Matrix = NDArray[np.float64]


def build(data: Path) -> Pipeline:
    """The trained pipeline; ``data`` holds ``tep``. Raises ``Absent`` without it or without LightGBM."""
    found = plant(data)
    normal, faults, calibration = list(found.normal), list(found.faulty), found.calibration
    every = np.concatenate(normal)
    mean, deviation = every.mean(axis=0), every.std(axis=0)
    trees = forest(stored([(v - mean) / deviation for v in normal], [(v - mean) / deviation for v in faults]))
    margins = say(graph(trees, mean, deviation, (0.0, 1.0)), [calibration], execute, ("score",))[0]["score"][:, 0]
    middle, limit = np.quantile(margins[calibration.labels == 0], (0.5, LIMIT)).tolist()
    return Pipeline("trees", graph(trees, mean, deviation, (middle, limit)), found.golden, found.taught,
                    found.validation, found.held_out, PROTOCOL, {"limit": limit})


def features(window: NDArray[np.floating]) -> Matrix:
    """[N, WINDOW, C] -> [N, (2 + WAVES) C]: what the graph computes, for training alone."""
    parts = [window.mean(axis=1), window.std(axis=1)]
    cos, sin = waves()
    real, imaginary = np.einsum("ntc,tk->nkc", window, cos), np.einsum("ntc,tk->nkc", window, sin)
    amplitude = np.sqrt(real**2 + imaginary**2 + 1e-12)
    return np.hstack([*parts, amplitude.reshape(len(window), -1)])


def waves() -> tuple[Matrix, Matrix]:
    """Cosines and sines [WINDOW, WAVES] of 1, 2, ... turns a window."""
    angle = 2 * np.pi * np.arange(WINDOW)[:, None] * np.arange(1, WAVES + 1) / WINDOW
    return np.cos(angle) / WINDOW, np.sin(angle) / WINDOW


def stored(normal: list[Matrix], faults: list[Matrix]) -> Any:
    """The model from the cache, or trained: some twenty seconds."""
    key = hashlib.sha256(repr((WINDOW, WAVES, TREES, LEAVES)).encode())
    for values in (*normal, *faults):
        key.update(values.tobytes())
    path = CACHE / f"trees-{key.hexdigest()[:16]}.txt"
    if not path.is_file():
        CACHE.mkdir(exist_ok=True)
        booster(normal, faults).save_model(path)
    try:
        import lightgbm
    except ImportError:
        raise Absent("lightgbm is not installed") from None
    return lightgbm.Booster(model_file=path)


def booster(normal: list[Matrix], faults: list[Matrix]) -> Any:
    """LightGBM's own model of faulty (1) against normal (0), one thread, deterministic."""
    try:
        import lightgbm
    except ImportError:
        raise Absent("lightgbm is not installed") from None
    parts = [features(_windows(v)) for v in (*normal, *faults)]
    labels = np.concatenate([np.full(len(part), place >= len(normal)) for place, part in enumerate(parts)])
    settings = {"objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.05, "num_threads": 1, "seed": 0,
                "deterministic": True, "force_row_wise": True, "verbose": -1, "min_data_in_leaf": 20,
                "is_unbalance": True}
    return lightgbm.train(settings, lightgbm.Dataset(np.concatenate(parts), labels), TREES)


def forest(model: Any) -> dict[str, Any]:
    """A LightGBM model's trees as attributes of TreeEnsembleRegressor, as the importer reads them."""
    nodes = from_text(model.model_to_string()).graph.node
    found = attributes(next(node for node in nodes if node.op_type == FOREST))
    return {name: value for name, value in found.items() if name.startswith(("nodes_", "target_"))}


def graph(trees: dict[str, Any], mean: Matrix, deviation: Matrix, span: tuple[float, float]) -> bytes:
    """Hold, scale, window, features, trees, score, alarm, probability.

    ``span`` is the middle and the limit of the trees' sum (log-odds) in normal operation: a score of 0 and of 1.
    """
    channels = len(mean)
    g = StepBuilder(channels)
    x = g.where(g.greater(g.quality, 0.5), g.multiply(g.subtract(g.x, mean), 1.0 / deviation),
                g.state("held", (channels,)))
    g.keep("held", x)
    margin = g.forest(_features(g, g.window("window", x, WINDOW), channels), 1, **trees)
    full = g.at_least(g.ticks("seen", WINDOW), float(WINDOW))
    middle, limit = span
    score = g.where(full, g.multiply(g.subtract(margin, middle), 1.0 / (limit - middle)), 0.0)
    return g.model({"score": score, "alarm": g.number(g.at_least(score, np.ones(1))),
                    "probability": g.sigmoid(margin)})


def _features(g: StepBuilder, window: Wire, channels: int) -> Wire:
    mean = g.mean(window, axis=0)
    deviation = g.sqrt(g.mean(g.square(g.subtract(window, mean)), axis=0))
    cos, sin = waves()
    turned = g.transpose(window, (1, 0))
    size = g.sqrt(g.add(g.add(g.square(g.project(turned, cos)), g.square(g.project(turned, sin))), 1e-12))
    flat = g.reshape(g.transpose(size, (1, 0)), (WAVES * channels,))
    return g.concat([g.reshape(mean, (channels,)), g.reshape(deviation, (channels,)), flat])


def tiny(channels: int = 3, seed: int = 0) -> bytes:
    """The same graph with a few random trees, for tests: no data, no LightGBM."""
    random = np.random.default_rng(seed)
    return graph(stumps(random, 8, (2 + WAVES) * channels), np.zeros(channels), np.ones(channels), (0.0, 1.0))


def stumps(random: np.random.Generator, count: int, size: int) -> dict[str, Any]:
    """Trees of one split each."""
    at = [feature for feature in random.integers(0, size, count).tolist() for _ in range(3)]
    values = [v for threshold in random.normal(size=count).tolist() for v in (threshold, 0.0, 0.0)]
    return {"nodes_treeids": [tree for tree in range(count) for _ in range(3)], "nodes_nodeids": [0, 1, 2] * count,
            "nodes_featureids": at, "nodes_values": values, "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"] * count,
            "nodes_truenodeids": [1, 0, 0] * count, "nodes_falsenodeids": [2, 0, 0] * count,
            "nodes_hitrates": [1.0] * 3 * count, "nodes_missing_value_tracks_true": [0] * 3 * count,
            "target_treeids": [tree for tree in range(count) for _ in range(2)], "target_nodeids": [1, 2] * count,
            "target_ids": [0] * 2 * count, "target_weights": random.normal(size=2 * count).tolist()}


def _windows(values: Matrix) -> Matrix:
    return np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=0).transpose(0, 2, 1)
