"""The Tennessee Eastman runs by what the pipelines may use them for; the same roles for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.step import Array
from lineshaft.graph.fidelity import Run
from monitor_files import tep
from pipelines.pipeline import Absent, run_of

LONGEST_WINDOW, ONSET, HARD = 64, 160, (3, 9, 15)
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Plant:
    """``normal`` and ``faulty`` [T, C] teach; a limit is set on ``calibration``; a compression is chosen on
    ``validation``; ``held_out`` is only ever reported.
    """

    normal: tuple[Matrix, ...]
    faulty: tuple[Matrix, ...]
    calibration: Run
    validation: tuple[Run, ...]
    held_out: tuple[Run, ...]

    @property
    def taught(self) -> tuple[Run, ...]:
        """The normal rows that taught, and those of the calibration, as runs."""
        return (*map(counted, self.normal), self.calibration)

    @property
    def golden(self) -> tuple[Array, Array]:
        """Start-up, normal and abnormal rows of one run, with a tag lost for a while and single values lost."""
        rows = np.asarray(self.held_out[0].x[:400], np.float32)
        quality = (np.random.default_rng(0).random(rows.shape) > 0.01).astype(np.float32)
        quality[100:140, 0] = 0.0
        return np.where(quality > 0, rows, np.float32(0.0)), quality


def plant(data: Path) -> Plant:
    """``data`` holds ``tep``; raises ``Absent`` without it. Faults 3, 9 and 15 are left out."""
    folder = data / "tep"
    if not folder.is_dir():
        raise Absent(f"{folder} with the Tennessee Eastman files is not here")
    runs = tep(folder)
    half = len(runs["d00_te"]) // 2
    numbers = [number for number in range(1, 22) if number not in HARD]
    tested = {number: counted(runs[name], ONSET) for number in numbers if (name := f"d{number:02}_te") in runs}
    return Plant(
        (runs["d00"], runs["d00_te"][:half]),
        tuple(runs[name] for number in numbers if (name := f"d{number:02}") in runs),
        counted(runs["d00_te"][half - LONGEST_WINDOW + 1:]),
        tuple(run for number, run in tested.items() if number % 4 == 3),
        tuple(run for number, run in tested.items() if number % 4 != 3))


def counted(x: Matrix, onset: int | None = None) -> Run:
    """A run whose rows count from the full window on, abnormal from ``onset`` on."""
    rows = np.arange(len(x))
    labels = np.where(rows < LONGEST_WINDOW - 1, -1, 0 if onset is None else rows >= onset)
    return run_of(x.astype(np.float32), labels)
