"""A Gaussian process with inducing points: the projected process (Seeger, Williams and Lawrence, AISTATS 2003), whose
mean is that of Titsias' variational one (AISTATS 2009).

Length scales, amplitude and noise maximise the marginal likelihood of an even part of the rows (Rasmussen and
Williams, Gaussian Processes for Machine Learning, 2006), by scikit-learn; the inducing points are centres of k-means.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.head import Kind, Settings
from lineshaft.model.kernel import between, near
from lineshaft.model.learner import scaled, standard_scale
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
DEFAULT = {"points": 128, "part": 300, "rounds": 1}
JITTER = 1e-3  # of the amplitude; float32 in the graph carries no finer inverse
LONGEST = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """One number's process, of standardised target: scales [F], points [M, F], and maps of the whitened kernel."""

    scales: Matrix
    points: Matrix
    amplitude: float
    noise: float
    white: Matrix
    mean: Matrix
    left: Matrix


class Process:
    """Numbers with ``value_deviation`` [V], the deviation that the process itself predicts (noise included)."""

    name: ClassVar[str] = "process"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number"})
    reads: tuple[str, ...] = ("features", "target")

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        self.settings, self.seed = {**DEFAULT, **(settings or {})}, seed
        self.centre: Matrix = np.zeros(1)
        self.scale: Matrix = np.ones(1)
        self.offset: Matrix = np.zeros(outputs)
        self.size: Matrix = np.ones(outputs)
        self.learnt: list[Learnt] = []

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"points": 256, "part": 500})

    def fit(self, seen: Seen) -> None:
        features, target = (np.asarray(seen[name], np.float64) for name in self.reads)
        self.centre, self.scale = standard_scale(features)
        self.offset, self.size = standard_scale(target)
        z, y = (features - self.centre) / self.scale, (target - self.offset) / self.size
        self.learnt = [self._one(z, column) for column in y.T]

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = scaled(g, wires["features"], self.centre, self.scale)
        said = [_said(g, z, one) for one in self.learnt]
        mean, variance = (g.concat([pair[i] for pair in said]) if len(said) > 1 else said[0][i] for i in range(2))
        return {"value": g.add(g.multiply(mean, self.size), self.offset),
                "value_deviation": g.multiply(g.sqrt(variance), self.size)}

    def _one(self, z: Matrix, y: Matrix) -> Learnt:
        part = np.linspace(0, len(z) - 1, min(int(self.settings["part"]), len(z))).astype(int)
        scales, amplitude, noise = self._hyper(z[part], y[part])
        u = z / scales
        count = min(int(self.settings["points"]), len(np.unique(u[part], axis=0)))
        points = library("sklearn.cluster").KMeans(count, n_init=1, max_iter=30, random_state=self.seed).fit(
            u[np.linspace(0, len(u) - 1, min(len(u), 20 * count)).astype(int)]).cluster_centers_
        points = np.asarray(points, np.float64)
        own = amplitude * between(points, points, 0.5) + JITTER * amplitude * np.eye(len(points))
        white = np.linalg.inv(np.linalg.cholesky(own)).T
        seen = amplitude * between(u, points, 0.5) @ white
        inner = np.linalg.cholesky(noise * np.eye(len(points)) + seen.T @ seen)
        mean = np.linalg.solve(inner.T, np.linalg.solve(inner, seen.T @ y))
        return Learnt(scales, points, amplitude, noise, white, mean[:, None], np.linalg.inv(inner).T * noise**0.5)

    def _hyper(self, z: Matrix, y: Matrix) -> tuple[Matrix, float, float]:
        """Length scales [F], amplitude and noise variance."""
        module: Any = library("sklearn.gaussian_process")
        kernels = module.kernels
        start = np.full(z.shape[1], max(z.shape[1], 1) ** 0.5)
        kernel = (kernels.ConstantKernel(1.0, (1e-2, 1e2)) * kernels.RBF(start, (0.1, LONGEST))
                  + kernels.WhiteKernel(0.1, (1e-3, 2.0)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a scale at its bound says that the feature doesn't matter
            found = module.GaussianProcessRegressor(kernel, random_state=self.seed).fit(z, y).kernel_
        return (np.atleast_1d(found.k1.k2.length_scale).astype(np.float64), float(found.k1.k1.constant_value),
                float(found.k2.noise_level))


def _said(g: StepBuilder, z: Wire, one: Learnt) -> tuple[Wire, Wire]:
    """Mean [1] and variance [1] in deviations of the target."""
    kernel = near(g, g.multiply(z, 1.0 / one.scales), one.points, 0.5)
    white = g.project(kernel, one.white * one.amplitude)
    known, left = g.sum(g.square(white)), g.sum(g.square(g.project(white, one.left)))
    variance = g.add(g.maximum(g.subtract(one.amplitude, known), 0.0), g.add(left, one.noise))
    return g.project(white, one.mean), variance


HEAD = Process
