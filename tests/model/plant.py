"""A small plant for the tests: 9 tags from 3 hidden causes and a mode word, with transitions between modes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag

Matrix = NDArray[np.float64]
TAGS = 9


def steady(rows: int, channels: int, seed: int = 0) -> Matrix:
    """[rows, channels] of correlated, slightly slow noise around levels of different size."""
    random = np.random.default_rng(seed)
    causes = _slow(random.normal(size=(rows, 3)), 0.7)
    mixing, levels = np.random.default_rng(7).normal(size=(3, channels)), np.linspace(-50, 200, channels)
    return np.asarray(causes @ mixing + 0.3 * random.normal(size=(rows, channels)) + levels, np.float64)


def three_modes(dwells: list[tuple[int, int]], seed: int = 0, lag: float = 6.0) -> Matrix:
    """[rows, 10]: 9 tags whose levels and correlations depend on the mode, then the mode word.

    ``dwells`` lists (mode, ticks); after a change the levels follow with time constant ``lag``.
    """
    random = np.random.default_rng(seed)
    word = np.repeat([m for m, _ in dwells], [t for _, t in dwells])
    shape = np.random.default_rng(3)
    levels = 30.0 * shape.normal(size=(8, TAGS))
    mixings = shape.normal(size=(8, 3, TAGS))
    causes = _slow(random.normal(size=(len(word), 3)), 0.7)
    own = np.einsum("nk,nkc->nc", causes, mixings[word]) + 0.3 * random.normal(size=(len(word), TAGS))
    target, level = levels[word], np.empty((len(word), TAGS))
    level[0] = target[0]
    for i in range(1, len(word)):
        level[i] = level[i - 1] + (target[i] - level[i - 1]) / lag
    return np.hstack([level + own, word[:, None].astype(np.float64)])


def dataset(values: Matrix) -> Dataset:
    """Tags ``t0``, ``t1``, ..."""
    return Dataset.of(values, tuple(Tag(f"works/t{i}") for i in range(values.shape[1])))


def _slow(noise: Matrix, keep: float) -> Matrix:
    out = noise.copy()
    for i in range(1, len(out)):
        out[i] = keep * out[i - 1] + (1 - keep**2) ** 0.5 * noise[i]
    return out
