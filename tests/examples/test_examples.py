"""The examples run as they stand, in an empty folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_csv_becomes_a_bundle_and_its_fault_is_found(tmp_path: Path) -> None:
    example = EXAMPLES / "01_csv_to_bundle.py"
    done = subprocess.run([sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert "1 alarm in 30 min watched; it began at 2024-03-01T06:40" in done.stdout
    assert {"plant.csv", "bundle", "bundle.key", "bundle.pub"} == {one.name for one in tmp_path.iterdir()}


def test_a_csv_becomes_a_soft_sensor(tmp_path: Path) -> None:
    example = EXAMPLES / "02_soft_sensor.py"
    done = subprocess.run([sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "<infer of turbine: " in done.stdout and "validation loss" in done.stdout and "NOX high" in done.stdout
    assert {"turbine.csv", "sensor", "sensor.key", "sensor.pub"} == {one.name for one in tmp_path.iterdir()}
