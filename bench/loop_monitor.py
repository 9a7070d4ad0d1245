"""The monitor that ``bench/loop.py`` runs: PCA T2 and SPE over a window, as a graph and in scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.backend.onnxruntime import BoundEngine
from lineshaft.core.errors import Refused
from lineshaft.core.manifest import Budget, Limits, Lineage, Manifest
from lineshaft.core.step import Engine, Port, StepSignature
from lineshaft.core.tag import Tag
from lineshaft.node.seat import Loaded

WINDOW, TAGS, COMPONENTS, WEIGHT = 64, 52, 8, 0.1
PERIOD = 1_000_000_000
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """Mean and scale [T * C], loadings [k, T * C], component variances [k], limits of T2 and SPE, test rows."""

    tags: int
    mean: Rows
    scale: Rows
    loadings: Rows
    variances: Rows
    t2: float
    spe: float
    rows: Rows
    scaler: Any
    pca: Any


def fitted(tags: int = TAGS, seed: int = 0) -> Fitted:
    """scikit-learn's scaler and PCA on windows of an autocorrelated process with 6 hidden causes."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    hidden = np.zeros((1_200, 6))
    for i in range(1, len(hidden)):
        hidden[i] = 0.95 * hidden[i - 1] + rng.normal(size=6)
    rows = 50 + hidden @ rng.normal(size=(6, tags)) + 0.3 * rng.normal(size=(len(hidden), tags))
    windows = np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0)[::4].transpose(0, 2, 1)
    flat = windows.reshape(len(windows), -1)
    scaler = StandardScaler().fit(flat)
    z = scaler.transform(flat)
    pca = PCA(COMPONENTS, svd_solver="randomized", random_state=0).fit(z)
    scores = pca.transform(z)
    spe = ((z - pca.inverse_transform(scores)) ** 2).sum(axis=1)
    t2 = (scores ** 2 / pca.explained_variance_).sum(axis=1)
    return Fitted(tags, scaler.mean_ + scaler.scale_ * pca.mean_, scaler.scale_, pca.components_,
                  pca.explained_variance_, float(np.quantile(t2, 0.99)) * 2, float(np.quantile(spe, 0.99)) * 2,
                  rows, scaler, pca)


def graph(model: Fitted) -> tuple[bytes, StepSignature]:
    """The same pipeline as one stateful step: mask, window, scale, project, T2 and SPE, EWMA, alarm, causes."""
    from lineshaft.graph.builder import StepBuilder

    g = StepBuilder(model.tags)
    per_tag = model.mean.reshape(WINDOW, model.tags).mean(axis=0)
    x = g.add(g.multiply(g.subtract(g.x, per_tag), g.quality), per_tag)
    window = g.reshape(g.window("window", x, WINDOW), (WINDOW * model.tags,))
    z = g.multiply(g.subtract(window, model.mean), 1.0 / model.scale)
    scores = g.project(z, model.loadings.T)
    residual = g.square(g.subtract(z, g.project(scores, model.loadings)))
    t2 = g.sum(g.multiply(g.square(scores), 1.0 / model.variances))
    both = g.maximum(g.divide(t2, np.array([model.t2])), g.divide(g.sum(residual), np.array([model.spe])))
    score = g.ewma("level", both, WEIGHT)
    causes = g.reshape(g.mean(g.reshape(residual, (WINDOW, model.tags)), axis=0), (model.tags,))
    outputs = {"score": score, "alarm": g.number(g.at_least(score, np.ones(1))), "cause": causes}
    states = (Port("window", (WINDOW, model.tags)), Port("level", (1,)))
    ports = (Port("score", (1,)), Port("alarm", (1,)), Port("cause", (model.tags,)))
    return g.model(outputs), StepSignature(model.tags, ports, states)


class SklearnMonitor:
    """The same per sample with scikit-learn's own pipeline: window, impute, scale, project, back; then NumPy."""

    def __init__(self, model: Fitted) -> None:
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline

        self._model, self._level = model, 0.0
        imputer = SimpleImputer(keep_empty_features=True).fit(model.scaler.mean_[None])
        self._pipeline = make_pipeline(imputer, model.scaler, model.pca)
        self._toward = self._pipeline[:-1]
        self._window = np.zeros((WINDOW, model.tags))

    def decide(self, row: Rows) -> tuple[float, bool, Rows]:
        """Score, alarm and contribution of each tag; NaN is a masked value."""
        model = self._model
        self._window[:-1] = self._window[1:]
        self._window[-1] = row
        z = self._toward.transform(self._window.reshape(1, -1))
        scores = model.pca.transform(z)
        residual = (z - model.pca.inverse_transform(scores)) ** 2
        t2 = (scores ** 2 / model.variances).sum()
        self._level += WEIGHT * (max(t2 / model.t2, residual.sum() / model.spe) - self._level)
        return float(self._level), self._level >= 1.0, residual.reshape(WINDOW, -1).mean(axis=0)


def loaded(artifact: bytes, signature: StepSignature, version: int = 1) -> Loaded:
    """The graph as a node gets it, with a golden sequence of 200 ticks."""
    tags = tuple(Tag(f"bench/cell/tag{i:04}") for i in range(signature.channels))
    manifest = Manifest("bench", "monitor", version, tags, PERIOD, 5 * PERIOD, signature,
                        Budget(PERIOD // 10, 100_000_000), Limits(),
                        Lineage("", "", "", 0, "pca", "a benchmark"))
    x = 50 + np.random.default_rng(1).normal(size=(200, signature.channels)).astype(np.float32)
    expected = replay(BoundEngine(artifact, signature), x)

    def verify(engine: Engine) -> None:
        if not np.allclose(replay(engine, x), expected, rtol=1e-5):
            raise Refused("the golden sequence gave other scores", where="bench")

    return Loaded(BoundEngine(artifact, signature), manifest, f"sha256:{version:064x}", verify)


def replay(engine: Engine, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores of a sequence from zero state."""
    engine.reset()
    engine.quality.fill(1.0)
    scores = np.empty(len(x), np.float32)
    for i, row in enumerate(x):
        engine.x[0] = row
        engine.step()
        scores[i] = engine.out["score"].item(0)
    return scores
