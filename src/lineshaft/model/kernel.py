"""The Gaussian kernel of standardised features with remembered rows, in the graph and, for learning, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire

Matrix = NDArray[np.float64]


def between(a: Matrix, b: Matrix, gain: float) -> Matrix:
    """exp(-gain |a - b|^2) [N, M] of rows [N, F] and [M, F]."""
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.exp(-gain * np.maximum(square, 0.0)), np.float64)


def near(g: StepBuilder, z: Wire, rows: Matrix, gain: float) -> Wire:
    """The same of ``z`` [F] with constant rows [M, F]: [M]."""
    cross = g.multiply(g.project(z, rows.T), -2.0)
    square = g.add(g.add(cross, (rows**2).sum(axis=1)), g.sum(g.square(z)))
    return g.exp(g.multiply(g.maximum(square, 0.0), -gain))
