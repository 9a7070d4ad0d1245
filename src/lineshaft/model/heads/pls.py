"""Partial least squares by SIMPLS (de Jong, Chemom. Intell. Lab. Syst. 18, 1993; Wold et al., 1984)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lineshaft.model.evaluate.blocks import left_out
from lineshaft.model.head import Kind, Settings
from lineshaft.model.learner import standard_scale
from lineshaft.model.linear import Linear
from lineshaft.model.pipeline import Seen

Matrix = NDArray[np.float64]
MOST = 20
NEARLY = 1.01
SMALLEST = 1e-10


class Pls(Linear):
    """One linear map of standardised features through a few latent variables, which suit tags that move together.

    Their number is ``components``, or the fewest whose squared error on five blocks of rows, left out in turn, is
    within 1 % of the least (blocks, since neighbouring rows say nearly the same).

    >>> from lineshaft.model.pipeline import Seen
    >>> random = np.random.default_rng(0)
    >>> hidden = random.normal(size=(300, 2))
    >>> x = (hidden @ random.normal(size=(2, 12)) + 0.01 * random.normal(size=(300, 12))).astype(np.float32)
    >>> head = Pls(1, "number")
    >>> y = hidden[:, :1] + 0.1 * random.normal(size=(300, 1))
    >>> head.fit(Seen({"features": x, "target": y}, np.zeros(300, np.int32), np.arange(300)))
    >>> head.components
    2
    """

    name: ClassVar[str] = "pls"
    kinds: ClassVar[frozenset[Kind]] = frozenset({"number"})

    def __init__(self, outputs: int, kind: Kind, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__(outputs)
        self.components = int((settings or {}).get("components", 0))

    @classmethod
    def choices(cls, kind: Kind) -> Sequence[Settings]:
        return ({}, {"components": 2}, {"components": 5}, {"components": 10})

    def fit(self, seen: Seen) -> None:
        features, target = (np.asarray(seen[name], np.float64) for name in self.reads)
        z = self.standardised(features)
        self.offset, size = standard_scale(target)
        y = (target - self.offset) / size
        self.components = self.components or _by_blocks(z, y)
        self.weights = simpls(z, y, self.components)[-1] * size


def simpls(z: Matrix, y: Matrix, components: int) -> list[Matrix]:
    """Coefficients [F, K] with 1, 2, ... latent variables, of centred ``z`` [N, F] and ``y`` [N, K].

    Fewer than ``components`` where nothing is left to explain; at least one.
    """
    cross, spread = z.T @ y, z.T @ z
    whole = max(float(np.abs(cross).max()), 1e-300)
    basis, weight, loading = (np.zeros((z.shape[1], 0)) for _ in range(3))
    weight_y = np.zeros((0, y.shape[1]))
    found: list[Matrix] = []
    for _ in range(min(components, *z.shape)):
        if np.abs(cross).max() <= SMALLEST * whole:
            break
        way = cross @ np.linalg.eigh(cross.T @ cross)[1][:, -1:]
        size = float(np.sqrt(max((way.T @ spread @ way).item(), 0.0)))
        if size <= SMALLEST * whole:
            break
        way /= size
        load = spread @ way
        fresh = load - basis @ (basis.T @ load)
        fresh /= np.linalg.norm(fresh)
        cross = cross - fresh @ (fresh.T @ cross)
        cross -= basis @ (basis.T @ cross)
        basis, weight, loading = np.hstack([basis, fresh]), np.hstack([weight, way]), np.hstack([loading, load])
        weight_y = np.vstack([weight_y, (z @ way).T @ y])
        found.append(weight @ weight_y)
    return found or [np.zeros((z.shape[1], y.shape[1]))]


def _by_blocks(z: Matrix, y: Matrix) -> int:
    """How many latent variables predict blocks of rows best that taught nothing."""
    losses = np.full(min(MOST, z.shape[1]), 0.0)
    for keep, block in left_out(np.zeros(len(z), np.int64)):
        middle, level = z[keep].mean(axis=0), y[keep].mean(axis=0)
        maps = simpls(z[keep] - middle, y[keep] - level, len(losses))
        for place in range(len(losses)):
            value = (z[block] - middle) @ maps[min(place, len(maps) - 1)] + level
            losses[place] += float(((y[block] - value) ** 2).sum())
    return int(np.argmax(losses <= NEARLY * losses.min())) + 1


HEAD = Pls
