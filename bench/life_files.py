"""Readers of the two sets of machines that ran to failure: files as found, gzipped or not, in archives or not."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.examples import Examples
from monitor_files import members

Matrix = NDArray[np.float64]
SETTINGS, SENSORS = 3, 21
TAGS = tuple(Tag(f"setting{i + 1}") for i in range(SETTINGS)) + tuple(Tag(f"sensor{i + 1:02d}") for i in range(SENSORS))


@dataclass(frozen=True, eq=False)
class Fleet:
    """One subset of C-MAPSS: engines that ran to failure, others cut short, and the lives [engines] these had left."""

    train: Matrix
    test: Matrix
    left: NDArray[np.float64]


def cmapss(folder: Path) -> dict[str, Fleet]:
    """Every subset whose three files (train_X.txt, test_X.txt, RUL_X.txt) are there, by its name X."""
    parts: dict[str, dict[str, Matrix]] = {}
    for name, content in members(folder):
        match = re.search(r"(train|test|RUL)_(FD\d+)\.txt$", name)
        if match:
            parts.setdefault(match[2], {})[match[1]] = np.loadtxt(io.BytesIO(content))
    whole = {name: Fleet(found["train"], found["test"], np.atleast_1d(found["RUL"]))
             for name, found in sorted(parts.items()) if {"train", "test", "RUL"} <= set(found)}
    if not whole:
        sys.exit(f"{folder}: no subset of C-MAPSS is here (train_FD001.txt, test_FD001.txt and RUL_FD001.txt, or of "
                 "another number); pass --data with their folder")
    return whole


def engines(rows: Matrix, left: Mapping[int, float] | None = None) -> Examples:
    """Engines as runs. ``left`` is what each had left after its last row, by its number; none where they failed."""
    unit = rows[:, 0].astype(np.int32)
    last = {int(u): float(rows[unit == u, 1].max()) for u in np.unique(unit)}
    after = left or {}
    target = np.array([last[u] - cycle + after.get(u, 0.0) for u, cycle in zip(unit.tolist(), rows[:, 1], strict=True)])
    dataset = Dataset.of(rows[:, 2:], TAGS, run=unit)
    return Examples(dataset, target[:, None], unit, ("remaining life",))
