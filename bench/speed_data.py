"""What ``bench/speed.py`` learns from: made data of a stated size, and a part of one shared set for each task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast_files import energy
from lineshaft.core.dataset import Dataset
from monitor_files import skab
from searched import gas_turbine
from searched import tep as faults

NEXT, TAGS = 200, 8
"""Rows behind those that teach, on which decisions are timed."""
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """Rows ``x`` [N, C] with ``y`` [N] (a number, a class, or nothing to learn), and those that follow them."""

    task: str
    name: str
    x: Matrix
    y: Vector
    next_x: Matrix
    next_y: Vector
    group: NDArray[np.int32]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a peer is given."""
        return {"x": self.x, "y": self.y, "next_x": self.next_x, "next_y": self.next_y}


def cases(task: str, rows: int, folder: Path | None) -> Iterator[Case]:
    """The made one, and that of the shared set where it is there."""
    yield made(task, rows)
    name, read = SHARED[task]
    if folder is not None and (folder / name).is_dir():
        x, y, group = read(folder / name)
        yield _cut(task, name, x, y, group, rows)


def made(task: str, rows: int, seed: int = 0) -> Case:
    """Tags that remember (0.9 from row to row) around one of three levels, which are the classes; each stretch of 200
    rows is at one of them. The number is linear in the tags with one square; a series to forecast is its running mean.
    """
    random = np.random.default_rng(seed)
    count = rows + NEXT
    kind = random.permutation(np.arange(count // 200 + 1) % 3).repeat(200)[:count]
    x = np.zeros((count, TAGS))
    shocks = random.normal(size=x.shape)
    for row in range(1, count):
        x[row] = 0.9 * x[row - 1] + shocks[row]
    x += 6.0 * random.normal(size=(3, TAGS))[kind] if task != "monitor" else 0.0
    number = x @ random.normal(size=TAGS) + 0.1 * x[:, 0] ** 2 + random.normal(size=count)
    y = kind.astype(np.float64) if task in ("diagnose", "segment", "monitor") else number
    return _cut(task, "made", x, y, (np.arange(count) // 200).astype(np.int32), rows)


def _cut(task: str, name: str, x: Matrix, y: Vector, group: NDArray[np.int32], rows: int) -> Case:
    """At most so many rows that teach, and those behind them."""
    teach = min(rows, len(x) - NEXT)
    ends = slice(teach, teach + NEXT)
    return Case(task, name, x[:teach], y[:teach], x[ends], y[ends], group[:teach])


Read = tuple[Matrix, Vector, NDArray[np.int32]]


def _water(folder: Path) -> Read:
    """The rows without an anomaly of the longest experiment."""
    values, anomaly, _ = max(skab(folder).values(), key=lambda found: len(found[0]))
    x = values[anomaly == 0]
    return x, np.zeros(len(x)), np.zeros(len(x), np.int32)


def _turbine(folder: Path) -> Read:
    _, examples = gas_turbine.given(folder)
    values, target = examples.dataset.values, examples.target[:, 0]
    whole = np.isfinite(target) & np.isfinite(values).all(axis=1)  # a peer takes no row without an answer
    return values[whole], target[whole], examples.dataset.run[whole]


def _energy(folder: Path) -> Read:
    _, values = energy(folder)
    y = values[np.isfinite(values[:, 0]), 0]
    return y[:, None], y, np.zeros(len(y), np.int32)


def _faults(folder: Path) -> Read:
    """Four of the faults, a run each."""
    _, examples = faults.given(folder)
    few = examples.target[:, 0] < 4
    return _mixed(examples.dataset, few, examples.target[few, 0])


def _mixed(dataset: Dataset, keep: NDArray[np.bool_], y: Vector) -> Read:
    """Stretches of 120 rows in random order, so that the rows at the end are of all classes."""
    whole = keep.sum() // 120 * 120
    order = np.random.default_rng(0).permutation(whole // 120)
    rows = (order[:, None] * 120 + np.arange(120)).reshape(-1)
    return dataset.values[keep][rows], y[rows], (np.arange(whole) // 120).astype(np.int32)


SHARED: Mapping[str, tuple[str, Any]] = {"monitor": ("skab", _water), "forecast": ("energy", _energy),
                                         "diagnose": ("tep", _faults), "infer": ("gas_turbine", _turbine),
                                         "segment": ("skab", _water)}
