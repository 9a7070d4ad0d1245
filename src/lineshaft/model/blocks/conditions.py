"""Operating conditions that nobody named: the tags with few steady values that most other tags follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import StepBuilder
from lineshaft.model.blocks.modes import Modes
from lineshaft.model.pipeline import Seen, Wires

Matrix = NDArray[np.float64]
RESOLUTION = 0.02  # of a tag's range, as ``Modes`` has it
MOST_VALUES = 12
LEAST_SHARE = 0.01
EXPLAINED, MOST_FOLLOW = 0.9, 0.5


class Conditions:
    """``Modes`` whose tags are named by number, or found: wire ``mode`` [K], one-hot.

    A tag sets conditions if it takes 2 to 12 steady values and the value explains 90 % of the variance of more than
    half of the other tags that move. Where none does there is one condition. Wear can't be taken for a condition: it
    moves every tag a little, and no tag in steps.
    """

    reads: tuple[str, ...] = ("x", "quality")

    def __init__(self, columns: tuple[int, ...] | None = None) -> None:
        self.columns = columns
        self.modes = Modes(columns or ())

    def fit(self, seen: Seen) -> None:
        values = np.where(seen["quality"] > 0, seen["x"], np.nan).astype(np.float64)
        self.modes = Modes(found(values) if self.columns is None else self.columns)
        self.modes.fit(seen)

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return self.modes.emit(g, wires)


def found(values: Matrix) -> tuple[int, ...]:
    """Columns of ``values`` [N, C] (NaN where not known) that set the operating condition.

    >>> random = np.random.default_rng(0)
    >>> word = random.integers(0, 3, 500)
    >>> level = 10.0 * word[:, None] + random.normal(size=(500, 4))
    >>> found(np.column_stack([level, word]))
    (4,)
    """
    moving = np.flatnonzero(np.nanstd(values, axis=0) > 1e-9) if len(values) else np.empty(0, np.intp)
    steps = {int(column): cells for column in moving if (cells := _cells(values[:, column])) is not None}
    return tuple(column for column, cells in steps.items()
                 if _explained(values[:, moving[moving != column]], cells) > MOST_FOLLOW)


def _cells(column: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Number of the steady value at each row, -1 where not known; None for a tag that moves between its values."""
    known = np.isfinite(column)
    low, spread = column[known].min(), np.ptp(column[known])
    places, cell, count = np.unique(np.round((column[known] - low) / (RESOLUTION * spread)), return_inverse=True,
                                    return_counts=True)
    steady = count >= LEAST_SHARE * known.sum()
    apart = len(places) < 2 or np.diff(places).min() > 1
    if not steady.all() or not apart or not 2 <= len(places) <= MOST_VALUES:
        return None
    whole = np.full(len(column), -1, np.int64)
    whole[known] = cell
    return whole


def _explained(others: Matrix, cells: NDArray[np.int64]) -> float:
    """Share of the other tags whose variance is explained by the cell (correlation ratio)."""
    if not others.shape[1]:
        return 0.0
    left = np.zeros(others.shape[1])
    for cell in np.unique(cells):
        part = others[cells == cell]
        known = np.isfinite(part)
        mean = np.where(known, part, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        left += (np.where(known, part - mean, 0.0) ** 2).sum(axis=0)
    whole = np.nansum((others - np.nanmean(others, axis=0)) ** 2, axis=0)
    return float((1.0 - left / np.maximum(whole, 1e-300) > EXPLAINED).mean())


def columns_of(paths: list[str], named: tuple[str, ...]) -> tuple[int, ...]:
    """Columns of the named tags. Raises ``UsageError`` for a name that no tag has."""
    absent = [name for name in named if name not in paths]
    if absent:
        raise UsageError(f"no tag is called {', '.join(absent)}", where="conditions", do="name tags of the task")
    return tuple(paths.index(name) for name in named)
