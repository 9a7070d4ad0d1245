"""Readers of the two sets of machines that ran to failure: files as found, gzipped or not, in archives or not."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
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


@dataclass(frozen=True, eq=False)
class Bearing:
    """One bearing: condition indicators [records, 2 x kinds] on a grid of 30 s, and how long it ran in all."""

    indicators: Matrix
    records: int

    def until(self, record: int) -> Matrix:
        """Up to and including a record of the challenge (10 s each)."""
        return self.indicators[:(record - 1) // EVERY + 1]


EVERY = 3  # records: the grid that every archive has
BANDS = (0, 1000, 3000, 6000, 12800)  # Hz
INDICATORS = ("rms", "peak", "kurtosis", *(f"band{i}" for i in range(len(BANDS) - 1)))
RATE = 25600.0


def femto(folder: Path) -> dict[str, Bearing]:
    """Every bearing by its number such as "2_1", from acc_NNNNN.csv below a folder Bearing2_1."""
    found: dict[str, dict[int, NDArray[np.float64]]] = {}
    for name, content in members(folder):
        match = re.search(r"Bearing(\d+_\d+)[^/]*/(?:.*/)?acc_(\d+)\.csv$", name)
        if match:
            record = int(match[2])
            found.setdefault(match[1], {})[record] = _indicators(content) if (record - 1) % EVERY == 0 else np.empty(0)
    whole = {name: _bearing(records) for name, records in sorted(found.items()) if len(records) > 1}
    if not whole:
        sys.exit(f"{folder}: no bearing is here (acc_00001.csv and so on in a folder such as Bearing2_1, archives are "
                 "opened); pass --data with their folder")
    return whole


def _bearing(records: Mapping[int, NDArray[np.float64]]) -> Bearing:
    """Rows in order; a record that is missing on the grid is not known."""
    last = max(records)
    rows = [records.get(number, np.full(2 * len(INDICATORS), np.nan)) for number in range(1, last + 1, EVERY)]
    return Bearing(np.array(rows), last)


def _indicators(content: bytes) -> NDArray[np.float64]:
    """Logarithms of RMS, peak and band energies, and kurtosis, of both directions."""
    text = content.replace(b";", b",")
    samples = np.loadtxt(io.BytesIO(text), delimiter=",", usecols=(4, 5))
    parts = []
    for signal in (samples - samples.mean(axis=0)).T:
        power = np.abs(np.fft.rfft(signal)) ** 2 / len(signal) ** 2
        frequency = np.fft.rfftfreq(len(signal), 1.0 / RATE)
        bands = [power[(frequency >= low) & (frequency < high)].sum() for low, high in pairwise(BANDS)]
        spread = signal.std() + 1e-9
        parts.append([np.log(spread), np.log(np.abs(signal).max() + 1e-9), ((signal / spread) ** 4).mean(),
                      *np.log(np.asarray(bands) + 1e-12)])
    return np.concatenate(parts)
