"""``dataset changes``: when a stretch of history began to look different, and which tags say so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.dataset.changes import changes
from lineshaft.model.memory import memory

MOST_BLOCKS = 4000
NAMED = 3


@dataclass(frozen=True, slots=True)
class Change:
    """``time`` (UTC ns) at which another stretch begins; ``tags`` moved most, in deviations of the stretch before."""

    time: int
    tags: tuple[tuple[str, float], ...]


def change_points(dataset: Dataset, strength: float) -> tuple[Change, ...]:
    """Of one dataset: rows are averaged over the median memory of its tags, so that a slow signal is no change.

    Raises ``UsageError`` where no tag moves or too little is there.
    """
    moving = np.flatnonzero([np.ptp(column[good]) > 0 if good.any() else False
                             for column, good in zip(dataset.values.T, dataset.good.T, strict=True)])
    if not len(moving):
        raise UsageError("no tag moves in this stretch", where="changes", do="give a longer one")
    values = np.where(dataset.good, dataset.values, np.nan)[:, moving]
    filled = np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
    remembers = float(np.quantile(memory(filled), 0.5, method="lower"))  # a step makes a tag look slow
    size = max(int(np.ceil(remembers)), -(-len(filled) // MOST_BLOCKS))
    blocks = filled[:len(filled) // size * size].reshape(-1, size, len(moving)).mean(axis=1)
    edges = (0, *changes(blocks, strength), len(blocks))
    names = [dataset.tags[place].path for place in moving]
    return tuple(Change(int(dataset.times[edges[k] * size]), _moved(blocks[edges[k - 1]:edges[k]],
                                                                    blocks[edges[k]:edges[k + 1]], names))
                 for k in range(1, len(edges) - 1))


def _moved(before: np.ndarray, after: np.ndarray, names: list[str]) -> tuple[tuple[str, float], ...]:
    spread = np.where(before.std(axis=0) > 0, before.std(axis=0), np.maximum(np.abs(before).mean(axis=0) * 1e-3, 1e-9))
    shift = (after.mean(axis=0) - before.mean(axis=0)) / spread
    return tuple((names[place], float(shift[place])) for place in np.argsort(-np.abs(shift))[:NAMED])
