"""Features that a table's learner may need and can't easily make: pairs of tags, kinds, logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.model.blocks.standardise import Standardise
from lineshaft.model.equations import at
from lineshaft.model.head import Kind
from lineshaft.model.library import library
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
FEW_VALUES = 8
SKEWED = 10.0  # the 99 % quantile over the median: a logarithm spreads such values
NEAR_ZERO = 0.02  # of its largest size: a divisor that small makes a ratio of noise


@dataclass(frozen=True, slots=True)
class Pair:
    """``first`` and ``second`` (columns), multiplied, divided or subtracted."""

    how: str
    first: int
    second: int


class Engineered:
    """Wire ``features``: z [C], then in the tags' own units products, ratios and differences of the ``strongest`` tags,
    the logarithms of skewed ones, and one place for each value of a tag that takes few.

    The strongest are those by which a small forest splits best; ``scale`` is the block that made ``z``. Only which
    tags are paired depends on the target.
    """

    reads: tuple[str, ...] = ("z", "target")

    def __init__(self, scale: Standardise, kind: Kind, strongest: int = 7, seed: int = 0) -> None:
        self.scale, self.kind, self.strongest, self.seed = scale, kind, strongest, seed
        self.pairs: tuple[Pair, ...] = ()
        self.logarithms: tuple[tuple[int, float], ...] = ()
        self.values: tuple[tuple[int, tuple[float, ...]], ...] = ()

    def fit(self, seen: Seen) -> None:
        z, target = np.asarray(seen["z"], np.float64), np.asarray(seen["target"], np.float64)
        x = z * self.scale.deviation[0] + self.scale.mean[0]
        distinct = [np.unique(np.round(column, 6)) for column in z.T]
        few = [c for c, found in enumerate(distinct) if 2 < len(found) <= FEW_VALUES]
        many = [c for c, found in enumerate(distinct) if len(found) > FEW_VALUES]
        self.values = tuple((c, tuple(distinct[c].tolist())) for c in few)
        self.logarithms = tuple((c, float(np.median(x[:, c]))) for c in many if _skewed(x[:, c]))
        chosen = sorted(many, key=lambda c: -self._strength(z, target)[c])[:self.strongest] if len(
            many) > self.strongest else many
        self.pairs = tuple(_pairs(x, sorted(chosen)))

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        z = wires["z"]
        x = g.add(g.multiply(z, self.scale.deviation[0]), self.scale.mean[0])
        parts = [z, *self._paired(g, x)]
        parts += [g.log(g.add(g.divide(g.maximum(at(x, g, c), 0.0), middle), 1.0)) for c, middle in self.logarithms]
        for column, values in self.values:
            gap = g.absolute(g.subtract(at(z, g, column), np.array(values)))
            parts.append(g.number(g.less(gap, 0.4 * float(np.diff(values).min()))))
        return {"features": g.concat(parts) if len(parts) > 1 else z}

    def _paired(self, g: StepBuilder, x: Wire) -> list[Wire]:
        """One wire a kind of pair: both columns side by side by a selection of places."""
        found = []
        for how, combine in (("product", g.multiply), ("ratio", g.divide), ("difference", g.subtract)):
            own = [pair for pair in self.pairs if pair.how == how]
            if own:
                first, second = (g.concat([at(x, g, column) for column in columns]) if len(columns) > 1
                                 else at(x, g, columns[0]) for columns in (
                    [pair.first for pair in own], [pair.second for pair in own]))
                if how == "ratio":
                    second = g.where(g.less(g.absolute(second), 1e-9), 1e-9, second)
                found.append(combine(first, second))
        return found

    def _strength(self, z: Matrix, target: Matrix) -> Matrix:
        module: Any = library("sklearn.ensemble")
        kind = module.ExtraTreesRegressor if self.kind == "number" else module.ExtraTreesClassifier
        wanted = target[:, 0] if self.kind == "number" else target[:, 0].astype(np.int64)
        model = kind(60, max_leaf_nodes=64, min_samples_leaf=3, random_state=self.seed, n_jobs=1).fit(z, wanted)
        return np.asarray(model.feature_importances_, np.float64)


def _pairs(x: Matrix, columns: list[int]) -> list[Pair]:
    """Of each two columns: the product, the difference where their sizes are comparable, the ratio where none of the
    divisors is near 0."""
    found = []
    size, spread = np.abs(x).max(axis=0) + 1e-30, x.std(axis=0) + 1e-30
    steady = np.abs(x).min(axis=0) > NEAR_ZERO * size
    for a, b in combinations(columns, 2):
        found.append(Pair("product", a, b))
        if 0.05 < spread[a] / spread[b] < 20.0:
            found.append(Pair("difference", a, b))
        if steady[b]:
            found.append(Pair("ratio", a, b))
        elif steady[a]:
            found.append(Pair("ratio", b, a))
    return found


def _skewed(values: Matrix) -> bool:
    """All of one sign from 0 up, and with a long tail."""
    middle = float(np.median(values))
    return bool(values.min() >= 0 and middle > 0 and np.quantile(values, 0.99) > SKEWED * middle)
