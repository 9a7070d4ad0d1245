"""Hydraulic test rig: the state of the valve, from all stable cycles."""

from __future__ import annotations

from pathlib import Path

from by_blocks import task
from hydraulic import TASKS, of_target, read, stable_cycles, vibration
from lineshaft.model.examples import Examples
from lineshaft.model.learning import Learning


def given(folder: Path) -> tuple[Learning, Examples]:
    sensors, profile = read(folder)
    rows, conditions, stretch = stable_cycles(sensors, profile)
    return task(vibration(len(sensors))), of_target(rows, conditions[:, TASKS.index("valve")], stretch, tuple(sensors))
